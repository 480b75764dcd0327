// Preloaded into a command: writes to the file that FILE_ORDER names in which order files are
// written, synced and renamed, one call a line: "write PATH", "sync PATH", "rename FROM TO".
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void note(const char *what, const char *from, const char *to) {
  const char *name = getenv("FILE_ORDER");
  int file = name ? open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (file < 0) return;
  dprintf(file, "%s %s %s\n", what, from, to);
  close(file);
}

static void note_file(const char *what, int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || path[0] != '/') return;
  path[length] = 0;
  note(what, path, "");
}

ssize_t write(int file, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "write");
  if (file > STDERR_FILENO) note_file("write", file);
  return real(file, bytes, count);
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsync");
  int result = real(file);
  if (result == 0) note_file("sync", file);
  return result;
}

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "rename");
  int result = real(from, to);
  if (result == 0) note("rename", from, to);
  return result;
}
