// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// One of two records that are compared.
struct RecordSide {
  let row: JSONValue
  private let fields: FieldViews

  /// - Parameter row: of `show`.
  init(_ row: JSONValue) { (self.row, fields) = (row, FieldViews(row)) }

  var kind: RecordKind? { fields.kind }
  private var name: String { fields.name ?? kind?.label ?? "Eintrag" }

  /// - Parameter fate: what is to become of it.
  func view(_ fate: String? = nil) -> View {
    [
      "fate": fate as Any? ?? false, "id": row["id"]?.text ?? "", "name": name,
      "owner": row["owner_title"]?.text ?? "unbekannt",
    ]
  }

  /// Whether nothing is to be decided of the two any more.
  static func isSettled(_ first: RecordSide, _ second: RecordSide) -> Bool {
    let sides = [(first, second), (second, first)]
    return sides.contains { own, other in
      own.row["deleted"] == .bool(true)
        || FieldViews.list(own.row["fields"]?["distinct_from"]?["value"])
          .contains(other.row["id"]?.text ?? "")
    }
  }

  private func texts(_ field: Field) -> [String] {
    FieldViews.list(row["fields"]?[field.name]?["display"]).map { FieldViews.readable($0, field) }
  }

  private func values(_ field: Field) -> [String] {
    FieldViews.list(row["fields"]?[field.name]?["value"])
  }

  private static func compared(_ kind: RecordKind?) -> [Field] {
    (kind?.fields ?? []).filter { $0.name == "assured_date" || isTaken($0) }
  }

  /// Whether a field is of use to the record that is kept.
  private static func isTaken(_ field: Field) -> Bool {
    ![
      "external_id", "assured_date", "merged_into", "distinct_from", "restricted", "memo",
      "number_e164",
    ]
    .contains(field.name)
  }

  /// Row by row what either says.
  static func comparison(_ first: RecordSide, _ second: RecordSide) -> [View] {
    compared(first.kind).compactMap { field in
      let sides = [first, second].map { $0.texts(field).joined(separator: ", ") }
      guard sides.contains(where: { !$0.isEmpty }) else { return nil }
      return [
        "label": field.label, "first": sides[0].isEmpty ? "–" : sides[0],
        "second": sides[1].isEmpty ? "–" : sides[1], "isSame": sides[0] == sides[1],
      ]
    }
  }

  /// What only the other says, by field: its texts.
  static func missing(
    in kept: RecordSide, from other: RecordSide
  ) -> [(field: Field, texts: [String])] {
    compared(kept.kind).filter(isTaken).compactMap { field in
      let known = Set(kept.values(field))
      guard field.isSet || known.isEmpty else { return nil }
      let texts = zip(other.values(field), other.texts(field)).filter { !known.contains($0.0) }
        .map(\.1)
      return texts.isEmpty ? nil : (field, texts)
    }
  }

  /// The changes by which another record gets what only this one says, for the same readers.
  func changes(_ field: Field, missing kept: RecordSide) -> [JSONValue] {
    let scope = row["fields"]?[field.name]?["scope"]?.text.map(FieldViews.scope)
    let known = Set(kept.values(field))
    return values(field).filter { !known.contains($0) }.map { value in
      FieldChange(
        field: field.name, scope: scope, operation: field.isSet ? .insert : .set, value: value
      ).json
    }
  }
}
