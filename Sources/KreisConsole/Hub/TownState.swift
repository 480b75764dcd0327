// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import KreisPages

/// How one town is, in words and as a state for the style sheet.
struct TownState {
  enum State: String {
    /// Connected, and has everything.
    case done
    /// Connected, and lacks something.
    case waiting
    /// Not connected for less than a week: towns may be off for a weekend.
    case absent
    /// Something that somebody should look at.
    case trouble
  }

  let name: String
  let title: String
  let ags: String
  let state: State
  let isConnected: Bool
  let lacks: UInt64
  let text: String
  private let row: JSONValue
  private let time: GermanTime

  init(_ row: JSONValue, _ time: GermanTime) {
    self.row = row
    self.time = time
    name = row["name"]?.text ?? ""
    title = row["title"]?.text ?? name
    ags = row["ags"]?.text ?? ""
    isConnected = row["connected"] == .bool(true)
    lacks = row["lag"]?["entries"]?.unsigned ?? 0
    let isTrouble = TownConcern.needsSomebody(row, at: time.now)
    switch (isConnected, row["last_contact"]?.unsigned) {
    case (true, _) where lacks == 0: (state, text) = (.done, "auf dem Stand")
    case (true, _): (state, text) = (isTrouble ? .trouble : .waiting, "holt auf")
    case (false, nil): (state, text) = (.absent, "hat sich noch nie gemeldet")
    case (false, let contact?):
      (state, text) = (isTrouble ? .trouble : .absent, "still \(time.since(contact))")
    }
  }

  var view: View {
    let oldest = row["lag"]?["oldest"]?.unsigned
    let lag =
      lacks == 0
      ? "keiner"
      : Int(clamping: lacks).counted("Eintrag", "Einträge")
        + (oldest.map { ", der älteste \(time.since($0))" } ?? "")
    let overdue = row["overdue"]?.unsigned
    let missing = row["missing"]?.unsigned ?? 0
    return [
      "name": name, "title": title, "state": state.rawValue, "text": text, "lag": lag,
      "hasLag": lacks > 0,
      "contact": row["last_contact"]?.unsigned == nil
        ? "noch nie" : isConnected ? "verbunden" : time.instant(row["last_contact"]),
      "software": (row["software"]?.text ?? "").replacing("kreisnetz ", with: ""),
      "requests": String(row["requests"]?.unsigned ?? 0),
      "hasRequests": (row["requests"]?.unsigned ?? 0) > 0,
      "overdue": overdue.map { String($0) } ?? "–", "isOverdue": (overdue ?? 0) > 0,
      "missing": missing > 0
        ? Int(clamping: missing).counted("Eintrag fehlt dem Hub", "Einträge fehlen dem Hub") as Any
        : false,
    ]
  }

  /// Troubles first, then who lacks something or is away.
  static func urgentFirst(_ towns: [TownState]) -> [TownState] {
    let ranks: [State: Int] = [.trouble: 0, .waiting: 1, .absent: 2]
    return towns.enumerated().sorted {
      (ranks[$0.element.state] ?? 3, $0.offset) < (ranks[$1.element.state] ?? 3, $1.offset)
    }.map(\.element)
  }

  /// All towns in one sentence.
  static func summary(_ towns: [TownState]) -> String {
    guard !towns.isEmpty else { return "Noch hat sich keine Kommune angemeldet." }
    let counts: [(Int, String)] = [
      (towns.count { $0.isConnected && $0.lacks == 0 }, "auf dem Stand"),
      (towns.count { $0.isConnected && $0.lacks > 0 }, "im Rückstand"),
      (towns.count { !$0.isConnected }, "nicht verbunden"),
    ]
    let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return "\(towns.count.counted("Kommune", "Kommunen")): \(parts.joined(separator: ", "))."
  }
}
