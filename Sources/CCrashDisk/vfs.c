// SPDX-License-Identifier: EUPL-1.2

// SQLite's view of a disk: https://www.sqlite.org/vfs.html, methods of version 2 (with shared
// memory, without mapped reads).
#include "disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  sqlite3_file base; // first, as SQLite demands
  crash_disk *disk;
  content *file;
  uint64_t life;
  char name[NAME_BYTES];
  int lock;
  bool syncs_directory; // at its first sync
  shared_memory *memory;
  unsigned shared, exclusive; // locks of shared memory, one bit each
} handle;

static sqlite3_vfs *system_vfs;

static bool is_alive(const handle *h) { return !h->disk->is_off && h->life == h->disk->life; }

// MARK: - Files

static int file_read(sqlite3_file *f, void *out, int length, sqlite3_int64 offset) {
  handle *h = (handle *)f;
  int code = SQLITE_OK;
  pthread_mutex_lock(&h->disk->mutex);
  if (!is_alive(h) || disk_fails(h->disk, CRASH_DISK_READ)) {
    code = SQLITE_IOERR_READ;
  } else {
    const bytes *seen = &h->file->seen;
    uint64_t held = (uint64_t)offset < seen->size ? seen->size - (uint64_t)offset : 0;
    if (held > (uint64_t)length) held = (uint64_t)length;
    if (held) memcpy(out, seen->at + offset, held);
    if (held < (uint64_t)length) {
      memset((uint8_t *)out + held, 0, (size_t)length - held);
      code = SQLITE_IOERR_SHORT_READ;
    }
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return code;
}

static int file_write(sqlite3_file *f, const void *data, int length, sqlite3_int64 offset) {
  handle *h = (handle *)f;
  int code = SQLITE_OK;
  pthread_mutex_lock(&h->disk->mutex);
  uint64_t end = (uint64_t)offset + (uint64_t)length, size = h->file->seen.size;
  disk_power power = h->life == h->disk->life
    ? disk_step(h->disk, "write", h->name, (uint64_t)offset, (uint64_t)length) : DISK_OFF;
  if (power == DISK_OFF || (power == DISK_ON && disk_fails(h->disk, CRASH_DISK_WRITE))) {
    code = SQLITE_IOERR_WRITE;
  } else if (h->disk->capacity && end > size
             && disk_used(h->disk) + (end - size) > h->disk->capacity) {
    code = SQLITE_FULL;
  } else {
    content_write(h->file, (uint64_t)offset, data, (uint64_t)length);
    if (power == DISK_IN_FLIGHT) code = SQLITE_IOERR_WRITE;
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
  handle *h = (handle *)f;
  pthread_mutex_lock(&h->disk->mutex);
  disk_power power = h->life == h->disk->life
    ? disk_step(h->disk, "truncate", h->name, (uint64_t)size, 0) : DISK_OFF;
  if (power != DISK_OFF) content_truncate(h->file, (uint64_t)size);
  pthread_mutex_unlock(&h->disk->mutex);
  return power == DISK_ON ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int file_sync(sqlite3_file *f, int flags) {
  (void)flags;
  handle *h = (handle *)f;
  int code = SQLITE_OK;
  pthread_mutex_lock(&h->disk->mutex);
  disk_power power =
    h->life == h->disk->life ? disk_step(h->disk, "sync", h->name, 0, 0) : DISK_OFF;
  if (power != DISK_ON) {
    code = SQLITE_IOERR_FSYNC;
  } else if (disk_fails(h->disk, CRASH_DISK_SYNC)) {
    content_forget(h->file);
    code = SQLITE_IOERR_FSYNC;
  } else {
    content_sync(h->file);
    if (h->syncs_directory) disk_sync_directory(h->disk);
    h->syncs_directory = false;
    if (disk_fails(h->disk, CRASH_DISK_SYNC_DONE)) code = SQLITE_IOERR_FSYNC;
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
  handle *h = (handle *)f;
  pthread_mutex_lock(&h->disk->mutex);
  bool alive = is_alive(h);
  *size = (sqlite3_int64)h->file->seen.size;
  pthread_mutex_unlock(&h->disk->mutex);
  return alive ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

// MARK: - Locks of a file

static int file_unlock(sqlite3_file *f, int level) {
  handle *h = (handle *)f;
  pthread_mutex_lock(&h->disk->mutex);
  // Those of an earlier life were dropped with it.
  if (h->life == h->disk->life && level < h->lock) {
    content *file = h->file;
    if (file->exclusive == h) file->exclusive = NULL;
    if (file->pending == h) file->pending = NULL;
    if (file->reserved == h) file->reserved = NULL;
    if (level == SQLITE_LOCK_NONE && h->lock >= SQLITE_LOCK_SHARED) file->shared--;
  }
  if (level < h->lock) h->lock = level;
  pthread_mutex_unlock(&h->disk->mutex);
  return SQLITE_OK;
}

static int try_lock(handle *h, int level) {
  content *file = h->file;
  if (level == SQLITE_LOCK_SHARED) {
    if ((file->pending && file->pending != h) || (file->exclusive && file->exclusive != h))
      return SQLITE_BUSY;
    file->shared++;
    return SQLITE_OK;
  }
  // RESERVED, or EXCLUSIVE by way of PENDING, which keeps new readers out.
  if ((file->reserved && file->reserved != h) || (file->pending && file->pending != h))
    return SQLITE_BUSY;
  if (level == SQLITE_LOCK_RESERVED) {
    file->reserved = h;
    return SQLITE_OK;
  }
  file->pending = h;
  if (file->shared > 1) {
    h->lock = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  file->exclusive = h;
  return SQLITE_OK;
}

static int file_lock(sqlite3_file *f, int level) {
  handle *h = (handle *)f;
  int code = SQLITE_OK;
  pthread_mutex_lock(&h->disk->mutex);
  if (!is_alive(h)) code = SQLITE_IOERR_LOCK;
  else if (h->lock < level) {
    code = try_lock(h, level);
    if (code == SQLITE_OK) h->lock = level;
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return code;
}

static int file_check_reserved(sqlite3_file *f, int *is_reserved) {
  handle *h = (handle *)f;
  pthread_mutex_lock(&h->disk->mutex);
  bool alive = is_alive(h);
  *is_reserved = h->file->reserved || h->file->pending || h->file->exclusive;
  pthread_mutex_unlock(&h->disk->mutex);
  return alive ? SQLITE_OK : SQLITE_IOERR_CHECKRESERVEDLOCK;
}

// MARK: - Shared memory

static int file_shm_map(
    sqlite3_file *f, int region, int size, int extend, void volatile **address) {
  handle *h = (handle *)f;
  *address = NULL;
  pthread_mutex_lock(&h->disk->mutex);
  if (!is_alive(h)) {
    pthread_mutex_unlock(&h->disk->mutex);
    return SQLITE_IOERR_SHMMAP;
  }
  if (!h->memory) {
    if (!h->file->memory) {
      h->file->memory = must(calloc(1, sizeof *h->file->memory));
      h->file->memory->references = 1; // the file's
    }
    h->memory = h->file->memory;
    h->memory->references++;
  }
  shared_memory *memory = h->memory;
  if (region >= memory->count && extend) {
    memory->regions = must(realloc(memory->regions, (size_t)(region + 1) * sizeof(void *)));
    while (memory->count <= region) memory->regions[memory->count++] = must(calloc(1, (size_t)size));
  }
  if (region < memory->count) *address = memory->regions[region];
  pthread_mutex_unlock(&h->disk->mutex);
  return SQLITE_OK;
}

static int try_shm_lock(handle *h, unsigned mask, int first, int last, bool shared) {
  shared_memory *memory = h->memory;
  for (int i = first; i < last; i++) {
    if (memory->exclusive[i] && !(h->exclusive & 1u << i)) return SQLITE_BUSY;
    int others = memory->shared[i] - (h->shared & 1u << i ? 1 : 0);
    if (!shared && others > 0) return SQLITE_BUSY;
  }
  for (int i = first; i < last; i++) {
    if (!shared) memory->exclusive[i] = true;
    else if (!(h->shared & 1u << i)) memory->shared[i]++;
  }
  if (shared) h->shared |= mask;
  else h->exclusive |= mask;
  return SQLITE_OK;
}

static void shm_unlock(handle *h, unsigned mask) {
  for (int i = 0; i < SHM_LOCKS; i++) {
    if (!(mask & 1u << i)) continue;
    if (h->shared & 1u << i) h->memory->shared[i]--;
    if (h->exclusive & 1u << i) h->memory->exclusive[i] = false;
  }
  h->shared &= ~mask;
  h->exclusive &= ~mask;
}

static int file_shm_lock(sqlite3_file *f, int first, int count, int flags) {
  handle *h = (handle *)f;
  unsigned mask = ((1u << (first + count)) - 1) & ~((1u << first) - 1);
  int code = SQLITE_OK;
  pthread_mutex_lock(&h->disk->mutex);
  // The memory of an earlier life is kept for its connections alone, so unlocking it is harmless.
  if (flags & SQLITE_SHM_UNLOCK) {
    if (h->memory) shm_unlock(h, mask);
  } else if (!is_alive(h) || !h->memory) {
    code = SQLITE_IOERR_SHMLOCK;
  } else {
    code = try_shm_lock(h, mask, first, first + count, flags & SQLITE_SHM_SHARED);
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return code;
}

static void file_shm_barrier(sqlite3_file *f) {
  (void)f;
  __sync_synchronize();
}

static int file_shm_unmap(sqlite3_file *f, int deletes) {
  handle *h = (handle *)f;
  pthread_mutex_lock(&h->disk->mutex);
  if (h->memory) {
    shm_unlock(h, (1u << SHM_LOCKS) - 1);
    if (deletes && h->life == h->disk->life && h->file->memory == h->memory) {
      memory_release(h->file->memory);
      h->file->memory = NULL;
    }
    memory_release(h->memory);
    h->memory = NULL;
  }
  pthread_mutex_unlock(&h->disk->mutex);
  return SQLITE_OK;
}

// MARK: - The rest of a file

static int file_close(sqlite3_file *f) {
  handle *h = (handle *)f;
  file_shm_unmap(f, 0);
  file_unlock(f, SQLITE_LOCK_NONE);
  pthread_mutex_lock(&h->disk->mutex);
  content_release(h->file);
  pthread_mutex_unlock(&h->disk->mutex);
  disk_release(h->disk);
  return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int operation, void *argument) {
  (void)f, (void)operation, (void)argument;
  return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *f) {
  (void)f;
  return 4096;
}

static int file_characteristics(sqlite3_file *f) {
  (void)f;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
  .iVersion = 2,
  .xClose = file_close,
  .xRead = file_read,
  .xWrite = file_write,
  .xTruncate = file_truncate,
  .xSync = file_sync,
  .xFileSize = file_size,
  .xLock = file_lock,
  .xUnlock = file_unlock,
  .xCheckReservedLock = file_check_reserved,
  .xFileControl = file_control,
  .xSectorSize = file_sector_size,
  .xDeviceCharacteristics = file_characteristics,
  .xShmMap = file_shm_map,
  .xShmLock = file_shm_lock,
  .xShmBarrier = file_shm_barrier,
  .xShmUnmap = file_shm_unmap,
};

// MARK: - The file system

static bool is_below_root(const char *path) {
  return path && strncmp(path, CRASH_DISK_ROOT, sizeof CRASH_DISK_ROOT - 1) == 0;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out) {
  (void)vfs;
  if (!is_below_root(path)) return system_vfs->xOpen(system_vfs, path, f, flags, out);
  f->pMethods = NULL;
  const char *name;
  crash_disk *disk = disk_of_path(path, &name);
  if (!disk) return SQLITE_CANTOPEN;
  handle *h = (handle *)f;
  memset(h, 0, sizeof *h);
  int code = SQLITE_OK;
  pthread_mutex_lock(&disk->mutex);
  directory_entry *entry = disk_find(disk, name);
  content *file = entry ? entry->seen : NULL;
  if (disk->is_off) {
    code = SQLITE_IOERR;
  } else if (file ? (flags & SQLITE_OPEN_EXCLUSIVE) != 0 : !(flags & SQLITE_OPEN_CREATE)) {
    code = SQLITE_CANTOPEN;
  } else if (!file) {
    disk_power power = disk_step(disk, "create", name, 0, 0);
    file = disk_create(disk, name);
    if (power != DISK_ON) code = SQLITE_IOERR;
  }
  if (code == SQLITE_OK) {
    content_keep(file);
    h->file = file;
    h->disk = disk;
    h->life = disk->life;
    snprintf(h->name, sizeof h->name, "%s", name);
    h->syncs_directory = (flags & SQLITE_OPEN_CREATE)
      && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
    h->base.pMethods = &methods;
    if (out) *out = flags;
  }
  pthread_mutex_unlock(&disk->mutex);
  if (code != SQLITE_OK) disk_release(disk);
  return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int syncs) {
  (void)vfs;
  if (!is_below_root(path)) return system_vfs->xDelete(system_vfs, path, syncs);
  const char *name;
  crash_disk *disk = disk_of_path(path, &name);
  if (!disk) return SQLITE_IOERR_DELETE_NOENT;
  int code = SQLITE_OK;
  pthread_mutex_lock(&disk->mutex);
  directory_entry *entry = disk_find(disk, name);
  if (disk->is_off) {
    code = SQLITE_IOERR_DELETE;
  } else if (!entry || !entry->seen) {
    code = SQLITE_IOERR_DELETE_NOENT;
  } else {
    disk_power power = disk_step(disk, "delete", name, 0, 0);
    disk_unlink(disk, name);
    if (power != DISK_ON) code = SQLITE_IOERR_DELETE;
    else if (syncs) disk_sync_directory(disk);
  }
  pthread_mutex_unlock(&disk->mutex);
  disk_release(disk);
  return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
  (void)vfs;
  if (!is_below_root(path)) return system_vfs->xAccess(system_vfs, path, flags, result);
  *result = 0;
  const char *name;
  crash_disk *disk = disk_of_path(path, &name);
  if (!disk) return SQLITE_OK;
  pthread_mutex_lock(&disk->mutex);
  bool is_off = disk->is_off;
  directory_entry *entry = disk_find(disk, name);
  // As on Unix: an empty file, such as a journal cut short, does not count as one.
  *result = entry && entry->seen && (flags != SQLITE_ACCESS_EXISTS || entry->seen->seen.size > 0);
  pthread_mutex_unlock(&disk->mutex);
  disk_release(disk);
  return is_off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *out) {
  (void)vfs;
  if (!is_below_root(path)) return system_vfs->xFullPathname(system_vfs, path, size, out);
  return snprintf(out, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static uint64_t random_state;

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out) {
  (void)vfs;
  for (int i = 0; i < size; i++) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    out[i] = (char)(random_state >> 56);
  }
  return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return system_vfs->xSleep(system_vfs, microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *time) {
  (void)vfs;
  return system_vfs->xCurrentTime(system_vfs, time);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text) {
  (void)vfs;
  return system_vfs->xGetLastError(system_vfs, size, text);
}

static sqlite3_vfs crash_vfs = {
  .iVersion = 1,
  .zName = "crash-disk",
  .xOpen = vfs_open,
  .xDelete = vfs_delete,
  .xAccess = vfs_access,
  .xFullPathname = vfs_full_pathname,
  .xRandomness = vfs_randomness,
  .xSleep = vfs_sleep,
  .xCurrentTime = vfs_current_time,
  .xGetLastError = vfs_last_error,
};

bool crash_disk_register(uint64_t seed) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  int code = SQLITE_OK;
  if (!system_vfs) {
    code = sqlite3_initialize();
    sqlite3_vfs *found = code == SQLITE_OK ? sqlite3_vfs_find(NULL) : NULL;
    if (found) {
      system_vfs = found;
      crash_vfs.mxPathname = found->mxPathname;
      crash_vfs.szOsFile =
        found->szOsFile > (int)sizeof(handle) ? found->szOsFile : (int)sizeof(handle);
      code = sqlite3_vfs_register(&crash_vfs, 1);
    }
  }
  random_state = seed;
  sqlite3_randomness(0, NULL); // SQLite draws its seed anew
  pthread_mutex_unlock(&mutex);
  return system_vfs && code == SQLITE_OK;
}
