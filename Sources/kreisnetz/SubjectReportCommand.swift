// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Tells a person what is held of it.
struct SubjectReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subject-report",
    abstract: "Print everything that this replica holds about a person (Art. 15 GDPR).",
    discussion: """
      Takes a record, or a name that is searched for everywhere. Restricted, superseded and deleted \
      values are included, with who wrote them, where they came from and who may read them. Other \
      towns' coordination notes are theirs to tell: ask them, or run it at the hub.

      Examples:
        kreisnetz subject-report 0a1b2c3d > auskunft.txt
        kreisnetz subject-report "Petra Beispiel" --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "An id, its beginning, key:EXTERNAL_ID, or a name.") var subject: String

  func run() throws {
    let request = LocalRequest("subject-report", ["subject": .string(subject)])
    let outcome = try ReplicaSession(state).run(request, .reading) { row in
      try output.json ? StandardOutput().json(row) : SubjectReportText().print(row)
    }
    if outcome == .no { throw ExitCode(Outcome.no.rawValue) }
  }
}

/// The report as a German text to hand out.
struct SubjectReportText {
  private let out = StandardOutput()

  func print(_ row: JSONValue) throws {
    let records = row["records"]?.elements ?? []
    let mentions = row["mentions"]?.elements ?? []
    try out.heading()
    try out.line("AUSKUNFT NACH ART. 15 DSGVO")
    try out.line("")
    try out.line("Zu:            \(PlainText.value(row["subject"]))")
    try out.line("Stand:         \(PlainText.time(row["at"]))")
    try out.line(
      "Auskunft von:  \(PlainText.value(row["replica"])), \(PlainText.value(row["kreis"]))")
    try out.line(
      "Zweck:         "
        + (row["purpose"].flatMap { $0 == .null ? nil : PlainText.value($0) }
          ?? "Zusammenarbeit in den Netzwerken Frühe Hilfen und Kinderschutz (§ 3 KKG)"))
    guard !records.isEmpty || !mentions.isEmpty else {
      return try out.line("\nEs sind keine Daten gespeichert.")
    }
    for record in records { try self.record(record) }
    if !mentions.isEmpty { try out.line("\nAN ANDEREN STELLEN GENANNT") }
    for mention in mentions { try self.mention(mention) }
    try circumstances(row)
  }

  private func record(_ record: JSONValue) throws {
    var marks: [String] = []
    if record["restricted"] == .bool(true) { marks.append("Verarbeitung eingeschränkt") }
    if record["deleted"] == .bool(true) { marks.append("gelöscht") }
    if record["erased"] == .bool(true) { marks.append("Werte vernichtet") }
    try out.line(
      "\n\(PlainText.value(record["kind_label"]).uppercased())  \(PlainText.value(record["id"]))"
        + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))"))
    try out.line("gepflegt von \(PlainText.value(record["owner_title"]))")
    for value in record["values"]?.elements ?? [] { try self.value(value) }
  }

  private func mention(_ mention: JSONValue) throws {
    let similar =
      mention["how"] == "similar" ? "  (gleicher Nachname, vielleicht jemand anders)" : ""
    try out.line(
      "\n\(PlainText.value(mention["kind"]))  \(PlainText.value(mention["id"]))\(similar)")
    for value in mention["values"]?.elements ?? [] { try self.value(value) }
  }

  private func value(_ value: JSONValue) throws {
    let mark = value["shown"] == .bool(true) ? "" : " (früherer Wert)"
    let text = PlainText.value(value["display"]).replacing("\n", with: "\n    ")
    try out.line("  \(PlainText.value(value["label"])): \(text)\(mark)")
    var origin =
      "    \(PlainText.value(value["scope_label"])); \(PlainText.value(value["by_title"])), "
      + PlainText.time(value["at"])
    for name in ["role", "reason"] where value[name] != "" {
      origin += "; \(PlainText.value(value[name]))"
    }
    try out.line(origin)
  }

  private func circumstances(_ row: JSONValue) throws {
    try out.line("\nRechtsgrundlage:  \(PlainText.value(row["legal_bases"]))")
    try out.line("Herkunft:         \(PlainText.value(row["sources"]))")
    try out.line("\nEMPFÄNGER")
    for recipient in row["recipients"]?.elements ?? [] {
      try out.line(
        "  \(PlainText.value(recipient["label"])): \(PlainText.value(recipient["members"]))"
          + (recipient["scope"] == "public" ? " und jede andere Person" : ""))
    }
    try out.line("\nDAUER")
    try out.line(
      "  Ersetzte Werte werden \(PlainText.value(row["retention_days"])) Tage aufbewahrt, die "
        + "übrigen, solange der Zweck besteht.")
    for erasure in row["erasures"]?.elements ?? [] { try ErasureText.list(erasure) }
    try out.line("\nIHRE RECHTE")
    try out.line(
      "  Sie können Berichtigung, Löschung und Einschränkung der Verarbeitung verlangen,")
    try out.line(
      "  widersprechen, eine Einwilligung widerrufen und sich bei der Landesbeauftragten für")
    try out.line("  Datenschutz und Informationsfreiheit beschweren.")
    if row["protection_officer"] != .null {
      try out.line("  Datenschutz: \(PlainText.value(row["protection_officer"]))")
    }
  }
}
