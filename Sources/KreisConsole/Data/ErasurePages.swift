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

  private static let erasurePage = 50

  /// `/loeschungen`, `/loeschungen/ID`, `/loeschungen/ID/text`
  func erasures(_ request: ConsoleRequest) throws -> ConsoleResponse {
    try request.allow(.get)
    guard request.path.count > 1 else { return try erasureList(request) }
    guard RecordID(text: request.path[1]) != nil,
      request.path.count == 2 || request.path[2] == "text"
    else { throw Refusal.notFound }
    let row = try client.row("erasures", ["id": .string(request.path[1])])
    let certificate = Certificate(row, id: request.path[1], GermanTime(now: now()), at: now())
    guard request.path.count == 2 else {
      let file = try KeptInput(in: spool) { try $0(Array(certificate.text.utf8)) }
      let day = GermanTime(now: now()).today.description
      return .download(
        file, type: "text/plain; charset=utf-8",
        name: "loeschbestaetigung-\(request.path[1])-\(day).txt")
    }
    var view = certificate.view
    view["message"] =
      request.query["meldung"] == "vernichtet"
      ? "Hier ist alles vernichtet. Die anderen Stellen folgen und bestätigen es; diese Seite zeigt, wer schon hat."
        as Any : false
    return try page("certificate", title: "Löschbestätigung", view, request)
  }

  private func erasureList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let rows = try PagedRows(
      client, "erasures", by: Self.erasurePage, page: request.query["seite"],
      address: "/loeschungen")
    let time = GermanTime(now: now())
    let items = rows.shown.map { row -> View in
      let members = row["members"]?.elements ?? []
      let done = members.count { $0["confirmed_at"] ?? .null != .null }
      return [
        "address": "/loeschungen/\(row["id"]?.text ?? "")", "id": row["id"]?.text ?? "",
        "kind": row["kind_label"]?.text ?? "Eintrag", "when": time.instant(row["ordered_at"]),
        "who": row["ordered_by_title"]?.text ?? "", "state": Certificate.state(row, time),
        "isLate": row["state"] == "overdue",
        "count": members.isEmpty ? false : "\(done) von \(members.count) bestätigt" as Any,
      ]
    }
    let view: View = ["items": items, "isEmpty": items.isEmpty]
    return try page(
      "erasures", title: "Löschungen", view.merging(rows.view) { own, _ in own }, request)
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
      let refusal = refusal(error)
      // What can be mended here is said at its place, all else as everywhere.
      guard error.rejection == .namesPerson || error.rejection == .unrelated else { throw refusal }
      let field = error.rejection == .namesPerson ? "grund" : "mit"
      return try erasePage(request, row, id: id, wrong: (field, refusal.text))
    }
    return .seeOther("/loeschungen/\(id)?meldung=vernichtet")
  }

  private func erasePage(
    _ request: ConsoleRequest, _ row: JSONValue, id: String,
    wrong: (field: String, text: String)? = nil
  ) throws -> ConsoleResponse {
    let fields = FieldViews(row)
    let name = fields.name ?? fields.kind?.label ?? "Eintrag"
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
      "wrongReason": error("grund"), "wrongSure": error("sicher"), "wrongOthers": error("mit"),
      "hasErrors": wrong != nil,
    ]
    let title = "\(name) endgültig löschen"
    return try page(
      "erase", title: wrong == nil ? title : "Fehler: \(title)", view, request,
      status: wrong == nil ? .ok : .unprocessableContent)
  }
}
