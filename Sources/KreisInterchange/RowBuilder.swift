// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Collects the edits of one row, and everything that is wrong with it.
struct RowBuilder {
  private let line: Int
  private let kind: RecordKind
  private var entries: [DirectoryRow.Entry] = []
  private var reasons: [String] = []
  /// Whether the row comes from a training realm.
  var isTraining = false

  init(line: Int, kind: RecordKind) {
    self.line = line
    self.kind = kind
  }

  /// The field and scope that a column or member names: `phone`, `phone@coordination`. A field may
  /// also be called by its German label.
  static func column(_ name: String, of kind: RecordKind) throws -> Column {
    let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let field = try kind.field(calling: String(parts[0]))
    guard parts.count == 2 else { return Column(field: field, scope: field.scope) }
    guard let scope = ScopeKind(rawValue: String(parts[1])) else {
      throw InvalidValue(
        field: name, given: String(parts[1]),
        reason: "ist kein Leserkreis; erlaubt: "
          + ScopeKind.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return Column(field: field, scope: scope)
  }

  struct Column {
    let field: Field
    let scope: ScopeKind
  }

  mutating func add(_ column: Column, _ edit: (Field) throws(InvalidValue) -> FieldEdit) {
    do {
      if entries.contains(where: {
        $0.field.tag == column.field.tag && $0.scope == column.scope
      }) {
        throw InvalidValue(
          field: column.field.name, given: "", reason: "steht zweimal in der Zeile")
      }
      entries.append(
        DirectoryRow.Entry(column.field, try edit(column.field), scope: column.scope))
    } catch {
      reasons.append("\(error)")
    }
  }

  mutating func fail(_ reason: String) { reasons.append(reason) }

  /// - Throws: `RowError` with all that went wrong.
  func row(id: String?) throws(RowError) -> DirectoryRow {
    if !reasons.isEmpty { throw RowError(line: line, reasons: reasons) }
    return DirectoryRow(
      line: line, kind: kind, id: id, values: entries, isTraining: isTraining)
  }

  /// The kinds whose records rows may call by their names.
  private static let named: Set<String> = ["taxonomy_term", "municipality"]

  /// A value or element, validated.
  static func value(_ raw: String, of field: Field) throws(InvalidValue) -> RowValue {
    guard case .reference(let kinds) = field.type else { return .text(try field.validate(raw)) }
    guard raw.hasPrefix("key:") else {
      if let id = RecordID(text: raw) { return .reference(.id(id.description)) }
      if let kind = kinds.first, kinds.count == 1, named.contains(kind) {
        do { return .reference(.name(try FieldType.line.canonical(raw))) } catch {
          throw InvalidValue(field: field.name, given: raw, reason: error.reason)
        }
      }
      throw InvalidValue(
        field: field.name, given: raw,
        reason: "ist weder eine vollständige Kennung noch key:KENNUNG-IM-QUELLSYSTEM"
          + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))"))
    }
    do {
      let key = try FieldType.text(limit: 128).canonical(String(raw.dropFirst(4)))
      return .reference(.key(key))
    } catch {
      throw InvalidValue(field: field.name, given: raw, reason: error.reason)
    }
  }

  /// A whole set, sorted and without repetition.
  static func elements(_ raw: [String], of field: Field) throws(InvalidValue) -> FieldEdit {
    var values: [RowValue] = []
    for element in raw { values.append(try value(element, of: field)) }
    let unique = Set(values)
    return .elements(unique.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) })
  }
}
