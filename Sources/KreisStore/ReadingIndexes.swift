// SPDX-License-Identifier: EUPL-1.2

import GRDB

/// Indexes of schema version 3 that only make reading quick: SQLite takes one where a query repeats its
/// condition word by word.
enum ReadingIndexes {
  /// Of records without a row in the table of their kind: the deleted and restricted ones, for which
  /// whoever shows any record looks. While a record is not folded, its kind is 0.
  static let isHidden = "shown = 0 AND kind > 0"

  /// Of entries that write nothing, as orders to erase do, and of few others: a time of 7 bytes, kind and
  /// block of 1, the record's kind of 5 and its id of 16, and two counts that are 0 (`EntryBody`). To look
  /// into each body for its kind would make every insertion dearer.
  static let isShort = "length(body) <= 32"

  static let sql = """
    CREATE INDEX record_hidden ON record (deleted, kind) WHERE \(isHidden);
    CREATE INDEX entry_short ON entry (record) WHERE \(isShort);
    """
}
