// SPDX-License-Identifier: EUPL-1.2

/// The statements that run for each entry of a catch-up.
enum HotSQL: Int, CaseIterable {
  case hashOfEntry
  case insertEntry
  case keyOfRecord
  case insertRecord
  case foldedRecord
  case updateRecord
  case recordWithSum
  /// Of a database of schema version 1.
  case recordWithoutSum
  case entriesOfRecord
  case entriesOfLog

  var text: String {
    switch self {
    case .hashOfEntry: "SELECT hash FROM entry WHERE entry = ?"
    case .insertEntry:
      "INSERT INTO entry (entry, record, hash, body, block, commitment) VALUES (?, ?, ?, ?, ?, ?)"
    case .keyOfRecord: "SELECT record FROM record WHERE id = ?"
    case .insertRecord: "INSERT INTO record (id) VALUES (?) ON CONFLICT (id) DO NOTHING"
    case .foldedRecord: "SELECT kind, shown, conflicts, seal FROM record WHERE record = ?"
    case .updateRecord:
      """
      UPDATE record SET kind = ?, deleted = ?, conflicts = ?, entries = ?, seal = ?, shown = ?
      WHERE record = ?
      """
    case .recordWithSum: "SELECT id, entries FROM record WHERE record = ?"
    case .recordWithoutSum: "SELECT id, NULL FROM record WHERE record = ?"
    case .entriesOfLog:
      """
      SELECT entry, hash, body, block, commitment FROM entry
      WHERE entry BETWEEN ? AND ? ORDER BY entry
      """
    case .entriesOfRecord:
      """
      SELECT one.entry, one.hash, one.body, one.block, one.commitment, previous.hash
      FROM entry AS one LEFT JOIN entry AS previous ON previous.entry = one.entry - 1
      WHERE one.record = ?
      """
    }
  }
}
