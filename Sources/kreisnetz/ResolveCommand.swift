// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Ends a conflict over a field.
struct ResolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve", abstract: "End a conflict: say which value of a field stays.",
    discussion: """
      Examples:
        kreisnetz conflicts
        kreisnetz resolve key:kita-loewenzahn phone --take 2
        kreisnetz resolve key:kita-loewenzahn phone --value "0221 4710-316"
        kreisnetz resolve key:kita-loewenzahn sectors/health --take 1
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The number that conflicts shows beside the value.", valueName: "n"))
  var take: Int?
  @Option(help: ArgumentHelp("Another value.", valueName: "v"))
  var value: String?
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String
  @Argument(help: "The field, of a set field/element.") var field: String

  func run() throws {
    let parts = field.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let request = LocalRequest(
      "resolve",
      [
        "id": .string(id), "field": .string(String(parts[0])),
        "element": parts.count > 1 ? .string(String(parts[1])) : .null,
        "take": take.map { .integer($0) } ?? .null, "value": value.map { .string($0) } ?? .null,
      ], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(field) of \(PlainText.value(row["id"])) resolved")
    }
  }
}
