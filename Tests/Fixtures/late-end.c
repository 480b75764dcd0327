// SPDX-License-Identifier: EUPL-1.2

// Preloaded into a process: when it calls exit(3) while a thread ends that used OpenSSL, OpenSSL's
// handler for the end of the process always runs in the midst of the one for the thread.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*destructor)(void *);
static atomic_int is_ending, has_ended, are_handlers_done;

static void wait_for(atomic_int *flag) {
  for (int i = 0; i < 2000 && !*flag; i++) usleep(1000);
}

static void end_thread(void *value) {
  is_ending = 1;
  wait_for(&are_handlers_done);
  destructor(value);
  has_ended = 1;
}

int pthread_key_create(pthread_key_t *key, void (*free_value)(void *)) {
  int (*real)(pthread_key_t *, void (*)(void *)) = dlsym(RTLD_NEXT, "pthread_key_create");
  Dl_info caller;
  if (free_value && !destructor && dladdr(__builtin_return_address(0), &caller) &&
      strstr(caller.dli_fname, "libcrypto")) {
    destructor = free_value;
    free_value = end_thread;
  }
  return real(key, free_value);
}

void exit(int code) {
  wait_for(&is_ending);
  void (*real)(int) __attribute__((noreturn)) = dlsym(RTLD_NEXT, "exit");
  real(code);
}

static void handlers_done(void) {
  are_handlers_done = 1;
  if (!is_ending) return;
  wait_for(&has_ended);
  if (!has_ended) abort();
  // What was broken shows when the thread frees the rest of its memory.
  usleep(200000);
}

// Registered first, so it runs last.
__attribute__((constructor)) static void begin(void) { atexit(handlers_done); }
