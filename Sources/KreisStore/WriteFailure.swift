// SPDX-License-Identifier: EUPL-1.2

import GRDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Store {
  /// Runs `body`, a transaction on the writing connection, and sorts what goes wrong with the disk.
  ///
  /// SQLite tells `ENOSPC` from other errors, and only where it writes pages. A used-up quota, the
  /// largest size of a file, and a WAL index that cannot grow are plain I/O errors to it, although
  /// nothing was written and the same call can succeed later. Not so where a sync failed, whatever
  /// the reason: the kernel may have dropped what was to be written, and no later sync tells.
  func sortingFailures<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError {
      // Read before anything else can set it. SQLite's own `sqlite3_system_errno` knows nothing of
      // what fails at the end of a transaction.
      let number = errno
      if let reason = Self.refusal(error, number) { throw StoreError.retryLater(reason) }
      let sorted = StoreError(error)
      if case .stateUnknown = sorted { failed.yield(sorted) }
      throw sorted
    }
  }

  /// Why the disk took nothing; `nil` for all other errors.
  private static func refusal(_ error: DatabaseError, _ number: Int32) -> String? {
    guard [.SQLITE_IOERR_WRITE, .SQLITE_IOERR_SHMSIZE].contains(error.extendedResultCode) else {
      return nil
    }
    switch number {
    case ENOSPC: return "the disk is full; nothing was written"
    case EDQUOT: return "the disk quota of this user is used up; nothing was written"
    case EFBIG:
      return "the database is as large as a file may be here; nothing was written: raise the limit "
        + "of the process (LimitFSIZE in systemd, ulimit -f) or of the file system"
    default: return nil
    }
  }
}
