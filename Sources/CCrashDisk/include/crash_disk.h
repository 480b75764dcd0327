// SPDX-License-Identifier: EUPL-1.2

/// Disks in memory that lose power, for tests and the simulator. Never part of a release.
///
/// `crash_disk_register` makes a VFS the default one of this process's SQLite. A database below
/// `/crash-disk/NAME/` then lies on the disk NAME; all other files, and SQLite's temporary ones, go
/// to the VFS that was the default before.
///
/// A disk keeps apart what was synced and what was merely written:
///
/// - a write or truncation is seen by everybody at once, and durable after `xSync` of that file;
/// - a file's name (made or deleted) is durable after a sync of the directory: by `xDelete` with its
///   flag, or, as SQLite's VFS for Unix does, by a connection's first `xSync` of a journal or WAL that
///   it may make. Syncing a file does not make its name durable;
/// - locks and shared memory (the WAL's index) live in the heap and are gone with the process.
///
/// It reports what the VFS for Unix reports: overwriting a part of a sector leaves the rest whole
/// (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`), nothing more.
///
/// All functions are safe to call from any thread, but only one may destroy a disk, as the last use
/// of it. Connections that are still open then fail; closing them stays right. Nothing depends on
/// time, addresses or entropy: the same calls in the same order leave the same bytes.
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct crash_disk crash_disk;

/// Registers the VFS, once per process, and seeds SQLite's own random numbers (the salts of a WAL),
/// at each call. Returns false if SQLite refuses.
bool crash_disk_register(uint64_t seed);

/// Makes an empty disk; NULL if the name is in use, empty, longer than 63 bytes or has a slash.
crash_disk *crash_disk_make(const char *name);

/// Makes a disk with the files that `disk` shows now, all durable. NULL as above.
crash_disk *crash_disk_copy(crash_disk *disk, const char *name);

void crash_disk_destroy(crash_disk *disk);

/// How many operations that change the disk began: writes, truncations, syncs, deletions, and
/// openings that make a file. Goes on over power cuts.
uint64_t crash_disk_operations(crash_disk *disk);

/// What the last of these was, as "write kreisnetz.sqlite-wal 32+4096".
void crash_disk_last_operation(crash_disk *disk, char *text, size_t size);

/// Cuts the power when `operations` more have been done (0: now). The next one is in flight then: it
/// fails, as all do until `crash_disk_restore`, but may be found done, or done in part, afterwards.
void crash_disk_cut_power(crash_disk *disk, uint64_t operations);

/// Takes back a cut that has not come yet.
void crash_disk_keep_power(crash_disk *disk);

bool crash_disk_has_power(crash_disk *disk);

/// Turns the power off, if it is on, and on again. What was synced is there; of the rest, by
/// `seed % 4`:
///
/// - 0: nothing,
/// - 1: everything,
/// - 2: of each sector of 512 bytes as many of its writes as chance says, so that writes are torn and
///   reordered; so with each file's length and each name,
/// - 3: the same, and where a file grew without its content there is rubbish instead of zeros.
///
/// Connections from before fail from now on. All pending faults are taken back.
void crash_disk_restore(crash_disk *disk, uint64_t seed);

/// Ends the processes that use the disk, and nothing else (`kill -9`): what was written stays, synced
/// or not; their connections fail, their locks and shared memory are gone.
void crash_disk_kill(crash_disk *disk);

/// How many bytes all files may have together; more fails with `SQLITE_FULL`. 0: no limit.
void crash_disk_set_capacity(crash_disk *disk, uint64_t bytes);

/// Bytes of all files.
uint64_t crash_disk_size(crash_disk *disk);

typedef enum {
  /// `SQLITE_IOERR_READ`.
  CRASH_DISK_READ,
  /// `SQLITE_IOERR_WRITE`; nothing is written.
  CRASH_DISK_WRITE,
  /// `SQLITE_IOERR_FSYNC`, and as on Linux what was to be synced is forgotten: it can be read until
  /// the power is cut, and no later sync makes it durable.
  CRASH_DISK_SYNC,
  /// `SQLITE_IOERR_FSYNC`, although all was synced.
  CRASH_DISK_SYNC_DONE,
} crash_disk_fault;

/// After `successes` more operations of this kind, lets `failures` of them fail.
void crash_disk_fail(
  crash_disk *disk, crash_disk_fault fault, uint64_t successes, uint64_t failures);

/// Copies up to `size` bytes of a file as processes see it; returns its length, -1 if there is none.
/// `bytes` may be NULL if `size` is 0.
int64_t crash_disk_export(crash_disk *disk, const char *file, void *bytes, size_t size);

/// Puts a file in place of any of that name, durably. Only while no connection to it is open.
bool crash_disk_import(crash_disk *disk, const char *file, const void *bytes, size_t size);

/// Deletes a file durably, with what SQLite keeps beside it (-wal, -journal).
void crash_disk_remove(crash_disk *disk, const char *file);

#endif
