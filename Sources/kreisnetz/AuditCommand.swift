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
      SHA-256 of the line before, so that none can be changed or taken out unnoticed. Who notes the \
      last hash elsewhere can prove later that nothing was cut off at the end.

      Examples:
        kreisnetz audit --state /var/lib/kreisnetz/hub
        kreisnetz audit verify
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
      for act in acts { try table.add(act.cells) }
      if !output.json { try table.finish() }
      if outcome != .done { throw outcome.exit }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Check that no line was changed, taken out or put in.",
      discussion: """
        Exit codes: 0 the chain holds, 1 it is broken. A line that a power cut tore breaks nothing.

        Example:
          kreisnetz audit verify
        """)

    @OptionGroup var state: StateOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
      let outcome = try ReplicaSession(state).run(LocalRequest("audit-verify"), .reading) { row in
        if output.json { try StandardOutput().json(row) } else { try report(row) }
      }
      if outcome != .done { throw outcome.exit }
    }

    private func report(_ row: JSONValue) throws {
      let out = StandardOutput()
      if case .array(let torn) = row["torn"] {
        for line in torn {
          try out.line("line \(PlainText.value(line)) was torn by a power cut; the chain goes on")
        }
      }
      if row["broken_line"] != .null {
        return try out.line(
          "BROKEN at line \(PlainText.value(row["broken_line"])): \(PlainText.value(row["reason"]))"
        )
      }
      try out.line(
        PlainText.counted(row["lines"], "line", "lines")
          + ", unbroken; last hash \(PlainText.value(row["last"]))"
      )
    }
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
