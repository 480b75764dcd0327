// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

/// Destroying what is held of somebody or something, and the proof that it was done.
extension Console {
  // MARK: - Orders and certificates

  /// `/loeschungen`, `/loeschungen/ID`
  func erasures(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try request.allow(.get)
    guard request.path.count == 2 else { return try erasureList(request) }
    guard RecordID(text: request.path[1]) != nil else { throw Refusal.notFound }
    return try certificate(request, id: request.path[1])
  }

  private func erasureList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let rows = try client.rows("erasures").reversed()
    let time = GermanTime(now: now())
    let items = rows.map { row -> View in
      let members = row["members"]?.elements ?? []
      let done = members.count { $0["confirmed_at"] ?? .null != .null }
      return [
        "address": "/loeschungen/\(row["id"]?.text ?? "")", "id": row["id"]?.text ?? "",
        "kind": row["kind_label"]?.text ?? "Eintrag", "when": time.instant(row["ordered_at"]),
        "who": row["ordered_by_title"]?.text ?? "", "state": Self.state(row, time),
        "isLate": row["state"] == "overdue",
        "count": members.isEmpty ? false : "\(done) von \(members.count) bestätigt" as Any,
      ]
    }
    let view: View = ["items": Array(items), "isEmpty": items.isEmpty]
    return try page("erasures", title: "Löschungen", view, request)
  }

  private static func state(_ row: JSONValue, _ time: GermanTime) -> String {
    switch row["state"] {
    case "confirmed": "von allen bestätigt"
    case "overdue": "überfällig seit \(time.instant(row["due_at"]))"
    case "ordered": "angeordnet, die Antwort des Kreises steht aus"
    default: "Bestätigungen stehen aus"
    }
  }

  /// Art. 17 and 19 GDPR, to print.
  private func certificate(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    let row = try client.row("erasures", ["id": .string(id)])
    let time = GermanTime(now: now())
    let optional = { (name: String) -> Any in
      let text = row[name]?.text ?? ""
      return text.isEmpty ? false : text as Any
    }
    let executed = row["executed_at"] ?? .null
    let gone = (row["gone"]?.elements ?? []).compactMap(\.text)
    let view: View = [
      "id": row["id"]?.text ?? id, "kind": row["kind_label"]?.text ?? "Eintrag",
      "kreis": row["kreis"]?.text ?? "", "realm": row["realm"]?.text ?? "",
      "ordered": time.instant(row["ordered_at"]), "by": row["ordered_by_title"]?.text ?? "",
      "role": optional("role"), "reason": optional("reason"),
      "executed": executed == .null ? "noch nicht" : "\(time.instant(executed)) beim Kreis",
      "isDone": row["state"] == "confirmed", "state": Self.state(row, time),
      "today": time.instant(.integer(Int(clamping: now()))),
      "members": (row["members"]?.elements ?? []).map { member -> View in
        let at = member["confirmed_at"] ?? .null
        let isLate = at == .null && member["overdue"] == .bool(true)
        return [
          "title": member["title"]?.text ?? "", "isMissing": isLate,
          "text": at != .null
            ? time.instant(at) : isLate ? "fehlt, Frist überschritten" : "steht noch aus",
        ]
      },
      "gone": gone.isEmpty ? false : gone.joined(separator: ", ") as Any,
      "message": request.query["meldung"] == "vernichtet"
        ? "Hier ist alles vernichtet. Die anderen Stellen folgen und bestätigen es; diese Seite zeigt, wer schon hat."
          as Any : false,
    ]
    return try page("certificate", title: "Löschbestätigung", view, request)
  }

  // MARK: - Destroying

  /// `/eintrag/ID/vernichten`: says in plain words what goes, and does it when that was confirmed.
  func erase(_ request: ConsoleRequest, id: String) throws -> ConsoleResponse {
    try client.check("erase")
    let row = try client.row("show", ["id": .string(id)])
    guard request.method == .post, !request.isReturned else {
      if !request.isReturned { try request.allow(.get) }
      return try erasePage(request, row, id: id)
    }
    let reason = (request.form["grund"] ?? "").filter { $0 != "\r" }
    guard reason.contains(where: { !$0.isWhitespace }) else {
      return try erasePage(request, row, id: id, wrong: ("grund", "Bitte ausfüllen."))
    }
    guard request.form["sicher"] == "1" else {
      let text = "Bitte bestätigen Sie, dass Sie es gelesen haben."
      return try erasePage(request, row, id: id, wrong: ("sicher", text))
    }
    let others = request.form.all("mit").filter { RecordID(text: $0) != nil }
    do {
      _ = try client.rows(
        "erase",
        [
          "id": .string(id), "with": .array(others.map { .string($0) }),
          "only": .bool(others.isEmpty),
        ], reason: reason)
    } catch let error as CommandError {
      let text =
        error.text.contains("must not name")
        ? "Der Grund bleibt stehen und darf deshalb die Person nicht nennen." : nil
      return try erasePage(
        request, row, id: id, wrong: ("grund", text ?? "Es wurde nichts gelöscht."),
        detail: text == nil ? error.text : nil)
    }
    return .seeOther("/loeschungen/\(id)?meldung=vernichtet")
  }

  private func erasePage(
    _ request: ConsoleRequest, _ row: JSONValue, id: String,
    wrong: (field: String, text: String)? = nil, detail: String? = nil
  ) throws -> ConsoleResponse {
    let fields = FieldViews(row)
    let name = fields.text(fields.kind?.naming?.name ?? "name") ?? fields.kind?.label ?? "Eintrag"
    let found = try client.rows("erase", ["id": .string(id), "dry_run": .bool(true)])
    let chosen = Set(request.form.all("mit"))
    let others = found.map { hit -> View in
      let other = hit["id"]?.text ?? ""
      let kind = hit["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
      let how =
        switch hit["how"] {
        case "refers": "gehört dazu"
        case "names": "nennt den Namen"
        default: "hat denselben Nachnamen"
        }
      return [
        "id": other, "address": "/eintrag/\(other)", "kind": kind?.label ?? "Eintrag",
        "name": hit["name"]?.text ?? "", "how": how, "owner": hit["owner_title"]?.text ?? "",
        "mayErase": hit["erasable"] == .bool(true), "chosen": chosen.contains(other),
      ]
    }
    let error = { (field: String) -> Any in
      if let wrong, wrong.field == field { wrong.text } else { false }
    }
    let view: View = [
      "id": id, "name": name, "kind": fields.kind?.label ?? "Eintrag",
      "isPerson": fields.kind?.name == "contact", "others": others, "hasOthers": !others.isEmpty,
      "reason": request.form["grund"] ?? "", "isSure": request.form["sicher"] == "1",
      "wrongReason": error("grund"), "wrongSure": error("sicher"), "hasErrors": wrong != nil,
      "detail": detail as Any? ?? false,
    ]
    let title = "\(name) endgültig löschen"
    return try page(
      "erase", title: wrong == nil ? title : "Fehler: \(title)", view, request,
      status: wrong == nil ? .ok : .unprocessableContent)
  }
}
