// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Reads a directory from a table with a header of field names (`field@scope` for another scope than
/// the default) and optionally the columns `kind` and `id`. Sets are separated by `|`; an empty cell
/// leaves the field as it is. A column may also be called by its German label.
///
/// What `DirectoryTable` writes is read as well: a name in brackets after a label, `Ort [city]`, and
/// an apostrophe before what a spreadsheet would compute or change.
package struct CSVRows {
  /// The dialect that was found, for the report of an import.
  package let encoding: TextEncoding
  package let delimiter: Character

  private var reader: CSVReader
  private let schema: Schema
  private let defaultKind: RecordKind?
  /// The fields that name a row which has neither an id nor an external id.
  private let key: [String]
  /// The header's names without labels.
  private let header: [String]
  /// What the header means for each kind that occurred.
  private var columns: [String: [Meaning]] = [:]

  /// What a column means for one kind.
  private enum Meaning {
    case kind
    case id
    case training
    case field(RowBuilder.Column)
    /// Only cells of other kinds may stand here.
    case foreign(reason: String)
  }

  /// - Parameters:
  ///   - defaultKind: the kind of rows that name none.
  ///   - key: fields, by name or label, whose content names a row that has neither an id nor an
  ///     external id: it gets an external id made from them.
  /// - Throws: `LineError` or `RowError` for a header that is wrong, and what the source throws.
  package init(
    schema: Schema = .directory, defaultKind: RecordKind? = nil, key: [String] = [],
    encoding: TextEncoding? = nil, read: @escaping ChunkSource
  ) throws {
    self.schema = schema
    self.defaultKind = defaultKind
    self.key = key
    reader = try CSVReader(encoding: encoding, read: read)
    header = reader.header.map(Self.name)
    self.encoding = reader.encoding
    delimiter = reader.delimiter
    try checkHeader()
  }

  /// A column must be a field: of the kind of the table, or of some kind if rows name theirs.
  private func checkHeader() throws(RowError) {
    var kinds = schema.kinds
    if !header.contains("kind") {
      guard let defaultKind else {
        throw RowError(
          line: reader.headerLine,
          reasons: ["the header has no column „kind“, and no kind was named for the import"])
      }
      kinds = [defaultKind]
    }
    let reasons: [String] = header.compactMap { name in
      let reasons = kinds.map { Self.meaning(of: name, in: $0) }.map { meaning -> String? in
        if case .foreign(let reason) = meaning { reason } else { nil }
      }
      if reasons.contains(nil) { return nil }
      return kinds.count == 1 ? reasons[0] : "no kind has a field „\(name)“"
    }
    if !reasons.isEmpty { throw RowError(line: reader.headerLine, reasons: reasons) }
  }

  /// `city` of `Ort [city]`.
  private static func name(_ title: String) -> String {
    guard title.hasSuffix("]"), let open = title.lastIndex(of: "[") else { return title }
    return String(title[title.index(after: open)...].dropLast())
  }

  private static func meaning(of name: String, in kind: RecordKind) -> Meaning {
    switch name {
    case "kind": return .kind
    case "id", "Kennung": return .id
    case DirectoryRow.trainingName: return .training
    default:
      do {
        return .field(try RowBuilder.column(name, of: kind))
      } catch {
        return .foreign(reason: "\(error)")
      }
    }
  }

  /// The next row; `nil` at the end.
  ///
  /// - Throws: `RowError` for a row whose values are wrong; `LineError` as `CSVReader.next()`; and
  ///   what the source throws.
  package mutating func next() throws -> DirectoryRow? {
    guard let (line, cells) = try reader.next() else { return nil }
    let kind = try kind(line: line, cells)
    let columns = columns(of: kind)
    var builder = RowBuilder(line: line, kind: kind)
    var id: String?
    for (cell, meaning) in zip(cells, columns) where !cell.allSatisfy(\.isWhitespace) {
      switch meaning {
      case .kind: break
      case .id: id = identifier(cell, &builder)
      case .training: builder.isTraining = true
      case .foreign(let reason): builder.fail(reason)
      case .field(let column):
        let cell = SpreadsheetText.unprotected(cell)
        builder.add(column) { field throws(InvalidValue) in
          guard field.isSet else {
            return .set(try RowBuilder.value(OfficeSpelling.plain(cell, of: field), of: field))
          }
          let elements = cell.split(separator: "|").map { String(String($0).trimmingBlanks()) }
            .filter { !$0.isEmpty }
          return try RowBuilder.elements(
            elements.map { OfficeSpelling.plain($0, of: field) }, of: field)
        }
      }
    }
    let row = try builder.row(id: id)
    return key.isEmpty || id != nil || row.externalID != nil ? row : try named(row)
  }

  /// The row with an external id from the fields that name it.
  private func named(_ row: DirectoryRow) throws -> DirectoryRow {
    guard let field = row.kind.externalID else { return row }
    var parts = [row.kind.name]
    for name in key {
      let tag: UInt32
      do { tag = try row.kind.field(calling: name).tag } catch {
        throw RowError(line: row.line, reasons: [error.description])
      }
      guard let entry = row.values.first(where: { $0.field.tag == tag }),
        case .set(let value) = entry.edit
      else {
        throw RowError(
          line: row.line, reasons: ["„\(name)“ is empty, but the row is to be named by it"])
      }
      parts.append(value.text)
    }
    let id = DirectoryRow.Entry(field, .set(.text(DerivedKey.externalID(parts))))
    return DirectoryRow(
      line: row.line, kind: row.kind, id: nil, values: row.values + [id],
      isTraining: row.isTraining)
  }

  private func identifier(_ cell: String, _ builder: inout RowBuilder) -> String? {
    if let id = RecordID(text: cell.trimmingBlanks()) { return id.description }
    builder.fail(
      InvalidValue(field: "id", given: cell, reason: "ist keine vollständige Kennung").description)
    return nil
  }

  private func kind(line: Int, _ cells: [String]) throws -> RecordKind {
    if let index = header.firstIndex(of: "kind") {
      let name = String(cells[index].trimmingBlanks())
      if !name.isEmpty {
        do {
          return try schema.kind(calling: name)
        } catch {
          throw RowError(line: line, reasons: [error.description])
        }
      }
    }
    guard let defaultKind else {
      throw RowError(line: line, reasons: ["the column „kind“ is empty"])
    }
    return defaultKind
  }

  private mutating func columns(of kind: RecordKind) -> [Meaning] {
    if let known = columns[kind.name] { return known }
    let result = header.map { Self.meaning(of: $0, in: kind) }
    columns[kind.name] = result
    return result
  }
}
