// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// Reading the rows of an import as the import does.
enum ImportedRows {
  private struct Outcome: Equatable {
    var rows: [DirectoryRow] = []
    var errors: [String] = []
  }

  /// Reads everything twice, in one piece and in small ones.
  ///
  /// - Parameter open: opens a reader; gives what returns its next row.
  /// - Throws: `BrokenProperty` if the two differ, or the reader does not come to an end.
  static func read(
    _ input: [UInt8], open: (@escaping ChunkSource) throws -> () throws -> DirectoryRow?
  ) throws(BrokenProperty) -> [DirectoryRow] {
    let whole = try outcome(input, pieces: max(1, input.count), open)
    let cut = try outcome(input, pieces: 5, open)
    try BrokenProperty.unless(whole == cut, "rows that depend on how they arrive")
    return whole.rows
  }

  static func source(_ bytes: [UInt8], pieces: Int) -> ChunkSource {
    var rest = bytes[...]
    return {
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(pieces) }
      return Array(rest.prefix(pieces))
    }
  }

  /// Reads on after a row that is wrong, as an import does.
  private static func outcome(
    _ input: [UInt8], pieces: Int,
    _ open: (@escaping ChunkSource) throws -> () throws -> DirectoryRow?
  ) throws(BrokenProperty) -> Outcome {
    var outcome = Outcome()
    let next: () throws -> DirectoryRow?
    do { next = try open(source(input, pieces: pieces)) } catch {
      return Outcome(errors: ["\(error)"])
    }
    while true {
      do {
        guard let row = try next() else { return outcome }
        outcome.rows.append(row)
      } catch {
        outcome.errors.append("\(error)")
        guard error is RowError || error is LineError else { return outcome }
      }
      // No row and no error takes less than a byte.
      try BrokenProperty.unless(
        outcome.errors.count <= input.count + 16, "a reader that never ends")
    }
  }
}
