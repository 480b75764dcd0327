// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Lists orders to erase and who confirmed them.
struct ErasuresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erasures",
    abstract: "List orders to erase, who confirmed them, and who is overdue.",
    discussion: """
      Every member confirms by its signed statement that it destroyed what the hub's feed orders. The \
      certificate is a German text to print; it also names what no replica can reach.

      Examples:
        kreisnetz erasures
        kreisnetz erasures --certificate 0a1b2c3d > loeschbestaetigung.txt
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Print the certificate for this record.", valueName: "id"))
  var certificate: String?

  func run() throws {
    let request = LocalRequest("erasures", ["id": certificate.map { .string($0) } ?? .null])
    _ = try ReplicaSession(state).run(request, .reading) { row in
      if output.json { return try StandardOutput().json(row) }
      try certificate == nil ? ErasureText.list(row) : ErasureText.certificate(row)
    }
  }
}

/// An order to erase, for people.
enum ErasureText {
  private static func members(_ row: JSONValue) -> [JSONValue] {
    row["members"]?.elements ?? []
  }

  static func list(_ row: JSONValue) throws {
    let out = StandardOutput()
    let state =
      switch row["state"] {
      case "confirmed": "von allen bestätigt"
      case "overdue": "ÜBERFÄLLIG seit \(PlainText.time(row["due_at"]))"
      case "ordered": "angeordnet, Antwort des Kreises steht aus"
      default: "Bestätigungen stehen aus"
      }
    try out.line(
      "\(PlainText.value(row["id"]))  \(PlainText.value(row["kind_label"]))  "
        + "\(PlainText.time(row["ordered_at"]))  \(PlainText.value(row["ordered_by_title"]))  \(state)"
    )
    for member in members(row) {
      let confirmed = member["confirmed_at"] ?? .null
      let text =
        confirmed != .null
        ? "bestätigt \(PlainText.time(confirmed))"
        : member["overdue"] == .bool(true) ? "ÜBERFÄLLIG" : "noch nicht bestätigt"
      try out.line("    \(PlainText.padded(PlainText.value(member["title"]), 24))\(text)")
    }
  }

  static func certificate(_ row: JSONValue) throws {
    let out = StandardOutput()
    try out.heading()
    let isDone = row["state"] == "confirmed"
    var lines = [
      "LÖSCHBESTÄTIGUNG", "(Art. 17, 19 DSGVO)", "",
      "Verzeichnis:     \(PlainText.value(row["kreis"]))",
      "Verbund:         \(PlainText.value(row["realm"]))",
      "Eintrag:         \(PlainText.value(row["id"])) (\(PlainText.value(row["kind_label"])))",
      "Angeordnet:      \(PlainText.time(row["ordered_at"])) von "
        + PlainText.value(row["ordered_by_title"]),
    ]
    if row["role"] != "" { lines.append("Rolle:           \(PlainText.value(row["role"]))") }
    if row["reason"] != "" { lines.append("Grund:           \(PlainText.value(row["reason"]))") }
    let executed = row["executed_at"] ?? .null
    lines.append(
      "Ausgeführt:      "
        + (executed == .null ? "noch nicht" : "\(PlainText.time(executed)) beim Kreis"))
    lines += [
      "", "Vernichtet wurden alle Werte des Eintrags samt Zufallszusätzen in der Datenbank, ihren",
      "Verzeichnissen und Vorausprotokollen, auch frühere Werte, eigene Notizen der Kommunen und",
      "beiseite gelegte Datenbanken. Zurück bleiben Kennung, Zeitpunkte und Prüfsummen ohne Bezug",
      "zu einer Person sowie Grund und Rolle dieser Löschung.", "",
      "Bestätigt durch signierte Erklärung:",
    ]
    for member in members(row) {
      let at = member["confirmed_at"] ?? .null
      let text =
        at != .null
        ? PlainText.time(at)
        : member["overdue"] == .bool(true) ? "FEHLT, Frist überschritten" : "steht noch aus"
      lines.append("  \(PlainText.padded(PlainText.value(member["title"]), 30))\(text)")
    }
    if case .array(let gone) = row["gone"], !gone.isEmpty {
      lines += [
        "", "Nicht mehr im Verbund und deshalb nicht erfasst: \(PlainText.value(.array(gone))).",
      ]
    }
    lines += [
      "", "Außer Reichweite dieser Löschung sind:",
      "  - Dateien und Ausdrucke, die aus dem Verzeichnis ausgegeben wurden,",
      "  - Sicherungen an anderen Orten, bis sie überschrieben sind; wird eine zurückgespielt, so",
      "    zeigt sie nichts, bevor sie die Löschung nachgeholt hat,",
      "  - Abnehmer der öffentlichen Schnittstelle und Suchmaschinen,",
      "  - eigene Notizen anderer Mitglieder zu anderen Einträgen, die den Namen nennen,",
      "  - Quelllisten anderer Programme, aus denen erneut eingelesen werden kann.", "",
      isDone
        ? "Die Löschung ist von allen Mitgliedern bestätigt."
        : "Die Löschung ist noch NICHT von allen Mitgliedern bestätigt.",
    ]
    for line in lines { try out.line(line) }
  }
}
