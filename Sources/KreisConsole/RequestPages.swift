// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages

/// Rückmeldungen: what others ask us to change, and what we asked them.
extension Console {
  private static let requestPage = 50

  func requests(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard request.path.count == 1 else {
      try request.allow(.post)
      return try answerRequest(request)
    }
    try request.allow(.get)
    let isAll = request.query["alle"] == "1"
    let rows = try PagedRows(
      client, "requests", [.init("all", .bool(isAll))], by: Self.requestPage,
      page: request.query["seite"], address: "/rueckmeldungen\(isAll ? "?alle=1" : "")")
    let view: View = [
      "items": rows.shown.map(requestView), "isEmpty": rows.shown.isEmpty, "isAll": isAll,
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
    ]
    return try page(
      "requests", title: "Rückmeldungen", view.merging(rows.view) { own, _ in own }, request)
  }

  private func requestView(_ row: JSONValue) -> View {
    let time = GermanTime(now: now())
    let kind = row["subject_kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
    let concerns = row["concerns"]?.text
    let status = row["status"]?.text ?? ""
    let isOpen = status == "open" || status == "question"
    let optional = { (name: String) -> Any in
      let text = row[name]?.text ?? ""
      return text.isEmpty ? false : text as Any
    }
    return [
      "id": row["id"]?.text ?? "", "subject": row["subject"]?.text ?? "",
      "name": row["subject_name"]?.text ?? kind?.label ?? "Eintrag",
      "status": Self.status(status), "who": row["title"]?.text ?? "", "office": optional("office"),
      "to": optional("to_title"), "when": time.instant(row["at"]), "remark": optional("remark"),
      "reply": optional("reply"), "isConfidential": row["confidential"] == .bool(true),
      "mayAnswer": isOpen && client.may("accept") && concerns == "answer",
      "mayReply": isOpen && client.may("request") && concerns == "reply",
      "mayWithdraw": isOpen && client.may("request") && (concerns == "reply" || concerns == "sent"),
      "changes": (row["changes"]?.elements ?? []).map { Self.changeView($0, kind) },
      "hasChanges": !(row["changes"]?.elements ?? []).isEmpty,
      "hasChanged": !(row["changed_since"]?.elements ?? []).isEmpty,
      "answers": (row["answers"]?.elements ?? []).map { answer -> View in
        [
          "who": answer["title"]?.text ?? "", "when": time.instant(answer["at"]),
          "status": Self.status(answer["status"]?.text ?? ""),
          "text": answer["text"]?.text ?? "",
        ]
      },
    ]
  }

  private static func changeView(_ change: JSONValue, _ kind: RecordKind?) -> View {
    let field = change["field"]?.text.flatMap { name in try? kind?.field(named: name) }
    let text = { (name: String) in
      FieldViews.list(change[name]).map { FieldViews.readable($0, field) }.joined(separator: ", ")
    }
    let (value, now) = (text("display"), text("now_display"))
    let what =
      switch change["operation"] {
      case "+=": "„\(value)“ hinzufügen"
      case "-=": "„\(value)“ entfernen"
      default: value.isEmpty ? "(entfernen)" : value
      }
    let scope = change["scope"]?.text.flatMap { ScopeKind(rawValue: $0) }?.label
    return [
      "label": field?.label ?? "Angabe", "value": what,
      "now": now.isEmpty ? "keine Angabe" : now, "scope": scope as Any? ?? false,
    ]
  }

  private static func status(_ key: String) -> String {
    (try? RecordKind.requestAnswer.field(named: "status"))?.display(key) ?? key
  }

  /// Accepts, declines, asks back, replies or withdraws.
  private func answerRequest(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard request.path.count == 3, RecordID(text: request.path[1]) != nil else {
      throw Refusal.notFound
    }
    let id = JSONValue.string(request.path[1])
    let text = request.form["text"]?.filter { $0 != "\r" } ?? ""
    let isEmpty = !text.contains { !$0.isWhitespace }
    func needed() throws {
      guard isEmpty else { return }
      throw Refusal(
        status: .unprocessableContent, title: "Es fehlt ein Text",
        text:
          "Bitte gehen Sie zurück und schreiben Sie einen Satz dazu, damit die andere Seite weiß, warum."
      )
    }
    switch request.path[2] {
    case "annehmen":
      _ = try client.rows(
        "accept", ["id": id, "answer": isEmpty ? .null : .string(text)])
    case "ablehnen":
      try needed()
      _ = try client.rows("decline", ["id": id, "answer": .string(text)])
    case "rueckfrage":
      try needed()
      _ = try client.rows("decline", ["id": id, "question": .string(text)])
    case "antworten":
      try needed()
      _ = try client.rows("request", ["id": id, "reply": .string(text)])
    case "zurueckziehen":
      _ = try client.rows("request", ["id": id, "withdraw": .bool(true)])
    default: throw Refusal.notFound
    }
    return .seeOther("/rueckmeldungen?meldung=beantwortet")
  }
}
