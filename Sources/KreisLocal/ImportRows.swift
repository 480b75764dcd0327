// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// The rows of an import, of whichever format.
enum ImportRows {
  case ndjson(NDJSONRows)
  case csv(CSVRows)
  case mapped(MappedRows)
  case hsds(HSDSRows)

  /// - Throws: `CommandError` for another format, and what is wrong with a table's header.
  init(_ wish: ImportWish, schema: Schema, now: Int, read: @escaping ChunkSource) throws {
    switch (wish.format, wish.mapping) {
    case (.csv, let mapping?): self = .mapped(try MappedRows(mapping, read: read))
    case (.csv, nil):
      self = .csv(
        try CSVRows(schema: schema, defaultKind: wish.kind, key: wish.key, read: read))
    case (.ndjson, _):
      self = .ndjson(NDJSONRows(schema: schema, defaultKind: wish.kind, read: read))
    case (.hsds, _):
      self = .hsds(HSDSRows(.document, now: now, legalBasis: wish.legalBasis, read: read))
    case (.hsdsTables, _):
      self = .hsds(HSDSRows(.tables, now: now, legalBasis: wish.legalBasis, read: read))
    }
  }

  /// What is odd about the source as a whole.
  var warnings: [LineError] {
    switch self {
    case .mapped(let rows): rows.warnings
    case .hsds(let rows): rows.warnings
    case .ndjson, .csv: []
    }
  }

  /// What was read so far and has no place in the directory.
  var losses: [String: Int] {
    if case .hsds(let rows) = self { rows.losses } else { [:] }
  }

  /// One row, or why it is none.
  enum Outcome {
    case row(DirectoryRow)
    case refused(line: Int, reason: String)
  }

  /// The next row; `nil` at the end.
  ///
  /// - Throws: what the source throws.
  mutating func next() throws -> Outcome? {
    do {
      switch self {
      case .ndjson(var rows):
        defer { self = .ndjson(rows) }
        return try rows.next().map { .row($0) }
      case .csv(var rows):
        defer { self = .csv(rows) }
        return try rows.next().map { .row($0) }
      case .mapped(var rows):
        self = .ndjson(NDJSONRows { nil })
        defer { self = .mapped(rows) }
        return try rows.next().map { .row($0) }
      case .hsds(var rows):
        // Two owners would copy what the reader has seen so far with each row.
        self = .ndjson(NDJSONRows { nil })
        defer { self = .hsds(rows) }
        return try rows.next().map { .row($0) }
      }
    } catch let error as RowError {
      return .refused(line: error.line, reason: error.reasons.joined(separator: " · "))
    } catch let error as LineError {
      return .refused(line: error.line, reason: error.reason)
    }
  }
}
