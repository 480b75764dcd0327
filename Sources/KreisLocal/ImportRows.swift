import KreisCore
import KreisInterchange

/// The rows of an import, of whichever format.
enum ImportRows {
  case ndjson(NDJSONRows)
  case csv(CSVRows)

  /// - Parameter format: `ndjson` or `csv`.
  /// - Throws: `CommandError` for another format, and what is wrong with a table's header.
  init(
    format: String, schema: Schema, defaultKind: RecordKind?, read: @escaping ChunkSource
  ) throws {
    switch format {
    case "ndjson":
      self = .ndjson(NDJSONRows(schema: schema, defaultKind: defaultKind, read: read))
    case "csv":
      self = .csv(try CSVRows(schema: schema, defaultKind: defaultKind, read: read))
    default:
      throw CommandError(.wrongUse, "„\(format)“ cannot be imported; formats: ndjson, csv")
    }
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
      }
    } catch let error as RowError {
      return .refused(line: error.line, reason: error.reasons.joined(separator: " · "))
    } catch let error as LineError {
      return .refused(line: error.line, reason: error.reason)
    }
  }
}
