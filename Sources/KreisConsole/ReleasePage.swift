// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// What waits for a second person before everybody may read it.
extension Console {
  private static let releasePage = 50

  func releases(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard request.path.count == 1 else {
      try request.allow(.post)
      guard let id = RecordID(text: request.path[1]) else { throw Refusal.notFound }
      return try release(id, request)
    }
    try request.allow(.get)
    let account = request.person?.account
    let rows = try PagedRows(
      client, "releases", by: Self.releasePage, page: request.query["seite"],
      address: "/freigaben")
    let items = try rows.shown.map { try waiting($0, for: account) }
    let view: View = [
      "hasAccount": account != nil,
      "items": items, "isEmpty": items.isEmpty,
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
    ]
    return try page(
      "releases", title: "Zur Veröffentlichung freizugeben",
      view.merging(rows.view) { own, _ in own }, request)
  }

  /// - Parameter row: flat, of `releases`.
  private func waiting(_ row: JSONValue, for account: String?) throws -> View {
    let asked = row["requested_account"]?.text
    let role = row["requested_by"]?.text ?? ""
    let subject = row["subject_id"]?.text ?? ""
    let shown = FieldViews(try client.row("show", ["id": .string(subject)]))
    let field = row["field_name"]?.text.flatMap { name in try? shown.kind?.field(named: name) }
    let value = row["proposed_value"]?.text ?? ""
    let parts = field?.isSet == true ? value.split(separator: "|").map(String.init) : [value]
    let texts = parts.map { readable(stored: $0, field) }
    return [
      "id": row["id"]?.text ?? "", "subject": subject,
      "name": shown.name ?? shown.kind?.label ?? "Eintrag",
      "label": field?.label ?? "Angabe", "value": texts.joined(separator: ", "),
      "who": asked.map { "\($0) (\(role))" } ?? role, "mayRelease": client.may("release"),
      "isOwn": asked != nil && asked == account, "needsRole": account == nil,
    ]
  }

  private func release(_ id: RecordID, _ request: ConsoleRequest) throws -> ConsoleResponse {
    let isReleased = request.form["entscheidung"] == "frei"
    let role = String((request.form["rolle"] ?? "").prefix(200))
    guard request.person?.account != nil || role.contains(where: { !$0.isWhitespace }) else {
      throw Refusal(
        status: .unprocessableContent, title: "Es fehlt die Rolle",
        text: "Bitte gehen Sie zurück und sagen Sie, in welcher Rolle Sie entscheiden.")
    }
    let done = try client.row(
      "release", ["id": .string(id.description), "refuse": .bool(!isReleased)], role: role)
    let isOwn = done["requested_account"]?.text.map { $0 == request.person?.account } ?? false
    let message = isReleased ? "freigegeben" : isOwn ? "zurueckgezogen" : "nichtfreigegeben"
    return .seeOther("/freigaben?meldung=\(message)")
  }
}
