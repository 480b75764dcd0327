// SPDX-License-Identifier: EUPL-1.2

#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t disks_mutex = PTHREAD_MUTEX_INITIALIZER;
static crash_disk *disks;

void *must(void *allocation) {
  if (!allocation) {
    fputs("crash disk: out of memory\n", stderr);
    abort();
  }
  return allocation;
}

// SplitMix64.
static uint64_t draw(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// MARK: - Bytes

static void bytes_resize(bytes *b, uint64_t size) {
  if (size > b->room) {
    uint64_t room = b->room ? b->room : 4096;
    while (room < size) room *= 2;
    b->at = must(realloc(b->at, room));
    b->room = room;
  }
  if (size > b->size) memset(b->at + b->size, 0, size - b->size);
  b->size = size;
}

static void bytes_write(bytes *b, uint64_t offset, const uint8_t *data, uint64_t length) {
  if (length == 0) return;
  if (offset + length > b->size) bytes_resize(b, offset + length);
  if (data) memcpy(b->at + offset, data, length);
  else memset(b->at + offset, 0, length);
}

static void bytes_copy(bytes *to, const bytes *from) {
  to->size = 0;
  bytes_resize(to, from->size);
  if (from->size) memcpy(to->at, from->at, from->size);
}

// MARK: - Content

static content *content_make(void) {
  content *file = must(calloc(1, sizeof *file));
  file->references = 1;
  return file;
}

static void add_change(content *file, uint64_t offset, const void *data, uint64_t length) {
  if (file->change_count == file->change_room) {
    file->change_room = file->change_room ? file->change_room * 2 : 16;
    file->changes = must(realloc(file->changes, file->change_room * sizeof *file->changes));
  }
  change *c = &file->changes[file->change_count++];
  *c = (change){.offset = offset, .length = length, .size = file->seen.size};
  if (data && length) c->data = memcpy(must(malloc(length)), data, length);
}

void content_write(content *file, uint64_t offset, const void *data, uint64_t length) {
  bytes_write(&file->seen, offset, data, length);
  add_change(file, offset, data, length);
}

void content_truncate(content *file, uint64_t size) {
  uint64_t old = file->seen.size;
  bytes_resize(&file->seen, size);
  add_change(file, size, NULL, old > size ? old - size : 0);
}

void content_forget(content *file) {
  for (size_t i = 0; i < file->change_count; i++) free(file->changes[i].data);
  file->change_count = 0;
}

void content_sync(content *file) {
  for (size_t i = 0; i < file->change_count; i++) {
    change *c = &file->changes[i];
    bytes_write(&file->durable, c->offset, c->data, c->length);
    bytes_resize(&file->durable, c->size);
  }
  content_forget(file);
}

void content_keep(content *file) {
  if (file) file->references++;
}

void memory_release(shared_memory *memory) {
  if (!memory || --memory->references > 0) return;
  for (int i = 0; i < memory->count; i++) free(memory->regions[i]);
  free(memory->regions);
  free(memory);
}

void content_release(content *file) {
  if (!file || --file->references > 0) return;
  content_forget(file);
  free(file->changes);
  free(file->seen.at);
  free(file->durable.at);
  memory_release(file->memory);
  free(file);
}

// Nobody has it open any more.
static void content_abandon(content *file) {
  file->shared = 0;
  file->reserved = file->pending = file->exclusive = NULL;
  memory_release(file->memory);
  file->memory = NULL;
}

// What a power cut leaves of a file; see crash_disk_restore.
static void content_restore(content *file, uint64_t *random, int mode) {
  if (mode == 1) content_sync(file);
  if (mode >= 2 && file->change_count) {
    uint64_t largest = file->durable.size;
    for (size_t i = 0; i < file->change_count; i++) {
      change *c = &file->changes[i];
      if (c->size > largest) largest = c->size;
      if (c->offset + c->length > largest) largest = c->offset + c->length;
    }
    uint64_t sectors = largest / SECTOR + 1;
    // Per sector, how many changes it sees: first all, then as many as arrived.
    uint32_t *arrived = must(calloc(sectors, sizeof *arrived));
    for (size_t i = 0; i < file->change_count; i++) {
      change *c = &file->changes[i];
      for (uint64_t at = c->offset; at < c->offset + c->length; at = (at / SECTOR + 1) * SECTOR)
        arrived[at / SECTOR]++;
    }
    for (uint64_t s = 0; s < sectors; s++)
      if (arrived[s]) arrived[s] = (uint32_t)(draw(random) % (arrived[s] + 1u));
    uint64_t length = file->durable.size, old = length;
    uint64_t choice = draw(random) % (file->change_count + 1);
    if (choice) length = file->changes[choice - 1].size;
    bytes_resize(&file->durable, largest);
    if (mode == 3)
      for (uint64_t at = old; at < largest; at++) file->durable.at[at] = (uint8_t)draw(random);
    for (size_t i = 0; i < file->change_count; i++) {
      change *c = &file->changes[i];
      uint64_t end = c->offset + c->length;
      for (uint64_t at = c->offset, next; at < end; at = next) {
        next = (at / SECTOR + 1) * SECTOR;
        if (next > end) next = end;
        if (arrived[at / SECTOR] == 0) continue;
        arrived[at / SECTOR]--;
        bytes_write(&file->durable, at, c->data ? c->data + (at - c->offset) : NULL, next - at);
      }
    }
    bytes_resize(&file->durable, length);
    free(arrived);
  }
  content_forget(file);
  bytes_copy(&file->seen, &file->durable);
}

// MARK: - Directory

directory_entry *disk_find(crash_disk *disk, const char *name) {
  for (size_t i = 0; i < disk->count; i++)
    if (strcmp(disk->entries[i].name, name) == 0) return &disk->entries[i];
  return NULL;
}

static void set_seen(directory_entry *entry, content *file) {
  content_keep(file);
  content_release(entry->seen);
  entry->seen = file;
}

static void set_durable(directory_entry *entry, content *file) {
  content_keep(file);
  content_release(entry->durable);
  entry->durable = file;
  for (size_t i = 0; i < entry->count; i++) content_release(entry->versions[i]);
  entry->count = 0;
}

static void add_version(directory_entry *entry, content *file) {
  if (entry->count == entry->room) {
    entry->room = entry->room ? entry->room * 2 : 4;
    entry->versions = must(realloc(entry->versions, entry->room * sizeof *entry->versions));
  }
  content_keep(file);
  entry->versions[entry->count++] = file;
  set_seen(entry, file);
}

content *disk_create(crash_disk *disk, const char *name) {
  directory_entry *entry = disk_find(disk, name);
  if (!entry) {
    if (disk->count == disk->room) {
      disk->room = disk->room ? disk->room * 2 : 8;
      disk->entries = must(realloc(disk->entries, disk->room * sizeof *disk->entries));
    }
    entry = &disk->entries[disk->count++];
    memset(entry, 0, sizeof *entry);
    snprintf(entry->name, sizeof entry->name, "%s", name);
  }
  content *file = content_make();
  add_version(entry, file);
  content_release(file); // the directory keeps it
  return file;
}

void disk_unlink(crash_disk *disk, const char *name) {
  directory_entry *entry = disk_find(disk, name);
  if (entry && entry->seen) add_version(entry, NULL);
}

static void drop_unused_names(crash_disk *disk) {
  size_t kept = 0;
  for (size_t i = 0; i < disk->count; i++) {
    directory_entry entry = disk->entries[i];
    if (entry.seen || entry.durable || entry.count) disk->entries[kept++] = entry;
    else free(entry.versions);
  }
  disk->count = kept;
}

void disk_sync_directory(crash_disk *disk) {
  for (size_t i = 0; i < disk->count; i++) set_durable(&disk->entries[i], disk->entries[i].seen);
  drop_unused_names(disk);
}

uint64_t disk_used(const crash_disk *disk) {
  uint64_t used = 0;
  for (size_t i = 0; i < disk->count; i++)
    if (disk->entries[i].seen) used += disk->entries[i].seen->seen.size;
  return used;
}

// MARK: - Operations and faults

disk_power disk_step(crash_disk *disk, const char *what, const char *file, uint64_t offset,
                     uint64_t length) {
  if (disk->is_off) return DISK_OFF;
  snprintf(disk->last, sizeof disk->last, "%s %s %llu+%llu", what, file,
           (unsigned long long)offset, (unsigned long long)length);
  if (disk->operations++ < disk->cut_at) return DISK_ON;
  disk->is_off = true;
  return DISK_IN_FLIGHT;
}

bool disk_fails(crash_disk *disk, crash_disk_fault fault) {
  if (disk->faults[fault].failures == 0) return false;
  if (disk->faults[fault].successes > 0) {
    disk->faults[fault].successes--;
    return false;
  }
  disk->faults[fault].failures--;
  return true;
}

// MARK: - Disks

crash_disk *crash_disk_make(const char *name) {
  if (!*name || strlen(name) >= NAME_BYTES || strchr(name, '/')) return NULL;
  pthread_mutex_lock(&disks_mutex);
  crash_disk *disk = disks;
  while (disk && strcmp(disk->name, name) != 0) disk = disk->next;
  if (disk) {
    pthread_mutex_unlock(&disks_mutex);
    return NULL;
  }
  disk = must(calloc(1, sizeof *disk));
  snprintf(disk->name, sizeof disk->name, "%s", name);
  disk->references = 1;
  disk->cut_at = UINT64_MAX;
  pthread_mutex_init(&disk->mutex, NULL);
  disk->next = disks;
  disks = disk;
  pthread_mutex_unlock(&disks_mutex);
  return disk;
}

crash_disk *crash_disk_copy(crash_disk *disk, const char *name) {
  crash_disk *copy = crash_disk_make(name);
  if (!copy) return NULL;
  pthread_mutex_lock(&disk->mutex);
  for (size_t i = 0; i < disk->count; i++) {
    if (!disk->entries[i].seen) continue;
    content *file = disk_create(copy, disk->entries[i].name);
    bytes_copy(&file->seen, &disk->entries[i].seen->seen);
    bytes_copy(&file->durable, &file->seen);
  }
  pthread_mutex_unlock(&disk->mutex);
  disk_sync_directory(copy);
  return copy;
}

crash_disk *disk_of_path(const char *path, const char **file) {
  size_t root = sizeof CRASH_DISK_ROOT - 1;
  if (!path || strncmp(path, CRASH_DISK_ROOT, root) != 0) return NULL;
  const char *name = path + root, *slash = strchr(name, '/');
  if (!slash || strlen(slash + 1) >= NAME_BYTES) return NULL;
  *file = slash + 1;
  size_t length = (size_t)(slash - name);
  pthread_mutex_lock(&disks_mutex);
  crash_disk *disk = disks;
  while (disk && (strlen(disk->name) != length || memcmp(disk->name, name, length) != 0))
    disk = disk->next;
  if (disk) disk->references++;
  pthread_mutex_unlock(&disks_mutex);
  return disk;
}

void disk_release(crash_disk *disk) {
  pthread_mutex_lock(&disks_mutex);
  bool is_last = --disk->references == 0;
  pthread_mutex_unlock(&disks_mutex);
  if (!is_last) return;
  for (size_t i = 0; i < disk->count; i++) {
    set_seen(&disk->entries[i], NULL);
    set_durable(&disk->entries[i], NULL);
  }
  drop_unused_names(disk);
  free(disk->entries);
  pthread_mutex_destroy(&disk->mutex);
  free(disk);
}

void crash_disk_destroy(crash_disk *disk) {
  pthread_mutex_lock(&disks_mutex);
  crash_disk **link = &disks;
  while (*link != disk) link = &(*link)->next;
  *link = disk->next;
  pthread_mutex_unlock(&disks_mutex);
  pthread_mutex_lock(&disk->mutex);
  disk->is_off = true;
  pthread_mutex_unlock(&disk->mutex);
  disk_release(disk);
}

// MARK: - Power

uint64_t crash_disk_operations(crash_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  uint64_t operations = disk->operations;
  pthread_mutex_unlock(&disk->mutex);
  return operations;
}

void crash_disk_last_operation(crash_disk *disk, char *text, size_t size) {
  pthread_mutex_lock(&disk->mutex);
  snprintf(text, size, "%s", disk->last);
  pthread_mutex_unlock(&disk->mutex);
}

void crash_disk_cut_power(crash_disk *disk, uint64_t operations) {
  pthread_mutex_lock(&disk->mutex);
  disk->cut_at = disk->operations + operations;
  if (operations == 0) disk->is_off = true;
  pthread_mutex_unlock(&disk->mutex);
}

void crash_disk_keep_power(crash_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  disk->cut_at = UINT64_MAX;
  pthread_mutex_unlock(&disk->mutex);
}

bool crash_disk_has_power(crash_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  bool is_on = !disk->is_off;
  pthread_mutex_unlock(&disk->mutex);
  return is_on;
}

static void begin_life(crash_disk *disk) {
  disk->life++;
  for (size_t i = 0; i < disk->count; i++)
    if (disk->entries[i].seen) content_abandon(disk->entries[i].seen);
}

void crash_disk_restore(crash_disk *disk, uint64_t seed) {
  pthread_mutex_lock(&disk->mutex);
  int mode = (int)(seed % 4);
  uint64_t random = seed;
  for (size_t i = 0; i < disk->count; i++) {
    directory_entry *entry = &disk->entries[i];
    uint64_t chosen = mode == 0 ? 0 : mode == 1 ? entry->count : draw(&random) % (entry->count + 1);
    content *file = chosen ? entry->versions[chosen - 1] : entry->durable;
    set_seen(entry, file);
    set_durable(entry, file);
    if (file) content_restore(file, &random, mode);
  }
  drop_unused_names(disk);
  begin_life(disk);
  disk->is_off = false;
  disk->cut_at = UINT64_MAX;
  memset(disk->faults, 0, sizeof disk->faults);
  pthread_mutex_unlock(&disk->mutex);
}

void crash_disk_kill(crash_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  begin_life(disk);
  pthread_mutex_unlock(&disk->mutex);
}

void crash_disk_set_capacity(crash_disk *disk, uint64_t bytes) {
  pthread_mutex_lock(&disk->mutex);
  disk->capacity = bytes;
  pthread_mutex_unlock(&disk->mutex);
}

uint64_t crash_disk_size(crash_disk *disk) {
  pthread_mutex_lock(&disk->mutex);
  uint64_t used = disk_used(disk);
  pthread_mutex_unlock(&disk->mutex);
  return used;
}

void crash_disk_fail(
    crash_disk *disk, crash_disk_fault fault, uint64_t successes, uint64_t failures) {
  pthread_mutex_lock(&disk->mutex);
  disk->faults[fault].successes = successes;
  disk->faults[fault].failures = failures;
  pthread_mutex_unlock(&disk->mutex);
}

// MARK: - Files

int64_t crash_disk_export(crash_disk *disk, const char *name, void *bytes, size_t size) {
  pthread_mutex_lock(&disk->mutex);
  directory_entry *entry = disk_find(disk, name);
  int64_t length = -1;
  if (entry && entry->seen) {
    length = (int64_t)entry->seen->seen.size;
    if ((uint64_t)length < size) size = (size_t)length;
    if (size) memcpy(bytes, entry->seen->seen.at, size);
  }
  pthread_mutex_unlock(&disk->mutex);
  return length;
}

bool crash_disk_import(crash_disk *disk, const char *name, const void *bytes, size_t size) {
  if (!*name || strlen(name) >= NAME_BYTES || strchr(name, '/')) return false;
  pthread_mutex_lock(&disk->mutex);
  content *file = disk_create(disk, name);
  content_write(file, 0, bytes, size);
  content_sync(file);
  directory_entry *entry = disk_find(disk, name);
  set_durable(entry, entry->seen);
  pthread_mutex_unlock(&disk->mutex);
  return true;
}

void crash_disk_remove(crash_disk *disk, const char *file) {
  const char *const suffixes[] = {"", "-wal", "-journal"};
  pthread_mutex_lock(&disk->mutex);
  for (int i = 0; i < 3; i++) {
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", file, suffixes[i]);
    directory_entry *entry = disk_find(disk, name);
    if (!entry) continue;
    set_seen(entry, NULL);
    set_durable(entry, NULL);
  }
  drop_unused_names(disk);
  pthread_mutex_unlock(&disk->mutex);
}
