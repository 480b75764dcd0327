// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages

/// What is to be confirmed: whether it is still true.
extension Console {
  private static let dueLimit = 200
  /// Days ahead.
  private static let ahead = 30

  func due(_ request: ConsoleRequest) throws -> ConsoleResponse {
    if request.method == .post {
      let ids = request.form.all("id").filter { RecordID(text: $0) != nil }
      guard !ids.isEmpty else { return .seeOther("/faellig?meldung=nichts") }
      _ = try client.rows("confirm", ["ids": .array(ids.map { .string($0) })])
      return .seeOther("/faellig?meldung=bestaetigt")
    }
    try request.allow(.get)
    let rows = try client.rows(
      "due", ["within": .integer(Self.ahead), "limit": .integer(Self.dueLimit)])
    let total = Int(clamping: rows.first?["total"]?.unsigned ?? 0)
    let today = GermanTime(now: now()).today
    let items = rows.dropFirst().map { row -> View in
      let kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
      let day = row["due"]?.text.flatMap { CivilDate($0) }
      let id = row["id"]?.text ?? ""
      return [
        "id": id, "address": "/eintrag/\(id)",
        "name": row["name"]?.text.flatMap { $0.isEmpty ? nil : $0 } ?? kind?.label ?? "Eintrag",
        "kind": kind?.label ?? "", "organization": row["organization"]?.text as Any? ?? false,
        "isLate": day.map { $0 < today } ?? false,
        "when": day.map { "fällig am \(GermanTime.day($0))" } ?? "noch nie bestätigt",
      ]
    }
    let view: View = [
      "items": items, "isEmpty": items.isEmpty, "mayConfirm": client.may("confirm"),
      "count": total.counted("Eintrag", "Einträge"), "hasMore": total > items.count,
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
    ]
    return try page("due", title: "Zu bestätigen", view, request)
  }
}
