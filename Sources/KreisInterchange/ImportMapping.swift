// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// What the columns of somebody's table mean, as a mapping file in YAML says it.
///
///     key: [Einrichtung, PLZ]          # what names a row, if no column holds an id
///     ignore: [Bemerkung]
///     records:
///       - kind: organization
///         fields:
///           name: Einrichtung
///           street: { columns: [Straße, Nr] }
///           organization_type: { constant: Kindertagesstätte }
///           carrier: { column: Träger, values: { städtisch: public, k.A.: ~ } }
///           categories: { column: Arten, separator: ",", values: { Kita: kita } }
///       - kind: contact
///         when: Leitung
///         fields:
///           name: Leitung
///           organization_id: { record: organization }
///
/// A row becomes one record of each of these kinds, as far as it has something to say of it.
package struct ImportMapping: Sendable {
  /// A name of a column, and the line on which the mapping has it.
  struct ColumnName: Hashable, Sendable {
    let text: String
    let line: Int
  }

  enum Source: Hashable, Sendable {
    /// The cells of these columns, those without content left out.
    case columns([ColumnName], join: String)
    case constant(String)
    /// The record that the same row gives under this name.
    case record(String)
  }

  struct FieldRule: Sendable {
    let column: RowBuilder.Column
    let source: Source
    /// What stands for a cell's text, by the text in lower case; `nil`: nothing.
    let values: [String: String?]
    /// What separates the elements of a set, or where to cut.
    let separator: String
  }

  struct RecordRule: Sendable {
    let kind: RecordKind
    /// By which other records of the row refer to it.
    let name: String
    /// The record is there if one of these columns has content; `nil`: if any of its columns has.
    let condition: [ColumnName]?
    /// What names the record if no field is its external id.
    let key: [ColumnName]?
    let fields: [FieldRule]

    /// All columns that give it content.
    var columns: [ColumnName] {
      fields.flatMap { rule -> [ColumnName] in
        if case .columns(let names, _) = rule.source { names } else { [] }
      }
    }
  }

  let key: [ColumnName]
  let ignored: [ColumnName]
  let records: [RecordRule]

  /// All columns that the mapping names.
  var columns: [ColumnName] {
    key + ignored + records.flatMap { $0.columns + ($0.condition ?? []) + ($0.key ?? []) }
  }
}

/// External ids of rows that have none: the same content of the columns that name a row gives the
/// same id, so that importing the file again finds its records.
enum DerivedKey {
  /// - Parameter parts: the content that names the record.
  static func externalID(_ parts: [String]) -> String {
    let text = parts.map { part in
      part.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }.joined(separator: "\u{1F}")
    return "row-" + Hash256(of: Array("kreisnetz row\u{1F}\(text)".utf8)).description.prefix(32)
  }
}
