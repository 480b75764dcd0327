// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// A record's history in plain words, the latest first.
struct HistoryViews {
  private let time: GermanTime

  init(_ time: GermanTime) { self.time = time }

  func views(_ rows: [JSONValue]) -> [View] {
    var isFirst = true
    let oldestFirst = rows.map { row -> View in
      defer { isFirst = false }
      return view(row, isFirst: isFirst)
    }
    return oldestFirst.reversed()
  }

  private func view(_ row: JSONValue, isFirst: Bool) -> View {
    let kind = row["record_kind"]?.text.flatMap { try? Schema.directory.kind(named: $0) }
    let writes = row["writes"]?.elements ?? []
    let role = row["role"]?.text ?? ""
    let reason = row["reason"]?.text ?? ""
    return [
      "when": time.instant(row["at"]), "who": row["title"]?.text ?? "",
      "role": role.isEmpty ? false : role as Any, "reason": reason.isEmpty ? false : reason as Any,
      "act": act(row, writes, isFirst: isFirst),
      "changes": writes.compactMap { change($0, kind) },
      "isInert": row["effective"] == .bool(false),
      "isDestroyed": row["destroyed"] == .bool(true),
      "isMerged": row["merged"] == .bool(true),
    ]
  }

  private func act(_ row: JSONValue, _ writes: [JSONValue], isFirst: Bool) -> String {
    switch row["entry_kind"]?.text {
    case "erase": return "hat alle Angaben endgültig vernichtet"
    case "restate": return "hat frühere Angaben vernichtet"
    default: break
    }
    if let deleted = writes.first(where: { $0["field"] == "deleted" }) {
      return deleted["withdrawn"] == .bool(true)
        ? "hat den Eintrag wiederhergestellt" : "hat den Eintrag gelöscht"
    }
    return isFirst ? "hat den Eintrag angelegt" : "hat geändert"
  }

  /// `nil` for what is said otherwise.
  private func change(_ write: JSONValue, _ kind: RecordKind?) -> View? {
    let name = write["field"]?.text ?? ""
    guard name != "deleted" else { return nil }
    let field = try? kind?.field(named: name)
    let text = write["display"]?.text.map { FieldViews.readable($0, field) }
    let isElement = write["element"]?.text != nil
    let isWithdrawn = write["withdrawn"] == .bool(true)
    let what: String =
      switch (isWithdrawn, isElement, text) {
      case (true, true, let text?): "„\(text)“ entfernt"
      case (true, _, _): "entfernt"
      case (false, true, let text?): "„\(text)“ hinzugefügt"
      case (false, _, let text?): text
      case (false, _, nil): "(nicht mehr vorhanden)"
      }
    let label = name == "next_steward" ? "Neue zuständige Stelle" : field?.label ?? "Angabe"
    return ["label": label, "text": what]
  }
}
