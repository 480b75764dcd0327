// SPDX-License-Identifier: EUPL-1.2

// Preloaded into a daemon: while the file that DISK_TROUBLE names exists, its disk fails. The file's
// content says how: EDQUOT (a used-up quota), EIO (which syncs report too) or HANG (writes wait until it
// is over); else nothing more fits.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { HANG = -1 };

// The error number, or 0, or HANG.
static int look(void) {
  const char *name = getenv("DISK_TROUBLE");
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  char text[8] = {0};
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length > 0 && strncmp(text, "EDQUOT", 6) == 0) return EDQUOT;
  if (length > 0 && strncmp(text, "EIO", 3) == 0) return EIO;
  if (length > 0 && strncmp(text, "HANG", 4) == 0) return HANG;
  return ENOSPC;
}

// The error number, or 0, after a hang.
static int trouble(void) {
  int error;
  while ((error = look()) == HANG) usleep(10000);
  return error;
}

#define INTERPOSE(NAME, OFFSET)                                                \
  ssize_t NAME(int file, const void *bytes, size_t count, OFFSET offset) {     \
    static ssize_t (*real)(int, const void *, size_t, OFFSET);                 \
    int error = trouble();                                                     \
    if (error) {                                                               \
      errno = error;                                                           \
      return -1;                                                               \
    }                                                                          \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #NAME);                      \
    return real(file, bytes, count, offset);                                   \
  }

INTERPOSE(pwrite, off_t)
INTERPOSE(pwrite64, off64_t)

#define INTERPOSE_SYNC(NAME)                                                   \
  int NAME(int file) {                                                         \
    static int (*real)(int);                                                   \
    if (trouble() == EIO) {                                                    \
      errno = EIO;                                                             \
      return -1;                                                               \
    }                                                                          \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #NAME);                      \
    return real(file);                                                         \
  }

INTERPOSE_SYNC(fsync)
INTERPOSE_SYNC(fdatasync)
