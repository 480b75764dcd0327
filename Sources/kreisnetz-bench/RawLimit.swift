// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange

/// What plain SQLite needs to write the same rows: no log, no checks, prepared statements in C, 10,000
/// rows a transaction, one index.
struct RawLimit {
  let insertsPerSecond: Double
  let updatesPerSecond: Double
  /// Of the database with its indexes.
  let bytes: Double

  /// - Throws: `BenchFailure`.
  static func measure(_ workload: Workload, in place: Workplace) throws -> RawLimit {
    let program = try place.compile("raw_sqlite_limit", "sqlite3")
    let output = try place.run(
      program, [place.path("raw.db"), workload.recordTable, workload.updateTable, "10000"],
      environment: ["SCHEMA": "rowid", "CKPT": "20000"])
    guard let json = try? JSONParser.parse(Array(output.utf8), limit: 1 << 16),
      let inserts = json.double("insert_per_s"), let updates = json.double("update_per_s"),
      let bytes = json.double("db_bytes")
    else { throw BenchFailure("raw_sqlite_limit wrote \(output)") }
    return RawLimit(insertsPerSecond: inserts, updatesPerSecond: updates, bytes: bytes)
  }
}

extension JSONValue {
  /// A member that is a number.
  func double(_ name: String) -> Double? {
    guard case .number(let text)? = self[name] else { return nil }
    return Double(text)
  }
}
