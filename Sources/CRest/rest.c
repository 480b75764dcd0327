// SPDX-License-Identifier: EUPL-1.2

#include "rest.h"

#include <malloc.h>
#include <stdint.h>

void rest_trim_memory(size_t bytes) {
  if (mallinfo2().fordblks > bytes) malloc_trim(0);
}

// libdispatch, which runs Swift's tasks, looks every second whether its threads hang in system calls
// (`_dispatch_workq_init_once` in its workqueue.c). No task blocks here, and the look was most of what
// woke an idle daemon. There is no setting for it, so the linker puts this in place of the function
// that starts the timer (`--wrap` in Package.swift); nobody else sets a timer of whole seconds there:
// Swift's `Task.sleep` sets timers that fire once.
enum { SECOND = 1000000000 };

// Weak: without `--wrap` nobody calls any of this.
extern void __real_dispatch_source_set_timer(
    void *source, uint64_t start, uint64_t interval, uint64_t leeway) __attribute__((weak));
void __wrap_dispatch_source_set_timer(
    void *source, uint64_t start, uint64_t interval, uint64_t leeway);

void __wrap_dispatch_source_set_timer(
    void *source, uint64_t start, uint64_t interval, uint64_t leeway) {
  if (interval == SECOND && leeway == 0) {
    interval = UINT64_C(10) * SECOND;
    leeway = SECOND;
  }
  __real_dispatch_source_set_timer(source, start, interval, leeway);
}
