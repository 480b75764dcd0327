// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Does what a change request proposes.
struct AcceptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept", abstract: "Accept a change request: make the change and say so.",
    discussion: """
      Writes the proposed values into the record, as an edit whose reason names the request, and \
      answers the sender. Says which of these fields are not as the sender saw them.

      Example:
        kreisnetz requests
        kreisnetz accept 4e5f6a7b --role Netzwerkkoordination
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var publishing: PublishOptions
  @Option(help: ArgumentHelp("A word to the sender.", valueName: "text")) var answer: String?
  @Argument(help: "The change request.") var id: String

  func run() throws {
    let request = LocalRequest(
      "accept",
      [
        "id": .string(id), "answer": answer.map { .string($0) } ?? .null,
        "publish": .bool(publishing.publish),
      ], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try PublishOptions.report(row)
      if case .array(let fields) = row["changed_since"], !fields.isEmpty {
        try out.line(
          "Changed since it was sent, and replaced now: \(PlainText.value(row["changed_since"]))")
      }
      try out.line(
        "\(PlainText.value(row["id"])) accepted; \(PlainText.value(row["written"])) changed in "
          + PlainText.value(row["subject"]))
    }
  }
}
