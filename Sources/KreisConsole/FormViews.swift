// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisPages

/// A form's fields as rows of a page.
struct FormViews {
  /// The records of a kind, to choose from; at most once a kind.
  let choices: (String) throws -> [(id: String, name: String)]

  /// What most people fill in, in the order of the table; the rest folds away while it is empty.
  private static let common: Set<String> = [
    "name", "organization_type", "description", "street", "postal_code", "city", "district",
    "phone",
    "email", "website", "categories", "municipality_id", "languages", "audience", "status", "title",
    "department", "availability", "legal_basis", "source", "address_1", "number", "type", "role",
    "minimum_age", "maximum_age", "access", "application_process", "free_of_charge", "network_id",
    "location_type", "date", "networks", "note",
  ]

  /// - Returns: the common fields and those that are filled in, and the others.
  func views(_ form: EditForm) throws -> (common: [View], others: [View]) {
    var out: (common: [View], others: [View]) = ([], [])
    for item in form.items {
      let view = try view(item)
      let isFilled = item.texts.contains { !$0.isEmpty } || item.error != nil
      if Self.common.contains(item.field.name) || item.field.required || isFilled {
        out.common.append(view)
      } else {
        out.others.append(view)
      }
    }
    return out
  }

  private func view(_ item: EditForm.Item) throws -> View {
    let field = item.field
    let id = "feld-\(field.name)"
    let hint = Self.hint(field)
    var described: [String] = []
    if hint != nil { described.append("\(id)-hilfe") }
    if item.error != nil { described.append("\(id)-fehler") }
    var view: View = [
      "id": id, "name": "f.\(field.name)", "label": field.label, "required": field.required,
      "hint": hint as Any? ?? false, "error": item.error as Any? ?? false,
      "others": item.others as Any? ?? false, "scope": item.scope.label,
      "seenName": EditForm.sentName(field.name), "seen": item.token,
      "described": described.isEmpty ? false : described.joined(separator: " ") as Any,
      "value": item.texts.first ?? "", "isLong": false, "isSelect": false, "isChecks": false,
      "isLine": false, "inputType": "text", "options": [View](),
    ]
    let options = try options(field)
    guard let options else {
      if field.type == .longText { view["isLong"] = true } else { view["isLine"] = true }
      view["inputType"] = Self.inputType(field)
      return view
    }
    view["isChecks"] = field.isSet
    view["isSelect"] = !field.isSet
    view["options"] = options.enumerated().map { index, option -> View in
      [
        "optionID": "\(id)-\(index)", "key": option.id, "text": option.name,
        "chosen": item.texts.contains(option.id),
      ]
    }
    return view
  }

  private func options(_ field: Field) throws -> [(id: String, name: String)]? {
    switch field.type {
    case .boolean: [("true", "ja"), ("false", "nein")]
    case .vocabulary(let vocabulary): vocabulary.terms.map { ($0.key, $0.label) }
    case .reference(let kinds): try choices(kinds.first ?? "")
    default: nil
    }
  }

  private static func inputType(_ field: Field) -> String {
    switch field.type {
    case .email: "email"
    case .phone, .e164: "tel"
    case .url: "url"
    case .date: "date"
    case .time: "time"
    default: "text"
    }
  }

  private static func hint(_ field: Field) -> String? {
    switch field.type {
    case .language where field.isSet: "Mit Komma getrennt, zum Beispiel: Deutsch, Türkisch"
    case .term where field.isSet: "Mit Komma getrennt, in Kleinbuchstaben ohne Umlaute"
    case .partialDate: "Tag, Monat oder Jahr: 21.05.2026, 2026-05 oder 2026"
    case .url: "Beginnt mit https://"
    case .integer(let range): "Eine Zahl von \(range.lowerBound) bis \(range.upperBound)"
    default: nil
    }
  }
}
