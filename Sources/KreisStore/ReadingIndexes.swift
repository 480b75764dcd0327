// SPDX-License-Identifier: EUPL-1.2

import GRDB

/// Indexes of schema version 3 that only make reading quick: SQLite takes one where a query repeats its
/// condition word by word.
enum ReadingIndexes {
  /// Of records without a row in the table of their kind: the deleted and restricted ones, for which
  /// whoever shows any record looks. While a record is not folded, its kind is 0.
  static let isHidden = "shown = 0 AND kind > 0"

  /// Of entries that destroy. Their kind stands behind the time, a varint of at most seven bytes: all
  /// but its last have their highest bit set.
  static let isErasing: String = {
    let places = 1...7
    let cases = places.map { "WHEN substr(body, \($0), 1) < x'80' THEN substr(body, \($0 + 1), 1)" }
    return "CASE \(cases.joined(separator: " ")) END = x'03'"
  }()

  static let sql = """
    CREATE INDEX record_hidden ON record (deleted, kind) WHERE \(isHidden);
    CREATE INDEX entry_erasing ON entry (record) WHERE \(isErasing);
    """
}
