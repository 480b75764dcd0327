// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore

/// Records that probably are one, side by side, and what one does about them.
extension Console {
  private static let duplicatePage = 10

  func duplicates(_ request: ConsoleRequest) throws -> ConsoleResponse {
    switch (request.path.count, request.path.last) {
    case (1, _):
      try request.allow(.get)
      return try duplicateList(request)
    case (2, "zusammenfuehren"): return try merge(request)
    case (2, "verschieden"):
      try request.allow(.post)
      let (first, second) = try pair(request.form)
      _ = try client.rows("distinct", ["id": .string(first), "other": .string(second)])
      return .seeOther("/dubletten?meldung=verschieden")
    default: throw Refusal.notFound
    }
  }

  private func pair(_ form: FormValues) throws -> (String, String) {
    let ids = ["behalten", "aufgeben"].compactMap { form[$0].flatMap { RecordID(text: $0) } }
    guard ids.count == 2, ids[0] != ids[1] else { throw Refusal.notFound }
    return (ids[0].description, ids[1].description)
  }

  // MARK: - The list

  private func duplicateList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let own = try client.row("sync")
    // The hub keeps an eye on all; a town can do nothing about those of others.
    let pairs = try PagedRows(
      client, "duplicates", [.init("own", .bool(own["role"] != "hub"))], by: Self.duplicatePage,
      page: request.query["seite"], address: "/dubletten")
    let isKnown = pairs.head["at"]?.unsigned != nil
    let time = GermanTime(now: now())
    let items = try pairs.shown.compactMap(duplicate)
    let view: View = [
      "items": items, "isEmpty": isKnown && items.isEmpty,
      "count": isKnown ? pairs.total.counted("Paar", "Paare") as Any : false,
      "isChecking": pairs.head["current"] != .bool(true),
      "when": isKnown ? time.instant(pairs.head["at"]) as Any : false,
      "mayMerge": client.may("merge"),
      "message": request.query["meldung"].flatMap { Self.messages[$0] } as Any? ?? false,
    ]
    return try page(
      "duplicates", title: "Dubletten", view.merging(pairs.view) { own, _ in own }, request)
  }

  private func duplicate(_ row: JSONValue) throws -> View? {
    let ids = (row["records"]?.elements ?? []).compactMap(\.text)
    guard ids.count == 2,
      let sides = try? ids.map({ id in
        RecordSide(try client.row("show", ["id": .string(id)]))
      })
    else { return nil }
    // Since they were compared one may have gone, or somebody said that they are two.
    guard !RecordSide.isSettled(sides[0], sides[1]) else { return nil }
    let reasons = (row["reasons"]?.elements ?? []).compactMap(\.text)
    return [
      "kind": sides[0].kind?.label ?? "Eintrag", "reasons": reasons.joined(separator: ", "),
      "first": sides[0].view(), "second": sides[1].view(),
      "rows": RecordSide.comparison(sides[0], sides[1]),
    ]
  }

  // MARK: - Making one of two

  private func merge(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let (keep, other) = try pair(request.method == .post ? request.form : request.query)
    let sides = try [keep, other].map { RecordSide(try client.row("show", ["id": .string($0)])) }
    guard sides[0].kind == sides[1].kind, let kind = sides[0].kind else { throw Refusal.notFound }
    for side in sides where side.row["deleted"] == .bool(true) {
      throw Refusal(.deleted) ?? .notFound
    }
    let own = try client.row("sync")
    try client.check("merge")
    let mayWrite = sides.map { own["role"] == "hub" || $0.row["owner"] == own["name"] }
    let missing = mayWrite[0] ? RecordSide.missing(in: sides[0], from: sides[1]) : []
    guard request.method == .post else {
      try request.allow(.get)
      let view: View = [
        "kind": kind.label, "keep": sides[0].view(), "other": sides[1].view(),
        "comparison": [
          "first": sides[0].view("wird behalten"), "second": sides[1].view("wird gelöscht"),
          "rows": RecordSide.comparison(sides[0], sides[1]),
        ] as View, "mayMerge": mayWrite[1],
        "mayTake": mayWrite[0],
        "missing": missing.map { field, texts -> View in
          ["name": field.name, "label": field.label, "text": texts.joined(separator: ", ")]
        }, "hasMissing": !missing.isEmpty,
      ]
      return try page("merge", title: "\(kind.label) zusammenführen", view, request)
    }
    let taken = Set(request.form.all("nimm"))
    let changes = missing.filter { taken.contains($0.field.name) }
      .flatMap { sides[1].changes($0.field, missing: sides[0]) }
    if !changes.isEmpty {
      // What it takes over is as public as it was.
      _ = try client.row(
        "edit",
        ["id": .string(keep), "changes": .array(changes), "publish": .bool(true)])
    }
    let merged = try client.row("merge", ["keep": .string(keep), "other": .string(other)])
    let isLeft = !(merged["remaining"]?.elements ?? []).isEmpty
    return .seeOther(
      "/eintrag/\(keep)?meldung=\(isLeft ? "zusammengefuehrtrest" : "zusammengefuehrt")")
  }
}
