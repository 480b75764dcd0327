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
    switch row["link"]?["hub"]?.text {
    case nil:
      (state, text) = (.waiting, unsent == 0 ? "Ohne Verbindung" : waiting)
    case "alarmed":
      (state, text) = (.trouble, "Austausch angehalten – bitte die Technik verständigen")
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
}
