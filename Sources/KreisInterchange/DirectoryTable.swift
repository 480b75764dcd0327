// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Writes the records of one kind as a table for Excel as German offices use it: semicolons, UTF-8
/// with a byte order mark, CRLF, dates as 31.12.2026, decimal commas, `ja` and `nein`, German labels.
///
/// A column is named by its label and its field, `Telefon (Zentrale) [phone]`, or `[phone@kreis]` for
/// another scope than the field's default; `CSVRows` reads the table back to the same rows. Cells
/// that a spreadsheet would compute or change get an apostrophe, see `SpreadsheetText`; the reader
/// removes it. Memory is bounded by the largest row.
package struct DirectoryTable {
  /// A field in a scope.
  package struct Column: Hashable, Sendable {
    package let field: Field
    package let scope: ScopeKind

    package init(_ field: Field, _ scope: ScopeKind) {
      self.field = field
      self.scope = scope
    }

    fileprivate var title: String {
      let suffix = scope == field.scope ? "" : "@" + scope.rawValue
      let readers = scope == field.scope ? "" : ", " + scope.label
      return "\(field.label)\(readers) [\(field.name)\(suffix)]"
    }
  }

  private let columns: [Column]
  private let isTraining: Bool

  /// - Parameters:
  ///   - scopes: the fields whose default is one of these always have a column.
  ///   - used: further columns; those that have a value.
  ///   - isTraining: whether every line is to say that it comes from a training realm.
  package init(
    kind: RecordKind, scopes: Set<ScopeKind>, used: Set<Column>, isTraining: Bool = false
  ) {
    self.isTraining = isTraining
    columns = kind.fields.flatMap { field in
      ScopeKind.allCases.map { Column(field, $0) }.filter { column in
        used.contains(column) || (column.scope == field.scope && scopes.contains(field.scope))
      }
    }
  }

  /// The byte order mark and the names of the columns.
  package func header() -> [UInt8] {
    let mark = isTraining ? ["Schulung [\(DirectoryRow.trainingName)]"] : []
    return [0xEF, 0xBB, 0xBF] + Self.record(["Kennung [id]"] + mark + columns.map(\.title))
  }

  /// One record as a line with its end. What is withdrawn is an empty cell.
  package func line(_ row: DirectoryRow) -> [UInt8] {
    var cells: [Column: String] = [:]
    for entry in row.values {
      cells[Column(entry.field, entry.scope)] = Self.cell(entry)
    }
    let mark = isTraining ? ["ja"] : []
    return Self.record([row.id ?? ""] + mark + columns.map { cells[$0] ?? "" })
  }

  private static func cell(_ entry: DirectoryRow.Entry) -> String {
    switch entry.edit {
    case .withdraw: ""
    case .set(let value): cell(value.text, entry.field)
    case .elements(let elements):
      SpreadsheetText.protected(
        elements.map { entry.field.display($0.text) }.joined(separator: " | "))
    }
  }

  private static func cell(_ value: String, _ field: Field) -> String {
    switch field.type {
    case .integer, .boolean, .time: field.display(value)
    case .decimal, .latitude, .longitude: value.replacing(".", with: ",")
    case .date: germanDate(value) ?? value
    // A month of a year, a year alone or a day without one would be completed to a day.
    case .partialDate: germanDate(value) ?? SpreadsheetText.protected(value)
    default: SpreadsheetText.protected(field.display(value))
    }
  }

  /// `31.12.2026`
  private static func germanDate(_ value: String) -> String? {
    guard let (year, month, day) = CivilDate(value)?.parts else { return nil }
    return "\(day < 10 ? "0" : "")\(day).\(month < 10 ? "0" : "")\(month).\(year)"
  }

  // MARK: - RFC 4180

  /// In quotes is what contains a delimiter of any dialect, a quote, a line end or outer blanks.
  private static func record(_ cells: [String]) -> [UInt8] {
    var out: [UInt8] = []
    for (index, cell) in cells.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ";")) }
      guard needsQuotes(cell) else {
        out.append(contentsOf: cell.utf8)
        continue
      }
      out.append(UInt8(ascii: "\""))
      for byte in cell.utf8 {
        if byte == UInt8(ascii: "\"") { out.append(byte) }
        out.append(byte)
      }
      out.append(UInt8(ascii: "\""))
    }
    return out + [0x0D, 0x0A]
  }

  private static func needsQuotes(_ cell: String) -> Bool {
    let blank = UInt8(ascii: " ")
    return cell.utf8.first == blank || cell.utf8.last == blank
      || cell.utf8.contains { byte in
        switch byte {
        case UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "\""), 0x09, 0x0A, 0x0D: true
        default: false
        }
      }
  }
}
