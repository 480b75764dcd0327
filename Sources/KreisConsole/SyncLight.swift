// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisPages

/// How the exchange with the hub stands, in words and as a state for the style sheet.
struct SyncLight: Equatable {
  enum State: String { case done, waiting, trouble }

  let state: State
  let text: String
  /// At a hub, the towns that are connected.
  let connected: [String]

  /// - Parameter row: of the command `sync`.
  init(_ row: JSONValue, _ time: GermanTime) {
    connected = (row["connected"]?.elements ?? []).compactMap(\.text)
    let unsent = Int(clamping: row["unsent"]?.unsigned ?? 0)
    let waiting = unsent.counted("Änderung wartet", "Änderungen warten")
    guard row["role"] != "hub" else {
      let halt = ["halted", "store_trouble", "gathering"].contains {
        row["link"]?[$0] ?? .null != .null
      }
      let isSplit = (row["alarms"]?.unsigned ?? 0) > 0
      (state, text) =
        halt || isSplit
        ? (.trouble, "Der Hub ist gestört – siehe „Kreis“")
        : (.done, "Alles gespeichert, \(connected.count) verbunden")
      return
    }
    if let trouble = Self.trouble(row) {
      (state, text) = (.trouble, "\(trouble) – bitte die Technik verständigen")
      return
    }
    switch row["link"]?["hub"]?.text {
    case nil:
      (state, text) = (.waiting, unsent == 0 ? "Ohne Verbindung" : waiting)
    case "connected" where unsent == 0: (state, text) = (.done, "Alles übertragen")
    case "connected":
      let what = unsent.counted("Änderung wird", "Änderungen werden")
      (state, text) = (.waiting, "\(what) übertragen")
    default:
      let contact = row["link"]?["last_contact"]?.unsigned
      let hub = contact.map { "Hub \(time.since($0)) nicht erreichbar" } ?? "Hub nicht erreichbar"
      (state, text) = (.waiting, unsent == 0 ? hub : "\(waiting), \(hub)")
    }
  }

  /// What at a town does not pass by itself, as in `kreisnetz status`; the worst first.
  private static func trouble(_ row: JSONValue) -> String? {
    let link = row["link"]
    if link?["store_trouble"]?.text != nil {
      return "Auf diesem Rechner lässt sich nichts speichern"
    }
    if link?["hub"] == "alarmed" { return "Austausch angehalten" }
    if (row["alarms"]?.unsigned ?? 0) > 0 { return "Der Hub hat Widersprüchliches gezeigt" }
    if !(link?["stopped_logs"]?.elements ?? []).isEmpty {
      return "Der Hub nimmt Änderungen nicht an"
    }
    return link?["upgrade"]?.text == nil ? nil : "Dieses Programm ist zu alt für das Netz"
  }
}
