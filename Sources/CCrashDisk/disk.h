// SPDX-License-Identifier: EUPL-1.2

// What a disk is made of; shared by the disk (disk.c) and SQLite's view of it (vfs.c).
#ifndef CRASH_DISK_INTERNAL_H
#define CRASH_DISK_INTERNAL_H

#include "crash_disk.h"

#include <pthread.h>

#define CRASH_DISK_ROOT "/crash-disk/"
enum { SECTOR = 512, NAME_BYTES = 64, FAULTS = CRASH_DISK_SYNC_DONE + 1, SHM_LOCKS = 8 };

typedef struct {
  uint8_t *at;
  uint64_t size, room;
} bytes;

// A write or truncation that is not durable yet. Truncating writes zeros over what goes.
typedef struct {
  uint64_t offset, length;
  uint8_t *data;        // NULL: zeros
  uint64_t size;        // of the file afterwards
} change;

// The WAL's index of one file, for the processes of one life of the disk.
typedef struct {
  int references;
  void **regions;
  int count;
  int shared[SHM_LOCKS];
  bool exclusive[SHM_LOCKS];
} shared_memory;

// A file's content, whatever its names are. Counted: by handles, by names, by versions of names.
typedef struct {
  int references;
  bytes seen, durable;
  change *changes;
  size_t change_count, change_room;
  // SQLite's five states of a file lock; one process, so the connections are told apart.
  int shared;
  const void *reserved, *pending, *exclusive;
  shared_memory *memory;
} content;

typedef struct {
  char name[NAME_BYTES];
  content *seen, *durable;
  // What the name meant since the directory was synced, oldest first; NULL: nothing.
  content **versions;
  size_t count, room;
} directory_entry;

struct crash_disk {
  crash_disk *next;
  char name[NAME_BYTES];
  int references; // the maker's and one per handle
  pthread_mutex_t mutex;
  directory_entry *entries;
  size_t count, room;
  uint64_t operations, cut_at; // cut_at: UINT64_MAX: never
  bool is_off;
  uint64_t life; // counts restores and kills; handles of an earlier one fail
  uint64_t capacity;
  struct { uint64_t successes, failures; } faults[FAULTS];
  char last[NAME_BYTES + 64];
};

// Counts an operation.
typedef enum { DISK_ON, DISK_IN_FLIGHT, DISK_OFF } disk_power;
disk_power disk_step(crash_disk *disk, const char *what, const char *file, uint64_t offset,
                     uint64_t length);
bool disk_fails(crash_disk *disk, crash_disk_fault fault);

// Finds the disk of a path and the file's name on it; keeps the disk (`disk_release`).
crash_disk *disk_of_path(const char *path, const char **file);
void disk_release(crash_disk *disk);

// The rest is called with the disk's mutex held.
directory_entry *disk_find(crash_disk *disk, const char *name);
content *disk_create(crash_disk *disk, const char *name);
void disk_unlink(crash_disk *disk, const char *name);
void disk_sync_directory(crash_disk *disk);
uint64_t disk_used(const crash_disk *disk);

void content_write(content *file, uint64_t offset, const void *data, uint64_t length);
void content_truncate(content *file, uint64_t size);
void content_sync(content *file);
// Forgets what is not durable without undoing it.
void content_forget(content *file);
void content_keep(content *file);
void content_release(content *file);
void memory_release(shared_memory *memory);

void *must(void *allocation);

#endif
