// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Reads a directory from HSDS 3.0: organizations, services and what they list, in JSON; or the tables
/// of a data package as `HSDSPackage` sends them. What is read how, see <doc:HSDSProfile>.
///
/// An object's id becomes the record's external id. What is listed several times is taken the first
/// time. Memory is bounded by the largest object and the ids.
package struct HSDSRows {
  package enum Form: Sendable {
    case document
    case tables
  }

  /// Warnings that are kept; `losses` counts all.
  static let warningLimit = 20

  private enum Source {
    case document(HSDSElements)
    case tables(NDJSONReader)
  }

  private var source: Source
  private var conversion: HSDSConversion
  private var waiting: ArraySlice<DirectoryRow> = []

  /// - Parameters:
  ///   - now: seconds since 1970, for the words about office hours.
  ///   - legalBasis: on which persons are recorded, which HSDS does not say; without it they are left
  ///     out.
  package init(_ form: Form, now: Int, legalBasis: String? = nil, read: @escaping ChunkSource) {
    source =
      switch form {
      case .document: .document(HSDSElements(read: read))
      case .tables: .tables(NDJSONReader(read: read))
      }
    conversion = HSDSConversion(now: now, legalBasis: legalBasis)
  }

  /// What was read so far and has no place in the directory: `service.licenses`, how often.
  package var losses: [String: Int] { conversion.losses }

  /// Values that were left out, with their lines; the first of them.
  package var warnings: [LineError] { conversion.warnings }

  /// The next row; `nil` at the end.
  ///
  /// - Throws: `RowError` or `LineError` for an object that is none of HSDS; and what the source
  ///   throws.
  package mutating func next() throws -> DirectoryRow? {
    while waiting.isEmpty {
      guard try readObject() else { return nil }
      waiting = conversion.takeRows()[...]
    }
    return waiting.removeFirst()
  }

  private mutating func readObject() throws -> Bool {
    switch source {
    case .document(var elements):
      defer { source = .document(elements) }
      guard let (line, bytes) = try elements.next() else { return false }
      let json: JSONValue
      do { json = try JSONParser.parse(bytes, limit: HSDSElements.elementLimit) } catch {
        throw LineError(line: line + error.line - 1, reason: error.reason)
      }
      // A page of an API.
      if case .array(let contents) = json["contents"] {
        for object in contents { try conversion.take(object, line: line) }
      } else {
        try conversion.take(json, line: line)
      }
    case .tables(var lines):
      defer { source = .tables(lines) }
      guard let (number, bytes) = try lines.next() else { return false }
      let json: JSONValue
      do { json = try JSONParser.parse(bytes, limit: NDJSONReader.lineLimit) } catch {
        throw LineError(line: number, reason: error.reason)
      }
      guard case .string(let table) = json["table"], case .string(let file) = json["file"],
        case .number(let text) = json["line"], let line = Int(text), let row = json["row"]
      else { throw LineError(line: number, reason: "no row of a data package") }
      try conversion.take(row, table: table, file: file, line: line)
    }
    return true
  }
}
