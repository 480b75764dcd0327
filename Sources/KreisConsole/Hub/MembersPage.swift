// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages

/// Who takes part, who is invited. What is done here is done by the hub's own commands.
extension Console {
  func members(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let rest = Array(request.path.dropFirst(2))
    switch (rest.first, rest.count) {
    case (nil, _):
      try request.allow(.get)
      return try memberList(request)
    case ("einladen", 1):
      try request.allow(.post)
      return try invite(request)
    case ("zurueckziehen", 1):
      try request.allow(.post)
      _ = try client.rows(
        "hub-withdraw", ["name": .string(request.form["name"] ?? "")])
      return .seeOther("/kreis/mitglieder?meldung=zurueckgezogen")
    case (let name?, 2) where rest[1] == "ausschliessen":
      return try revoke(request, name)
    default: throw Refusal.notFound
    }
  }

  private static let memberMessages = [
    "zurueckgezogen": "Die Einladung gilt nicht mehr.",
    "ausgeschlossen": "Die Kommune gehört nicht mehr zum Kreisnetz.",
  ]

  private static let memberPageSize = 100

  /// - Parameter original: the command's own words, which are English: for whoever looks after the machine.
  private func memberList(
    _ request: ConsoleRequest, error: String? = nil, original: String? = nil
  ) throws -> ConsoleResponse {
    let row = try client.row("overview")
    let time = GermanTime(now: now())
    let paging = Paging(
      row["towns"]?.elements ?? [], by: Self.memberPageSize, page: request.query["seite"],
      address: "/kreis/mitglieder")
    let members = paging.shown.map { member -> View in
      let isRevoked = member["revoked"] == .bool(true)
      let name = member["name"]?.text ?? ""
      return [
        "name": name, "title": member["title"]?.text ?? "", "ags": member["ags"]?.text ?? "",
        "since": time.instant(member["since"]), "isRevoked": isRevoked,
        "mayRevoke": !isRevoked && request.person?.may("hub-revoke") == true,
        "entries": Self.grouped(member["entries"]?.unsigned ?? 0),
        "address": "/kreis/mitglieder/\(FormValues.encoded(name))/ausschliessen",
      ]
    }
    let states = [
      "open": "offen", "used": "benutzt", "expired": "abgelaufen", "withdrawn": "zurückgezogen",
    ]
    // What is still to happen first; of what happened the latest.
    let all = row["invites"]?.elements ?? []
    let used = all.filter { $0["state"]?.text == "used" }
    let listed = Array(
      (all.filter { $0["state"]?.text != "used" } + used).prefix(Self.memberPageSize))
    let invites = listed.map { one -> View in
      let state = one["state"]?.text ?? ""
      let isForKey = state != "used" && one["member"] ?? .null != .null
      return [
        "name": one["name"]?.text ?? "", "title": one["title"]?.text ?? "",
        "state": states[state] ?? state,
        "mayWithdraw": state == "open" && request.person?.may("hub-withdraw") == true,
        "made": time.instant(one["created_at"]), "until": time.instant(one["expires_at"]),
        "purpose": isForKey ? "neuer Schlüssel" : "Beitritt",
      ]
    }
    let view: View = [
      "members": members, "isEmpty": members.isEmpty, "invites": invites,
      "hasInvites": !invites.isEmpty, "hasMoreInvites": listed.count < all.count,
      "error": error as Any? ?? false, "original": original as Any? ?? false,
      "mayInvite": request.person?.may("hub-invite") == true,
      "message": request.query["meldung"].flatMap { Self.memberMessages[$0] } as Any? ?? false,
      "valueName": request.form["name"] ?? "", "valueTitle": request.form["title"] ?? "",
      "valueAGS": request.form["ags"] ?? "", "valueDays": request.form["days"] ?? "7",
    ]
    return try hubPage(
      "members", title: "Mitglieder", view.merging(paging.view) { own, _ in own }, request,
      status: error == nil ? .ok : .unprocessableContent)
  }

  private static let notInvited = """
    Das geht so nicht. Eine neue Kommune braucht einen Kurznamen aus Kleinbuchstaben, Ziffern und \
    Bindestrichen, ihren Namen und ihren Gemeindeschlüssel; wer schon eingeladen war, nur den Kurznamen. \
    Wer schon Mitglied ist, wird hier nicht noch einmal eingeladen.
    """

  private func invite(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let text = { (name: String) in
      (request.form[name] ?? "").trimmingPrefix { $0.isWhitespace }
    }
    let name = String(text("name"))
    guard !name.isEmpty else {
      return try memberList(
        request, error: "Bitte geben Sie einen Kurznamen an, zum Beispiel halver.")
    }
    let days = Int(text("days")) ?? 0
    guard (1...90).contains(days) else {
      return try memberList(request, error: "Eine Einladung kann 1 bis 90 Tage gelten.")
    }
    var arguments: [JSONValue.Member] = [
      .init("name", .string(name)), .init("days", .integer(days)),
    ]
    if !text("title").isEmpty {
      arguments += [
        .init("title", .string(String(text("title")))), .init("ags", .string(String(text("ags")))),
      ]
    }
    let row: JSONValue
    do { row = try client.row("hub-invite", .object(arguments)) } catch let error as CommandError {
      if error.outcome == .notNow { throw error }
      return try memberList(request, error: Self.notInvited, original: error.text)
    }
    let typed = String(text("title"))
    let title = row["title"]?.text ?? (typed.isEmpty ? name : typed)
    let view: View = [
      "name": row["name"]?.text ?? name, "title": title, "invite": row["invite"]?.text ?? "",
      "until": GermanTime(now: now()).instant(row["expires_at"]),
    ]
    return try hubPage("invited", title: "Einladung für \(title)", view, request)
  }

  /// Asks before it is done: a member that was shut out cannot be let in again under its old keys.
  private func revoke(_ request: ConsoleRequest, _ name: String) throws -> ConsoleResponse {
    let towns = try client.row("overview")["towns"]?.elements ?? []
    guard let town = towns.first(where: { $0["name"]?.text == name }),
      town["revoked"] != .bool(true)
    else { throw Refusal.notFound }
    let isSure = request.form["sicher"] == name
    if request.method == .post, isSure {
      _ = try client.rows("hub-revoke", ["name": .string(name)])
      return .seeOther("/kreis/mitglieder?meldung=ausgeschlossen")
    }
    let view: View = [
      "name": name, "title": town["title"]?.text ?? name,
      "error": request.method == .post
        ? "Bitte schreiben Sie den Kurznamen „\(name)“ in das Feld." as Any : false,
    ]
    return try hubPage(
      "revoke", title: "\(town["title"]?.text ?? name) ausschließen", view, request,
      status: request.method == .post ? .unprocessableContent : .ok)
  }
}
