// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore

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
      "items": rows.shown.map { requestView($0) }, "isOne": false, "isEmpty": rows.shown.isEmpty,
      "isAll": isAll,
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
    ]
    return try page(
      "requests", title: "Rückmeldungen", view.merging(rows.view) { own, _ in own }, request)
  }

  /// - Parameter draft: what stands in its form.
  private func requestView(_ row: JSONValue, _ draft: View = Self.noDraft) -> View {
    let time = GermanTime(now: now())
    let kind = row["subject_kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
    let concerns = row["concerns"]?.text
    let status = row["status"]?.text ?? ""
    let isOpen = status == "open" || status == "question"
    let optional = { (name: String) -> Any in
      let text = row[name]?.text ?? ""
      return text.isEmpty ? false : text as Any
    }
    let view: View = [
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
    return view.merging(draft) { own, _ in own }
  }

  private static var noDraft: View {
    [
      "draft": "", "refusal": false, "publishes": false, "isPublishing": false, "needsRole": false,
      "role": "",
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

  // MARK: - Answers

  /// Accepts, declines, asks back, replies or withdraws.
  private func answerRequest(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard request.path.count == 3, RecordID(text: request.path[1]) != nil else {
      throw Refusal.notFound
    }
    do {
      let done = try answer(request.path[1], request.path[2], request)
      return .seeOther("/rueckmeldungen?meldung=\(Self.message(done) ?? "beantwortet")")
    } catch let refusal as Refusal {
      guard let page = try again(request, refusal) else { throw refusal }
      return page
    } catch let error as CommandError {
      guard let page = try again(request, refusal(error), because: error.rejection) else {
        throw error
      }
      return page
    }
  }

  private func answer(_ id: String, _ act: String, _ request: ConsoleRequest) throws -> JSONValue {
    let id = JSONValue.string(id)
    let text = Self.typed(request)
    let isEmpty = !text.contains { !$0.isWhitespace }
    func needed() throws -> JSONValue {
      guard isEmpty else { return .string(text) }
      throw Refusal(
        status: .unprocessableContent, title: "Es fehlt ein Text",
        text: "Bitte schreiben Sie einen Satz dazu, damit die andere Seite weiß, warum.")
    }
    switch act {
    case "annehmen":
      return try client.row(
        "accept",
        [
          "id": id, "answer": isEmpty ? .null : .string(text),
          "publish": .bool(Self.isPublishing(request)),
        ], role: String((request.form["rolle"] ?? "").prefix(200)))
    case "ablehnen": return try client.row("decline", ["id": id, "answer": needed()])
    case "rueckfrage": return try client.row("decline", ["id": id, "question": needed()])
    case "antworten": return try client.row("request", ["id": id, "reply": needed()])
    case "zurueckziehen":
      return try client.row("request", ["id": id, "withdraw": .bool(true)])
    default: throw Refusal.notFound
    }
  }

  private static func typed(_ request: ConsoleRequest) -> String {
    request.form["text"]?.filter { $0 != "\r" } ?? ""
  }

  /// The request alone, with what was typed to it and why that did not go through.
  ///
  /// - Returns: `nil` where nothing can be answered any more.
  private func again(
    _ request: ConsoleRequest, _ refusal: Refusal, because rejection: Rejection? = nil
  ) throws -> ConsoleResponse? {
    guard refusal.status == .unprocessableContent,
      let row = try client.rows("requests", ["id": .string(request.path[1])]).first
    else { return nil }
    let isPublishing = Self.isPublishing(request)
    let item = requestView(
      row,
      [
        "draft": Self.typed(request),
        "refusal": ["heading": refusal.title, "reason": refusal.text] as View,
        "publishes": rejection == .publishes || isPublishing, "isPublishing": isPublishing,
        "needsRole": (rejection == .needsRole || request.form["rolle"] != nil)
          && request.person?.account == nil,
        "role": request.form["rolle"] ?? "",
      ])
    guard item["mayAnswer"] as? Bool == true || item["mayReply"] as? Bool == true else {
      return nil
    }
    let view: View = [
      "items": [item], "isOne": true, "isEmpty": false, "isAll": false, "message": false,
    ]
    return try page(
      "requests", title: "Fehler: Rückmeldungen",
      view.merging(Self.pageLinks(1, of: 1) { _ in "" }) { own, _ in own }, request,
      status: refusal.status)
  }
}
