// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisPages

/// Who did what as an administrator, the newest first.
extension Console {
  private static let auditPageSize = 50

  private static let acts = [
    "hub invite": "Einladung ausgestellt", "hub withdraw": "Einladung zurückgezogen",
    "hub revoke": "Mitglied ausgeschlossen", "hub gather --close": "Einsammeln beendet",
    "hub init": "Hub gegründet", "hub rotate": "Schlüssel des Hubs erneuert",
    "hub recovery-sheet": "Wiederherstellungsblatt erstellt",
    "town rotate": "Schlüssel erneuert", "erase": "Löschung angeordnet",
    "restrict": "Verarbeitung eingeschränkt", "unrestrict": "Einschränkung aufgehoben",
    "release": "Veröffentlichung freigegeben", "transfer": "Pflege übergeben",
    "policy": "Regeln geändert", "resync": "Datenbestand abgeglichen",
    "export": "Ausgabe erstellt", "log export": "Protokoll ausgegeben",
    "subject-report": "Auskunft erstellt", "add": "Eintrag angelegt", "edit": "Eintrag geändert",
    "delete": "Eintrag gelöscht", "undelete": "Eintrag wiederhergestellt",
    "resolve": "Widerspruch entschieden", "confirm": "Angaben bestätigt",
    "merge": "Einträge zusammengeführt", "request": "Rückmeldung gesendet",
    "accept": "Rückmeldung angenommen", "decline": "Rückmeldung beantwortet",
    "hub init --recover": "Hub wiederhergestellt",
    "resync --from-scratch": "Datenbestand neu geholt", "town join": "Beigetreten",
    "town leave": "Ausgetreten",
    "backup": "Sicherung erstellt", "restore": "Sicherung eingespielt",
    "distinct": "Als verschieden bestätigt", "import": "Datei eingelesen",
    "console sign-in": "Angemeldet", "console sign-out": "Abgemeldet",
    "console password": "Passwort geändert",
    "console lock-out": "Nach falschen Passwörtern gesperrt",
    "account add": "Konto angelegt", "account role": "Rechte eines Kontos geändert",
    "account password": "Passwort eines Kontos gesetzt", "account remove": "Konto entfernt",
  ]
  /// What an act was about, as its line has it.
  private static let subjects = [
    "name": "Mitglied", "days": "Tage", "member": "Mitglied", "kind": "Art", "kinds": "Arten",
    "field": "Angabe", "format": "Form", "scope": "Sichtbarkeit", "own": "nur eigene",
    "records": "Einträge", "more": "weitere", "rules": "Regeln", "only": "nur",
    "refuse": "nicht freigegeben", "subject": "Eintrag", "requested_account": "beantragt von",
    "keep_going": "ohne abgelehnte Zeilen", "role": "Rolle", "phrase": "mit Kennsatz",
    "all_shown": "alle gezeigten", "verify": "Prüfung", "rebuild": "Neuaufbau",
  ]
  private static let outcomes = [
    "done": "erledigt", "no": "nicht möglich", "refused": "abgelehnt", "failed": "misslungen",
  ]

  func auditLog(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let acts = try PagedRows(
      client, "audit", by: Self.auditPageSize, page: request.query["seite"],
      address: "/kreis/protokoll")
    let check = acts.head
    let isBroken = check["broken_line"] ?? .null != .null
    let view: View = [
      "acts": acts.shown.map { row in
        actView(row, row["end"].flatMap { $0 == .null ? nil : $0 })
      },
      "isEmpty": acts.total == 0, "isBroken": isBroken,
      "lines": Int(clamping: check["lines"]?.unsigned ?? 0).counted("Zeile", "Zeilen"),
      "brokenLine": check["broken_line"]?.unsigned.map { String($0) } ?? "",
      "last": String((check["last"]?.text ?? "").prefix(16)),
      "checked": GermanTime(now: now()).instant(check["checked_at"]),
    ]
    return try hubPage(
      "audit", title: "Protokoll", view.merging(acts.view) { own, _ in own }, request)
  }

  /// What a rule of the Kreis is called.
  private static func rule(_ name: String) -> String {
    (try? Schema.directory.kind(named: "policy").field(named: name))?.label ?? name
  }

  private func actView(_ row: JSONValue, _ end: JSONValue?) -> View {
    let by = row["by"]
    let name = row["act"]?.text ?? ""
    let isRefusal = name == "release" && row["about"]?["refuse"] == .bool(true)
    let outcome = (end ?? row)["outcome"]?.text
    let about = [row["about"], end?["about"]].compactMap(\.self).flatMap { about -> [String] in
      guard case .object(let members) = about else { return [] }
      return members.filter { !isRefusal || $0.name != "refuse" }.map { member in
        let values = FieldViews.list(member.value).map { text in
          switch member.name {
          case "rules": Self.rule(text)
          case "role": ConsoleRole(rawValue: text)?.label ?? text
          default: text
          }
        }
        let isAccount = member.name == "name" && name.hasPrefix("account ")
        let label = isAccount ? "Konto" : Self.subjects[member.name] ?? member.name
        return member.value == .bool(true) ? label : "\(label): \(values.joined(separator: ", "))"
      }
    }
    let at = row["at"]?.text.flatMap { try? Date($0, strategy: .iso8601) }
    let time = at.map { JSONValue.integer(Int($0.timeIntervalSince1970)) }
    let account = by?["account"]?.text.map { " für \($0)" } ?? ""
    let who = by?["name"]?.text ?? by?["uid"].map { FieldViews.list($0).joined() } ?? ""
    return [
      "when": GermanTime(now: now()).instant(time),
      "what": isRefusal ? "Veröffentlichung nicht freigegeben" : Self.acts[name] ?? name,
      "who": who + account + (by?["via"]?.text == "console" ? " (Konsole)" : ""),
      "about": about.isEmpty ? false : about.joined(separator: "; ") as Any,
      "outcome": outcome.map { Self.outcomes[$0] ?? $0 } ?? "Ende nicht bekannt",
      "isDone": outcome == "done",
    ]
  }
}
