// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal

/// Prints the record of processing activities.
struct ProcessingRecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "processing-record",
    abstract: "Print the record of processing activities (Art. 30 GDPR).",
    discussion: """
      Made from what is configured and held at this replica now: kinds of data and who may read them, \
      legal bases, sources, periods and erasures. Purpose and data protection officer are those of \
      kreisnetz policy.

      Examples:
        kreisnetz processing-record > verarbeitungsverzeichnis.txt
        kreisnetz processing-record --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("processing-record"), .reading) { row in
      try output.json ? StandardOutput().json(row) : ProcessingRecordText().print(row)
    }
  }
}

/// The record as a German text.
struct ProcessingRecordText {
  private let out = StandardOutput()

  func print(_ row: JSONValue) throws {
    try out.line("VERZEICHNIS VON VERARBEITUNGSTÄTIGKEITEN (Art. 30 DSGVO)")
    try out.line("")
    let purpose = row["purpose"].flatMap { $0 == .null ? nil : PlainText.value($0) }
    let officer = row["protection_officer"].flatMap { $0 == .null ? nil : PlainText.value($0) }
    for (label, text) in [
      ("Tätigkeit", "Verzeichnis der Partner in den Netzwerken Frühe Hilfen und Kinderschutz"),
      (
        "Verantwortlich",
        "\(PlainText.value(row["replica"])), \(PlainText.value(row["kreis"])) "
          + "(AGS \(PlainText.value(row["ags"])))"
      ),
      ("Datenschutz", officer ?? "nicht eingetragen (kreisnetz policy)"),
      ("Zweck", purpose ?? "Zusammenarbeit in den Netzwerken (§ 3 KKG)"),
      ("Betroffene", "Fachkräfte und Ansprechpersonen der Partner; keine Falldaten"),
      ("Stand", PlainText.time(row["at"])),
    ] { try out.line("\(PlainText.padded(label + ":", 17))\(text)") }
    try categories(row)
    try counts("RECHTSGRUNDLAGEN DER KONTAKTE", row["legal_bases"])
    try counts("HERKUNFT", row["sources"])
    try recipients(row)
    try periods(row)
    try measures()
  }

  private func categories(_ row: JSONValue) throws {
    try out.line("\nDATENARTEN (Einträge mit einem Wert, nach Leserkreis)")
    for category in row["categories"]?.elements ?? [] where category["records"] != .integer(0) {
      try out.line(
        "  \(PlainText.value(category["label"])): \(PlainText.value(category["records"]))"
          + (category["restricted"] == .integer(0)
            ? "" : ", dazu eingeschränkt: \(PlainText.value(category["restricted"]))"))
      for field in category["fields"]?.elements ?? [] {
        guard case .object(let scopes) = field["scopes"] else { continue }
        let texts = scopes.map { scope in
          "\(ScopeKind(rawValue: scope.name)?.label ?? scope.name) \(PlainText.value(scope.value))"
        }
        try out.line("    \(PlainText.value(field["label"])): \(texts.joined(separator: ", "))")
      }
    }
  }

  private func counts(_ title: String, _ json: JSONValue?) throws {
    guard case .object(let members) = json, !members.isEmpty else { return }
    try out.line("\n\(title)")
    for member in members {
      try out.line("  \(PlainText.printable(member.name)): \(PlainText.value(member.value))")
    }
  }

  private func recipients(_ row: JSONValue) throws {
    try out.line("\nEMPFÄNGER")
    for recipient in row["recipients"]?.elements ?? [] {
      try out.line(
        "  \(PlainText.value(recipient["label"])): \(PlainText.value(recipient["members"]))"
          + (recipient["scope"] == "public" ? " und jede andere Person" : ""))
    }
    let former = row["former_members"]?.elements ?? []
    if !former.isEmpty { try out.line("  ausgeschieden: \(PlainText.value(.array(former)))") }
    try out.line("  Übermittlung in Drittländer: durch das Programm keine")
  }

  private func periods(_ row: JSONValue) throws {
    let retention = row["retention"]
    try out.line("\nFRISTEN")
    try out.line("  Ersetzte Werte: \(PlainText.value(retention?["superseded_days"])) Tage")
    try out.line(
      "  Löschbestätigungen: \(PlainText.value(retention?["erasure_days"])) Tage; Anordnungen "
        + "\(PlainText.value(row["erasures"]?["orders"])), bestätigt "
        + "\(PlainText.value(row["erasures"]?["confirmed"])), überfällig "
        + PlainText.value(row["erasures"]?["overdue"]))
    try out.line(
      "  Kontakte nach Ablauf der Rechtsgrundlage: "
        + (retention?["erase_expired"] == .bool(true) ? "werden gelöscht" : "werden aufgelistet"))
    guard case .object(let findings) = row["findings"] else { return }
    for finding in findings {
      let label =
        switch finding.name {
        case "expired": "abgelaufen"
        case "withoutBasis": "ohne Rechtsgrundlage"
        case "consentWithoutDate": "Einwilligung ohne Datum"
        default: "zu prüfen"
        }
      try out.line("    \(label): \(PlainText.value(finding.value))")
    }
  }

  private func measures() throws {
    try out.line("\nTECHNISCHE MASSNAHMEN (Art. 32)")
    for measure in [
      "TLS 1.3; jede Anfrage vom Mitglied signiert; Leserkreise getrennt übertragen",
      "Schlüssel außerhalb der Datenbank; Dateien nur für den Dienst lesbar",
      "Vernichtung von Werten samt Zufallszusatz, mit signierter Bestätigung je Mitglied",
      "Warnung vor jeder Veröffentlichung; auf Wunsch Freigabe durch eine zweite Person",
    ] { try out.line("  - \(measure)") }
  }
}
