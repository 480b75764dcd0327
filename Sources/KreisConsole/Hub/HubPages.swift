// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages

/// The Kreis as its hub sees it. Towns have no such pages.
///
/// | address | what |
/// |---|---|
/// | `/kreis` | the towns, how it went, the networks |
/// | `/kreis/pruefung` | feeds, and what the members stated of them |
/// | `/kreis/mitglieder` | members and invites |
/// | `/kreis/protokoll` | the audit log |
extension Console {
  /// Towns, feeds or statements on one page.
  private static let pageSize = 100

  func hub(_ request: ConsoleRequest) throws -> ConsoleResponse {
    guard try client.row("sync")["role"] == "hub" else { throw Refusal.notFound }
    switch (request.path.dropFirst().first, request.path.count) {
    case (nil, _):
      try request.allow(.get)
      return try overview(request)
    case ("pruefung", 2):
      try request.allow(.get)
      return try proofs(request)
    case ("mitglieder", 2...4): return try members(request)
    case ("protokoll", 2):
      try request.allow(.get)
      return try auditLog(request)
    default: throw Refusal.notFound
    }
  }

  /// A page of the hub, with the places that all of them lead to.
  ///
  /// - Throws: `CommandError`.
  func hubPage(
    _ template: String, title: String, _ view: View, _ request: ConsoleRequest,
    status: HTTPResponse.Status = .ok
  ) throws -> ConsoleResponse {
    let here = request.path.dropFirst().first ?? ""
    let places = [
      ("", "/kreis", "Überblick"), ("pruefung", "/kreis/pruefung", "Prüfung"),
      ("mitglieder", "/kreis/mitglieder", "Mitglieder"),
      ("protokoll", "/kreis/protokoll", "Protokoll"),
    ]
    var view = view
    // Who may not read it is not led there.
    let open = places.filter { $0.0 != "protokoll" || request.person?.may("audit") == true }
    view["places"] = open.map { key, address, label -> View in
      ["address": address, "label": label, "isHere": key == here]
    }
    return try page(template, title: title, view, request, status: status)
  }

  private func overview(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let row = try client.row("overview")
    let time = GermanTime(now: now())
    let towns = (row["towns"]?.elements ?? []).filter { $0["revoked"] != .bool(true) }
      .map { TownState($0, time) }
    let lags = LagDrawing(row, time)
    let growth = GrowthDrawing(row, time)
    let graph = NetworkDrawing(row, towns)
    let troubles = HubTroubles.views(row)
    // Where there are so many that nobody reads them all, those come first that need somebody.
    let isLong = towns.count > Self.pageSize
    let paging = Paging(
      isLong ? TownState.urgentFirst(towns) : towns, by: Self.pageSize,
      page: request.query["seite"], address: "/kreis")
    let view: View = [
      "isLong": isLong, "troubles": troubles, "hasTroubles": !troubles.isEmpty,
      "summary": TownState.summary(towns), "towns": paging.shown.map(\.view),
      "isEmpty": towns.isEmpty,
      "lags": lags.views, "hasLags": !lags.views.isEmpty, "lagDays": lags.days,
      "lagNote": lags.note, "hasMoreLags": lags.hasMore,
      "growth": growth.view as Any? ?? false, "entries": growth.text,
      "graph": graph.view as Any? ?? false, "networks": graph.rows,
      "hasNetworks": !graph.rows.isEmpty,
    ]
    return try hubPage(
      "hub", title: "Kreis", view.merging(paging.view) { own, _ in own }, request)
  }

  private func proofs(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let row = try client.row("overview")
    let time = GermanTime(now: now())
    let feeds = Paging(
      FeedView.all(row, time), by: Self.pageSize, page: request.query["seite"],
      address: "/kreis/pruefung")
    let troubles = HubTroubles.views(row)
    let view: View = [
      "feeds": feeds.shown.map(\.view), "troubles": troubles, "hasTroubles": !troubles.isEmpty,
    ]
    return try hubPage(
      "proofs", title: "Prüfung", view.merging(feeds.view) { own, _ in own }, request)
  }

  /// `12.345`
  static func grouped(_ number: UInt64) -> String {
    var out = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0 { out.append(".") }
      out.append(digit)
    }
    return String(out.reversed())
  }
}

/// What needs a person at once.
enum HubTroubles {
  /// What each kind of trouble means and what to do; the words of the program stay beside it.
  private static let sentences: [String: (heading: String, text: String)] = [
    "split": (
      "Zwei Verläufe: Der Hub hat verschiedenen Kommunen Verschiedenes gezeigt",
      """
      Beide sind von ihm unterschrieben, der Beweis ist aufgehoben. Jemand hat den Hub auf einen älteren \
      Stand zurückgesetzt, oder sein Schlüssel wird auch anderswo benutzt. Bitte nichts löschen und \
      sofort die Technik verständigen.
      """
    ),
    "fork": (
      "Ein Schlüssel wurde auf zwei Rechnern benutzt",
      """
      Eine Stelle läuft doppelt, zum Beispiel aus einer Sicherung oder als Kopie eines Rechners. Beides, \
      was sie geschrieben hat, ist aufgehoben. Die Technik muss einen der beiden Rechner anhalten.
      """
    ),
    "damage": (
      "Der Datenbestand des Hubs ist beschädigt",
      """
      Ein Datenträger hat etwas verändert, oder jemand hat fremd hineingeschrieben. Was betroffen ist, \
      wird nicht gezeigt und nicht weitergegeben. Die Technik kann es aus den Beständen der Kommunen \
      zurückholen; kommt es wieder, muss der Datenträger getauscht werden.
      """
    ),
    "halted": (
      "Der Hub bedient niemanden",
      """
      Er wurde aus einer Sicherung wiederhergestellt und weiß weniger, als er den Kommunen schon bestätigt \
      hat. Die Technik muss ihm den nächsten Schlüssel geben; die Kommunen arbeiten so lange für sich weiter.
      """
    ),
    "gathering": (
      "Der Hub sammelt wieder ein, was ihm fehlt",
      """
      Er holt von den Kommunen zurück, was er verloren hat. Bis die Technik das Einsammeln beendet, gibt er \
      nichts weiter; die Kommunen arbeiten so lange für sich.
      """
    ),
    "store": (
      "Der Hub kann nichts speichern",
      """
      Meist ist der Datenträger voll. Was die Kommunen schreiben, bleibt bei ihnen und wird nachgeholt, \
      sobald wieder Platz ist.
      """
    ),
  ]

  static func views(_ row: JSONValue) -> [View] {
    var out = (row["troubles"]?.elements ?? []).map { trouble -> View in
      let known = sentences[trouble["kind"]?.text ?? ""]
      return [
        "heading": known?.heading ?? "Störung", "text": known?.text as Any? ?? false,
        "detail": trouble["text"]?.text as Any? ?? false,
      ]
    }
    for feed in row["feeds"]?.elements ?? [] {
      let names = (feed["statements"]?.elements ?? []).filter { $0["agrees"] == .bool(false) }
        .compactMap { $0["title"]?.text }
      guard !names.isEmpty else { continue }
      out.append([
        "heading": "Kommunen haben etwas anderes geprüft, als der Hub jetzt hat", "detail": false,
        "text": "\(names.joined(separator: ", ")): Der Hub wurde zurückgesetzt, oder er hat "
          + "Verschiedenes gezeigt. Bitte die Technik verständigen.",
      ])
    }
    return out
  }
}
