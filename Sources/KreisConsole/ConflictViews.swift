// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// Values that two places entered at once, side by side.
struct ConflictViews {
  let time: GermanTime

  /// - Parameters:
  ///   - conflict: as `show` and `conflicts` print it.
  ///   - id: of the record.
  ///   - mayDecide: whether this replica keeps the record.
  func view(
    _ conflict: JSONValue, of id: String, _ kind: RecordKind?, mayDecide: Bool
  ) -> View {
    let name = conflict["field"]?.text ?? ""
    let field = try? kind?.field(named: name)
    let element = conflict["element"]?.text
    let isDeletion = conflict["against_deletion"] == .bool(true) || name == "deleted"
    let label = isDeletion ? "Gelöscht und zugleich geändert" : field?.label ?? "Angabe"
    return [
      "label": label, "isDeletion": isDeletion, "record": id, "field": name,
      "element": element ?? "", "mayDecide": mayDecide,
      "alternatives": (conflict["alternatives"]?.elements ?? []).enumerated().map { index, one in
        alternative(one, field, isElement: element != nil, isShown: index == 0)
      },
    ]
  }

  private func alternative(
    _ json: JSONValue, _ field: Field?, isElement: Bool, isShown: Bool
  ) -> View {
    let text = json["display"]?.text.map { FieldViews.readable($0, field) }
    let isWithdrawn = json["withdrawn"] == .bool(true)
    let shown: String =
      switch (isWithdrawn, isElement, text) {
      case (true, true, let text?): "„\(text)“ nicht aufführen"
      case (true, _, _): "Keine Angabe"
      case (false, true, let text?): "„\(text)“ aufführen"
      case (false, _, let text): text ?? "(nicht mehr vorhanden)"
      }
    return [
      "text": shown, "who": json["title"]?.text ?? "", "when": time.instant(json["at"]),
      "hash": json["hash"]?.text ?? "", "isShown": isShown,
    ]
  }
}

extension Console {
  private static let conflictPage = 50

  func conflictList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let own = try client.row("sync")
    let views = ConflictViews(time: GermanTime(now: now()))
    let rows = try PagedRows(
      client, "conflicts", by: Self.conflictPage, page: request.query["seite"],
      address: "/konflikte")
    let items = rows.shown.map { row -> View in
      let isOwner = own["role"] == "hub" || row["owner"] == own["name"]
      let kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
      var view = views.view(
        row, of: row["id"]?.text ?? "", kind, mayDecide: client.may("resolve") && isOwner)
      view["name"] = row["name"]?.text ?? "Ohne Namen"
      view["kindLabel"] = kind?.label ?? "Eintrag"
      return view
    }
    let head = try client.row("releases", ["limit": .integer(0)])
    let waiting = Int(clamping: head["total"]?.unsigned ?? 0)
    let view: View = [
      "conflicts": items, "isEmpty": items.isEmpty,
      "releases": waiting == 0 ? false : waiting.counted("Angabe", "Angaben") as Any,
    ]
    return try page(
      "conflicts", title: "Zu entscheiden", view.merging(rows.view) { own, _ in own }, request)
  }
}
