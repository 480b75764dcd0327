// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal

/// Lists what somebody should confirm.
struct DueCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "due", abstract: "List records that are to be confirmed again.",
    discussion: """
      A record is due a year after it was last confirmed, on its day of review, or if nobody ever \
      confirmed it. This member's own records come first. Confirm them with kreisnetz confirm.

      Examples:
        kreisnetz due
        kreisnetz due --within 30 --own --kind contact
        kreisnetz due --every 180 --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("Also what is due within so many days.", valueName: "days"))
  var within = 0
  @Option(help: ArgumentHelp("Days from one confirmation to the next.", valueName: "days"))
  var every = Confirmation.interval
  @Flag(help: "Only this member's own records.") var own = false
  @Option(help: "Only records of this kind; may be repeated.") var kind: [String] = []

  func run() throws {
    let request = LocalRequest(
      "due",
      [
        "within": .integer(within), "every": .integer(every), "own": .bool(own),
        "kinds": .array(kind.map { .string($0) }),
      ])
    let table = TablePrinter(header: ["fällig", "bestätigt", "Art", "Name", "gepflegt von", "ID"])
    _ = try ReplicaSession(state).run(request, .reading) { row in
      if output.json { return try StandardOutput().json(row) }
      try table.add([
        PlainText.date(row["due"], none: "nie bestätigt"),
        PlainText.date(row["assured_date"], none: "–"),
        RecordText.label(ofKind: row["kind"]), PlainText.value(row["name"]),
        PlainText.value(row["owner_title"]), PlainText.value(row["id"]),
      ])
    }
    if !output.json { try table.finish() }
  }
}

/// Confirms records.
struct ConfirmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm", abstract: "Note that records are still true as of today.",
    discussion: """
      Writes today's date into assured_date. A day of review that was reached moves on by --every \
      days. All records are confirmed or, if one cannot be, none.

      Examples:
        kreisnetz confirm key:kita-loewenzahn --role Sekretariat
        kreisnetz confirm 0a1b2c3d 4e5f6071 --reason "Telefonat mit der Leitung"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("Days until the next review.", valueName: "days"))
  var every = Confirmation.interval
  @Argument(help: "The records: ids, their beginnings, or key:EXTERNAL_ID.") var ids: [String]

  func run() throws {
    let request = LocalRequest(
      "confirm",
      ["ids": .array(ids.map { .string($0) }), "every": .integer(every)], role: act.role,
      reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line(
        "\(PlainText.value(row["id"])) bestätigt am \(PlainText.date(row["assured_date"], none: ""))"
      )
    }
  }
}
