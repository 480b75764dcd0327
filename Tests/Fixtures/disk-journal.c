// SPDX-License-Identifier: EUPL-1.2

// Preloaded into a process: appends to the file that DISK_JOURNAL names what it does to the files
// below the folder that DISK_JOURNAL_ROOT names, so that a test can say what a power cut at any
// moment leaves. Files are told apart by their inode, since they change their names.
//
// A record: kind, length of the first path, length of the second, inode, offset, length (u64 each,
// as this machine orders bytes), both paths, and for a write its bytes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, LINK, UNLINK, MAKE_FOLDER, SYMLINK };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(NAME)                                                             \
  static __typeof__(NAME) *real;                                               \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, #NAME)

static int is_below_root(const char *path) {
  const char *root = getenv("DISK_JOURNAL_ROOT");
  size_t length = root ? strlen(root) : 0;
  return length && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

// The path as the kernel knows it, also of one that does not exist yet. False: elsewhere.
static int resolve(int folder, const char *path, char *out) {
  char joined[8192];
  if (path[0] == '/' || folder == AT_FDCWD) {
    snprintf(joined, sizeof joined, "%s", path);
  } else {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    snprintf(joined, sizeof joined, "%s/%s", name, path);
  }
  char parent[8192], full[8192];
  snprintf(parent, sizeof parent, "%s", joined);
  size_t end = strlen(parent);
  while (end > 1 && parent[end - 1] == '/') parent[--end] = 0;
  char *slash = strrchr(parent, '/');
  char name[4096];
  snprintf(name, sizeof name, "%s", slash ? slash + 1 : parent);
  if (slash) *(slash == parent ? slash + 1 : slash) = 0;
  if (!realpath(slash ? parent : ".", full)) return 0;
  snprintf(out, 4096, "%.4000s/%.90s", strcmp(full, "/") ? full : "", name);
  return is_below_root(out);
}

static int path_of(int file, char *out) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, out, 4095);
  if (length < 0 || out[0] != '/') return 0;
  out[length] = 0;
  return is_below_root(out);
}

static uint64_t inode_of(int file) {
  struct stat status;
  return fstat(file, &status) == 0 ? status.st_ino : 0;
}

static void record(uint64_t kind, const char *one, const char *two, uint64_t inode,
                   uint64_t offset, uint64_t length, const void *data) {
  static int (*real_open)(const char *, int, ...);
  static ssize_t (*real_writev)(int, const struct iovec *, int);
  if (!real_open) *(void **)&real_open = dlsym(RTLD_NEXT, "open");
  if (!real_writev) *(void **)&real_writev = dlsym(RTLD_NEXT, "writev");
  int kept = errno;
  const char *name = getenv("DISK_JOURNAL");
  int file = name ? real_open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (file >= 0) {
    uint64_t head[] = {kind, strlen(one), strlen(two), inode, offset, length};
    struct iovec parts[] = {{head, sizeof head},
                            {(void *)one, strlen(one)},
                            {(void *)two, strlen(two)},
                            {(void *)data, data ? length : 0}};
    if (real_writev(file, parts, 4) < 0) abort();
    close(file);
  }
  errno = kept;
}

// What changes the disk happens one after the other, in the order of the records.
#define BEGIN pthread_mutex_lock(&mutex)
#define END pthread_mutex_unlock(&mutex)

static int opened(int result, int flags, int was_there, const char *path) {
  if (result >= 0 && (flags & O_CREAT) && !was_there)
    record(CREATE, path, "", inode_of(result), 0, 0, NULL);
  else if (result >= 0 && (flags & O_TRUNC))
    record(TRUNCATE, path, "", inode_of(result), 0, 0, NULL);
  return result;
}

#define OPEN(NAME)                                                             \
  int NAME(const char *path, int flags, ...) {                                 \
    REAL(NAME);                                                                \
    va_list rest;                                                              \
    va_start(rest, flags);                                                     \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;    \
    va_end(rest);                                                              \
    char full[4096];                                                           \
    if (!(flags & (O_CREAT | O_TRUNC)) || !resolve(AT_FDCWD, path, full))      \
      return real(path, flags, mode);                                          \
    BEGIN;                                                                     \
    int was_there = access(path, F_OK) == 0;                                   \
    int result = opened(real(path, flags, mode), flags, was_there, full);      \
    END;                                                                       \
    return result;                                                             \
  }

OPEN(open)
OPEN(open64)

#define OPENAT(NAME)                                                           \
  int NAME(int folder, const char *path, int flags, ...) {                     \
    REAL(NAME);                                                                \
    va_list rest;                                                              \
    va_start(rest, flags);                                                     \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;    \
    va_end(rest);                                                              \
    char full[4096];                                                           \
    if (!(flags & (O_CREAT | O_TRUNC)) || !resolve(folder, path, full))        \
      return real(folder, path, flags, mode);                                  \
    BEGIN;                                                                     \
    int was_there = faccessat(folder, path, F_OK, 0) == 0;                     \
    int result = opened(real(folder, path, flags, mode), flags, was_there, full); \
    END;                                                                       \
    return result;                                                             \
  }

OPENAT(openat)
OPENAT(openat64)

ssize_t write(int file, const void *bytes, size_t count) {
  REAL(write);
  char path[4096];
  if (file <= STDERR_FILENO || !path_of(file, path)) return real(file, bytes, count);
  BEGIN;
  off_t at = fcntl(file, F_GETFL) & O_APPEND ? lseek(file, 0, SEEK_END) : lseek(file, 0, SEEK_CUR);
  ssize_t result = real(file, bytes, count);
  if (result > 0) record(WRITE, path, "", inode_of(file), at, result, bytes);
  END;
  return result;
}

#define PWRITE(NAME, OFFSET)                                                   \
  ssize_t NAME(int file, const void *bytes, size_t count, OFFSET offset) {     \
    REAL(NAME);                                                                \
    char path[4096];                                                           \
    if (!path_of(file, path)) return real(file, bytes, count, offset);         \
    BEGIN;                                                                     \
    ssize_t result = real(file, bytes, count, offset);                         \
    if (result > 0) record(WRITE, path, "", inode_of(file), offset, result, bytes); \
    END;                                                                       \
    return result;                                                             \
  }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(NAME, OFFSET)                                                \
  int NAME(int file, OFFSET length) {                                          \
    REAL(NAME);                                                                \
    char path[4096];                                                           \
    if (!path_of(file, path)) return real(file, length);                       \
    BEGIN;                                                                     \
    int result = real(file, length);                                           \
    if (result == 0) record(TRUNCATE, path, "", inode_of(file), 0, length, NULL); \
    END;                                                                       \
    return result;                                                             \
  }

FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define FSYNC(NAME)                                                            \
  int NAME(int file) {                                                         \
    REAL(NAME);                                                                \
    char path[4096];                                                           \
    struct stat status;                                                        \
    if (!path_of(file, path) || fstat(file, &status)) return real(file);       \
    BEGIN;                                                                     \
    int result = real(file);                                                   \
    if (result == 0)                                                           \
      record(S_ISDIR(status.st_mode) ? SYNC_FOLDER : SYNC, path, "", status.st_ino, 0, 0, NULL); \
    END;                                                                       \
    return result;                                                             \
  }

FSYNC(fsync)
FSYNC(fdatasync)

// For calls that name files: `CALL` if they lie elsewhere, else with a record.
#define NAMED(RESOLVED, CALL, RECORD)                                          \
  if (!(RESOLVED)) return CALL;                                                \
  BEGIN;                                                                       \
  int result = CALL;                                                           \
  if (result == 0) RECORD;                                                     \
  END;                                                                         \
  return result

int rename(const char *from, const char *to) {
  REAL(rename);
  char one[4096], two[4096];
  NAMED(resolve(AT_FDCWD, from, one) && resolve(AT_FDCWD, to, two), real(from, to),
        record(RENAME, one, two, 0, 0, 0, NULL));
}

int renameat(int folder, const char *from, int other, const char *to) {
  REAL(renameat);
  char one[4096], two[4096];
  NAMED(resolve(folder, from, one) && resolve(other, to, two), real(folder, from, other, to),
        record(RENAME, one, two, 0, 0, 0, NULL));
}

int link(const char *from, const char *to) {
  REAL(link);
  char one[4096], two[4096];
  NAMED(resolve(AT_FDCWD, from, one) && resolve(AT_FDCWD, to, two), real(from, to),
        record(LINK, one, two, 0, 0, 0, NULL));
}

int symlink(const char *target, const char *path) {
  REAL(symlink);
  char one[4096];
  NAMED(resolve(AT_FDCWD, path, one), real(target, path),
        record(SYMLINK, one, target, 0, 0, 0, NULL));
}

int unlink(const char *path) {
  REAL(unlink);
  char one[4096];
  NAMED(resolve(AT_FDCWD, path, one), real(path), record(UNLINK, one, "", 0, 0, 0, NULL));
}

int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  char one[4096];
  NAMED(resolve(folder, path, one), real(folder, path, flags),
        record(UNLINK, one, "", 0, 0, 0, NULL));
}

int remove(const char *path) {
  REAL(remove);
  char one[4096];
  NAMED(resolve(AT_FDCWD, path, one), real(path), record(UNLINK, one, "", 0, 0, 0, NULL));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  char one[4096];
  NAMED(resolve(AT_FDCWD, path, one), real(path, mode),
        record(MAKE_FOLDER, one, "", 0, 0, 0, NULL));
}
