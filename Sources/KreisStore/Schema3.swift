// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB

/// What schema version 3 changes: blocks lie as `PackedBlock` has them, and there are `ReadingIndexes`.
enum Schema3 {
  static func migrate(_ db: Database) throws {
    try db.execute(sql: ReadingIndexes.sql)
    let pack = DatabaseFunction("pack_block", argumentCount: 1, pure: true) { values in
      Data.fromDatabaseValue(values[0]).map { Data(PackedBlock.pack(Array($0))) }
    }
    db.add(function: pack)
    defer { db.remove(function: pack) }
    for table in ["entry", "set_aside"] {
      // What a flipped bit made something else stays as it lies there, to be found damaged.
      try db.execute(
        sql: "UPDATE \(table) SET block = pack_block(block) WHERE typeof(block) = 'blob'")
    }
  }
}
