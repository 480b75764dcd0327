// Preloaded into a daemon: while the file that DISK_FULL names exists, nothing more fits on the disk.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static int is_full(void) {
  const char *file = getenv("DISK_FULL");
  return file && access(file, F_OK) == 0;
}

#define INTERPOSE(NAME, OFFSET)                                                \
  ssize_t NAME(int file, const void *bytes, size_t count, OFFSET offset) {     \
    static ssize_t (*real)(int, const void *, size_t, OFFSET);                 \
    if (is_full()) {                                                           \
      errno = ENOSPC;                                                          \
      return -1;                                                               \
    }                                                                          \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #NAME);                      \
    return real(file, bytes, count, offset);                                   \
  }

INTERPOSE(pwrite, off_t)
INTERPOSE(pwrite64, off64_t)
