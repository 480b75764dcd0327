// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// Looks for the records that a field of a form is to refer to, by their names: there are too many for
/// a list.
struct ReferenceSearch {
  /// What was sent: `q.FIELD` is what somebody looks for, `g.FIELD` what was looked for before.
  private let form: FormValues
  private let client: ConsoleClient

  private static let limit = 10

  init(_ form: FormValues, _ client: ConsoleClient) { (self.form, self.client) = (form, client) }

  /// Whether something is to be looked for before anything is saved: by its button, or because what was
  /// typed has not been looked for.
  func isWanted(_ form: EditForm) -> Bool {
    form.items.contains { item in
      guard item.searchedKind != nil else { return false }
      let name = item.field.name
      return self.form["suchen"] == name || isAsked(item) && self.form["g.\(name)"] != text(item)
    }
  }

  /// Whether something was typed to look for it.
  func isAsked(_ item: FormItem) -> Bool { item.searchedKind != nil && !text(item).isEmpty }

  private func text(_ item: FormItem) -> String { form["q.\(item.field.name)"] ?? "" }

  /// What is chosen, and what was found.
  func view(_ item: FormItem, _ kind: String) throws -> View {
    let wanted = String(text(item).prefix(200))
    let chosen = item.texts.filter { RecordID(text: $0) != nil }
    var options = try chosen.map { (id: $0, name: try name(of: $0), more: "") }
    var found = 0
    if isAsked(item) {
      let rows = try client.rows(
        "search",
        ["kind": .string(kind), "text": .string(wanted), "limit": .integer(Self.limit)])
      found = Int(clamping: rows.first?["total"]?.unsigned ?? 0)
      options += rows.dropFirst().map(option).filter { !chosen.contains($0.id) }
    }
    let id = "feld-\(item.field.name)"
    return [
      "isSet": item.field.isSet, "isNone": chosen.isEmpty, "query": wanted,
      "options": options.enumerated().map { index, option -> View in
        [
          "optionID": "\(id)-\(index)", "key": option.id, "text": option.name,
          "more": option.more.isEmpty ? false : option.more as Any,
          "chosen": chosen.contains(option.id),
        ]
      },
      "found": isAsked(item) ? Self.sentence(found) as Any : false,
    ]
  }

  private static func sentence(_ found: Int) -> String {
    switch found {
    case 0: "Dazu wurde nichts gefunden. Versuchen Sie es mit weniger oder anderen Buchstaben."
    case ...limit: "\(found) gefunden. Bitte auswählen."
    default: "\(found) gefunden, die ersten \(limit) stehen hier. Mehr Buchstaben helfen."
    }
  }

  private func name(of id: String) throws -> String {
    let fields = client.shown(id)
    return fields?.name ?? fields?.kind?.label ?? "nicht mehr vorhanden"
  }

  private func option(_ row: JSONValue) -> (id: String, name: String, more: String) {
    let fields = FieldViews(row)
    // By what those of one name differ.
    let more = ["title", "organization_id", "city", "district", "date"].compactMap(fields.text)
    return (row["id"]?.text ?? "", row["name"]?.text ?? "Ohne Namen", more.joined(separator: ", "))
  }
}
