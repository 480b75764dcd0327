// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show or check who did what as an administrator.",
    discussion: """
      The file audit.log in the state directory notes invites, revocations, keys, erasures, \
      restrictions, transfers, rules, exports, repairs, backups and the like, with the Unix account and \
      the time, before and after each; and nothing of the directory but ids. Every line holds the \
      SHA-256 of the line before, so that none can be changed or taken out unnoticed. Only lines cut \
      off at the end do not show, except to whoever noted the last hash at another place.

      Examples:
        kreisnetz audit --state /var/lib/kreisnetz/hub
        kreisnetz audit verify
        kreisnetz audit verify --noted HASH
      """,
    subcommands: [Show.self, Verify.self], defaultSubcommand: Show.self)

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "List the administrative acts, the oldest first.",
      discussion: """
        Example:
          kreisnetz audit show --json
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let table = TablePrinter(header: ["time", "who", "act", "about", "outcome"])
      var acts: [AuditRow] = []
      let outcome = try ReplicaSession(state).run(LocalRequest("audit"), .reading) { row in
        if output.json { return try StandardOutput().json(row) }
        if let act = AuditRow(row) {
          acts.append(act)
        } else if let index = acts.lastIndex(where: { $0.number == row["ends"] }) {
          acts[index].end(row)
        }
      }
      if !output.json {
        for act in acts { try table.add(act.cells) }
        try table.finish()
        _ = try ReplicaSession(state).run(
          LocalRequest("audit-verify"), .reading, row: AuditText.report)
      }
      if outcome != .done { throw outcome.exit }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Check that no line was changed, taken out or put in.",
      discussion: """
        Exit codes: 0 the chain holds, 1 it is broken, or lacks the line with the hash that --noted \
        names: the last hash of an earlier time. A line that a power cut tore breaks nothing.

        Examples:
          kreisnetz audit verify
          kreisnetz audit verify --noted HASH
        """)

    @Option(help: ArgumentHelp("The last hash, as it was noted earlier.", valueName: "hash"))
    var noted: String?

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let request = LocalRequest("audit-verify", ["noted": noted.map { .string($0) } ?? .null])
      let outcome = try ReplicaSession(state).run(request, .reading) { row in
        if output.json { try StandardOutput().json(row) } else { try AuditText.report(row) }
      }
      if outcome != .done { throw outcome.exit }
    }
  }
}

/// What a look over the audit log found, for people.
private enum AuditText {
  static func report(_ row: JSONValue) throws {
    let out = StandardOutput()
    for line in row["torn"]?.elements ?? [] {
      try out.line("line \(PlainText.value(line)) was torn by a power cut; the chain goes on")
    }
    if row["broken_line"] != .null {
      return try out.line(
        "BROKEN at line \(PlainText.value(row["broken_line"])): \(PlainText.value(row["reason"]))")
    }
    if row["noted"] == .bool(false) {
      return try out.line(
        "CUT: no line has the hash that was noted, so lines were cut off or all was written anew")
    }
    try out.line(
      PlainText.counted(row["lines"], "line", "lines")
        + ", unbroken; last hash \(PlainText.value(row["last"]))")
  }
}

/// One act with its end, for people.
private struct AuditRow {
  let number: JSONValue
  private let row: JSONValue
  private var outcome: String
  private var about: [String]

  /// `nil` for the end of an act.
  init?(_ row: JSONValue) {
    guard row["act"] != nil, let number = row["number"] else { return nil }
    self.number = number
    self.row = row
    outcome = row["outcome"].map { PlainText.value($0) } ?? "end not known"
    about = Self.about(row)
  }

  mutating func end(_ row: JSONValue) {
    outcome = PlainText.value(row["outcome"])
    about += Self.about(row)
  }

  private static func about(_ row: JSONValue) -> [String] {
    guard case .object(let members)? = row["about"] else { return [] }
    return members.map { "\($0.name)=\(PlainText.value($0.value))" }
  }

  var cells: [String] {
    let by = row["by"]
    let name = by?["name"] ?? by?["uid"]
    let account = by?["account"].map { " for \(PlainText.value($0))" } ?? ""
    return [
      PlainText.value(row["at"]), PlainText.value(name) + account, PlainText.value(row["act"]),
      about.joined(separator: " "), outcome,
    ]
  }
}
