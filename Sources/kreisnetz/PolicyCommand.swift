// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Shows or sets what counts for the whole Kreis.
struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Show or, at the hub, set the Kreis's rules for personal data.",
    discussion: """
      The rules replicate to every town, whose daemon follows them by itself. An empty value sets the \
      default again.

      Examples:
        kreisnetz policy
        kreisnetz policy --retention-days 180 --publication-release ja --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Destroy superseded values after so many days.", valueName: "days"))
  var retentionDays: String?

  @Option(help: ArgumentHelp("An erasure not confirmed by then is overdue.", valueName: "days"))
  var erasureDays: String?

  @Option(help: ArgumentHelp("A second person releases what becomes public.", valueName: "ja|nein"))
  var publicationRelease: String?

  @Option(
    help: ArgumentHelp("Erase contacts whose legal basis has expired.", valueName: "ja|nein"))
  var eraseExpired: String?

  @Option(help: "What the data is processed for, as the record of processing says it.")
  var purpose: String?

  @Option(help: "The data protection officer, as the record of processing names it.")
  var protectionOfficer: String?

  func run() throws {
    let given: [(String, String?)] = [
      ("retention_days", retentionDays), ("erasure_days", erasureDays),
      ("publication_release", publicationRelease), ("erase_expired", eraseExpired),
      ("purpose", purpose), ("protection_officer", protectionOfficer),
    ]
    let changes = given.compactMap { name, text in
      text.map { JSONValue.Member(name, .string($0)) }
    }
    let request = LocalRequest(
      "policy", .object(changes), role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, changes.isEmpty ? .reading : .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      for (label, name) in [
        ("Ersetzte Werte vernichten nach (Tage)", "retention_days"),
        ("Frist für Löschbestätigungen (Tage)", "erasure_days"),
        ("Veröffentlichung nur mit Freigabe", "publication_release"),
        ("Kontakte ohne Rechtsgrundlage löschen", "erase_expired"),
        ("Zweck", "purpose"), ("Datenschutzbeauftragte Person", "protection_officer"),
      ] { try out.line("\(PlainText.padded(label, 40))\(PlainText.value(row[name]))") }
    }
  }
}

/// Lists contacts whose data may have no reason to be kept.
struct RetentionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retention",
    abstract: "List contacts without a valid legal basis or consent, or due for review.",
    discussion: """
      Example:
        kreisnetz retention --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("retention"), .reading) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      let reason =
        switch row["reason"] {
        case "expired": "Rechtsgrundlage abgelaufen am \(PlainText.value(row["day"]))"
        case "withoutBasis": "ohne Rechtsgrundlage"
        case "consentWithoutDate": "Einwilligung ohne Datum"
        default: "zu prüfen seit \(PlainText.value(row["day"]))"
        }
      let rule = row["by_rule"] == .bool(true) ? "; wird gelöscht" : ""
      try out.line(
        "\(PlainText.value(row["id"]))  \(PlainText.value(row["name"]))  "
          + "(\(PlainText.value(row["owner_title"])))  \(reason)\(rule)")
    }
  }
}
