// SPDX-License-Identifier: EUPL-1.2

import GRDB
import GRDBSQLite

extension Store {
  /// Below this the caches of SQLite stay: the schema of some connections, and pages in daily use.
  private static let keptBytes: Int64 = 2 << 20

  /// Gives back what SQLite keeps in memory of a file that the system caches anyway, if it is much:
  /// once what was being written or read is done, its pages are freed and connections for reading are
  /// closed, to be opened again when they are needed.
  ///
  /// - Returns: whether it is much.
  package func releaseMemory() -> Bool {
    guard sqlite3_memory_used() > Self.keptBytes else { return false }
    (database as? DatabasePool)?.releaseMemoryEventually()
    return true
  }
}
