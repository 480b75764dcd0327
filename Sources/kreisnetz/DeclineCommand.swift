// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Refuses a change request, or asks its sender.
struct DeclineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decline", abstract: "Decline a change request with an answer, or ask back.",
    discussion: """
      Examples:
        kreisnetz decline 4e5f6a7b --answer "Die Nummer stimmt, wir haben angerufen."
        kreisnetz decline 4e5f6a7b --question "Seit wann?"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("Why not.", valueName: "text")) var answer: String?
  @Option(help: ArgumentHelp("Ask the sender; the request stays open.", valueName: "text"))
  var question: String?
  @Argument(help: "The change request.") var id: String

  func run() throws {
    let request = LocalRequest(
      "decline",
      [
        "id": .string(id), "answer": answer.map { .string($0) } ?? .null,
        "question": question.map { .string($0) } ?? .null,
      ], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(PlainText.value(row["id"])) \(question == nil ? "declined" : "asked back")")
    }
  }
}
