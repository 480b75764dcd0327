// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Lists what somebody should look at.
struct ReviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "List probable duplicates and references to what is not there.",
    discussion: """
      Nothing of this is enforced: towns may know the same institution under two names, and a record \
      may arrive before the one that it refers to. Two records that are one are joined with \
      kreisnetz merge.

      Examples:
        kreisnetz review
        kreisnetz review --own --kind organization
        kreisnetz review --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Only what concerns this member's own records.") var own = false
  @Option(help: "Only records of this kind; may be repeated.") var kind: [String] = []

  func run() throws {
    let request = LocalRequest(
      "review", ["own": .bool(own), "kinds": .array(kind.map { .string($0) })])
    var count = 0
    _ = try ReplicaSession(state).run(request, .reading) { row in
      count += 1
      if output.json { return try StandardOutput().json(row) }
      try print(row)
    }
    if count == 0, !output.json { try StandardOutput().line("Nichts zu prüfen.") }
  }

  private func print(_ row: JSONValue) throws {
    let out = StandardOutput()
    if case .array(let records) = row["records"] {
      let kind = RecordText.label(ofKind: records.first?["kind"])
      try out.line("Wahrscheinlich doppelt (\(kind)): \(PlainText.value(row["reasons"]))")
      for record in records { try out.line("  " + name(record)) }
      return
    }
    try out.line("Verweis ins Leere: \(RecordText.label(ofKind: row["kind"])) " + name(row))
    try out.line(
      "  \(PlainText.value(row["field"])) nennt \(PlainText.value(row["target"])): "
        + PlainText.value(row["why"]))
    if case .string(let kept)? = row["merged_into"] { try out.line("  gilt jetzt: \(kept)") }
  }

  private func name(_ record: JSONValue) -> String {
    "\(PlainText.value(record["id"]))  \(PlainText.value(record["name"]))"
      + "  (\(PlainText.value(record["owner_title"])))"
  }
}

/// Joins two records that are one.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Keep one of two records that are the same.",
    discussion: """
      The other record is deleted and says which one is kept; references to it are redirected where \
      this member may write, and followed to the kept one everywhere else. What others must redirect \
      is listed. The kept record is not changed: fields that only the other one has are named, so that \
      they can be taken over. history of the kept record shows both.

      Examples:
        kreisnetz merge key:kita-loewenzahn 0a1b2c3d --reason "doppelt erfasst"
        kreisnetz merge 4e5f6071 0a1b2c3d --role Netzwerkkoordination --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record to keep: an id, its beginning, or key:EXTERNAL_ID.") var keep: String
  @Argument(help: "The record that it replaces.") var other: String

  func run() throws {
    let request = LocalRequest(
      "merge", ["keep": .string(keep), "other": .string(other)], role: act.role,
      reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      if output.json { return try StandardOutput().json(row) }
      try print(row)
    }
  }

  private func print(_ row: JSONValue) throws {
    let out = StandardOutput()
    try out.line("\(PlainText.value(row["merged"])) is merged into \(PlainText.value(row["id"])).")
    if case .array(let redirected)? = row["redirected"] {
      try out.line(
        counted(redirected.count, "record now refers", "records now refer") + " to the one kept.")
    }
    if case .array(let lost)? = row["lost"], !lost.isEmpty {
      try out.line("Only the other one has: \(PlainText.value(row["lost"]))")
    }
    guard case .array(let remaining)? = row["remaining"], !remaining.isEmpty else { return }
    try out.line("Others must redirect (until then every replica follows the merge):")
    for entry in remaining {
      try out.line(
        "  \(RecordText.label(ofKind: entry["kind"])) \(PlainText.value(entry["id"]))"
          + "  \(PlainText.value(entry["name"])), \(PlainText.value(entry["field"])): "
          + PlainText.value(entry["reason"]))
    }
  }
}
