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
    let text = json["display"]?.text.map { text in
      field.map { FieldViews.readable(text, $0) } ?? text
    }
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
  func conflictList(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let own = try client.row("sync")
    let views = ConflictViews(time: GermanTime(now: now()))
    var isOwner: [String: Bool] = [:]
    let items = try client.rows("conflicts").prefix(200).map { row -> View in
      let id = row["id"]?.text ?? ""
      if isOwner[id] == nil {
        let shown = try client.row("show", ["id": .string(id)])
        isOwner[id] = own["role"] == "hub" || shown["owner"] == own["name"]
      }
      let kind = row["kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
      var view = views.view(
        row, of: id, kind, mayDecide: client.may("resolve") && isOwner[id] == true)
      view["name"] = row["name"]?.text ?? "Ohne Namen"
      view["kindLabel"] = kind?.label ?? "Eintrag"
      return view
    }
    let waiting = try client.rows("list", ["kind": "publication"]).count
    return try page(
      "conflicts", title: "Zu entscheiden",
      [
        "conflicts": items, "isEmpty": items.isEmpty,
        "releases": waiting == 0 ? false : waiting.counted("Angabe", "Angaben") as Any,
      ], request)
  }
}
