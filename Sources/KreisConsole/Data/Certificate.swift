// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisPages

/// That something was destroyed, and who confirmed it (Art. 17 and 19 GDPR): as a page and as a text.
struct Certificate {
  private let row: JSONValue
  private let id: String
  private let time: GermanTime
  private let now: UInt64

  /// - Parameter row: of `erasures`.
  init(_ row: JSONValue, id: String, _ time: GermanTime, at now: UInt64) {
    (self.row, self.id, self.time, self.now) = (row, row["id"]?.text ?? id, time, now)
  }

  private static let destroyed = """
    Vernichtet wurden alle Werte des Eintrags samt Zufallszusätzen in der Datenbank, ihren Verzeichnissen \
    und Vorausprotokollen, auch frühere Werte, eigene Notizen der Kommunen und beiseite gelegte \
    Datenbanken. Zurück bleiben Kennung, Zeitpunkte und Prüfsummen ohne Bezug zu einer Person sowie Grund \
    und Rolle dieser Löschung.
    """
  private static let beyond = [
    "Dateien und Ausdrucke, die aus dem Verzeichnis ausgegeben wurden,",
    "Sicherungen an anderen Orten, bis sie überschrieben sind; wird eine zurückgespielt, so zeigt sie nichts, bevor sie die Löschung nachgeholt hat,",
    "Abnehmer der öffentlichen Schnittstelle und Suchmaschinen,",
    "eigene Notizen anderer Mitglieder zu anderen Einträgen, die den Namen nennen,",
    "Quelllisten anderer Programme, aus denen erneut eingelesen werden kann.",
  ]

  private var isDone: Bool { row["state"] == "confirmed" }
  private var gone: String {
    (row["gone"]?.elements ?? []).compactMap(\.text).joined(separator: ", ")
  }
  private var today: String { time.instant(.integer(Int(clamping: now))) }

  static func state(_ row: JSONValue, _ time: GermanTime) -> String {
    switch row["state"] {
    case "confirmed": "von allen bestätigt"
    case "overdue": "überfällig seit \(time.instant(row["due_at"]))"
    case "ordered": "angeordnet, die Antwort des Kreises steht aus"
    default: "Bestätigungen stehen aus"
    }
  }

  private var facts: [(label: String, text: String, isIdentifier: Bool)] {
    let executed = row["executed_at"] ?? .null
    let all = [
      ("Verzeichnis", row["kreis"]?.text ?? "", false),
      ("Verbund", row["realm"]?.text ?? "", true), ("Eintrag", id, true),
      ("Art", row["kind_label"]?.text ?? "Eintrag", false),
      (
        "Angeordnet",
        "\(time.instant(row["ordered_at"])) von \(row["ordered_by_title"]?.text ?? "")", false
      ),
      ("Rolle", row["role"]?.text ?? "", false), ("Grund", row["reason"]?.text ?? "", false),
      (
        "Ausgeführt",
        executed == .null ? "noch nicht" : "\(time.instant(executed)) beim Kreis", false
      ),
    ]
    return all.filter { !$0.1.isEmpty }
  }

  private var members: [(title: String, text: String, isMissing: Bool)] {
    (row["members"]?.elements ?? []).map { member in
      let at = member["confirmed_at"] ?? .null
      let isLate = at == .null && member["overdue"] == .bool(true)
      let text =
        at != .null ? time.instant(at) : isLate ? "fehlt, Frist überschritten" : "steht noch aus"
      return (member["title"]?.text ?? "", text, isLate)
    }
  }

  private var conclusion: String {
    isDone
      ? "Die Löschung ist von allen Mitgliedern bestätigt."
      : "Die Löschung ist noch nicht von allen Mitgliedern bestätigt."
  }

  var view: View {
    [
      "id": id, "isDone": isDone, "state": Self.state(row, time), "today": today,
      "facts": facts.map { fact -> View in
        ["label": fact.label, "text": fact.text, "isIdentifier": fact.isIdentifier]
      },
      "members": members.map { member -> View in
        ["title": member.title, "isMissing": member.isMissing, "text": member.text]
      },
      "destroyed": Self.destroyed, "beyond": Self.beyond, "conclusion": conclusion,
      "gone": gone.isEmpty ? false : gone as Any,
    ]
  }

  /// To be filed where there is no printer; lines end as every program reads them.
  var text: String {
    var lines = ["LÖSCHBESTÄTIGUNG", "Art. 17 und 19 DSGVO", ""]
    if !isDone { lines += ["Noch nicht von allen bestätigt: \(Self.state(row, time)).", ""] }
    lines += facts.map { "\($0.label): \(Self.line($0.text))" }
    lines += ["", Self.destroyed, "", "Bestätigt durch signierte Erklärung:"]
    lines += members.map { "- \(Self.line($0.title)): \($0.text)" }
    if !gone.isEmpty {
      lines += ["", "Nicht mehr im Verbund und deshalb nicht erfasst: \(Self.line(gone))."]
    }
    lines += ["", "Außer Reichweite dieser Löschung:"] + Self.beyond.map { "- \($0)" }
    lines += ["", "\(conclusion) Stand: \(today)."]
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
