// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Asks another member to change its record (Rückmeldung).
struct RequestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "request",
    abstract: "Ask for a change of a record that another member keeps (Rückmeldung).",
    discussion: """
      Any member can ask, about any record that it sees: with new values, a remark, or both. All \
      members see it, or, with --to-steward, only who keeps the record and the hub, which passes it \
      on by itself.

      About an own change request: --reply answers the steward's question, --withdraw takes it back.

      Examples:
        kreisnetz request key:kita-loewenzahn phone="0221 4710-316" --remark "Neue Durchwahl"
        kreisnetz request 0a1b2c3d --remark "Die Gruppe trifft sich nicht mehr." --to-steward
        kreisnetz request 4e5f6a7b --reply "Ja, seit Mai."
        kreisnetz request 4e5f6a7b --withdraw
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("What should be looked at.", valueName: "text")) var remark: String?
  @Flag(help: "Only for the member that keeps the record, and the hub.") var toSteward = false
  @Option(help: ArgumentHelp("Answer a question about an own change request.", valueName: "text"))
  var reply: String?
  @Flag(help: "Take an own change request back.") var withdraw = false
  @Argument(help: "The record, or an own change request.") var id: String
  @Argument(help: ArgumentHelp("What should change.", valueName: "field=value"))
  var changes: [String] = []

  func validate() throws {
    let isAbout = reply != nil || withdraw
    guard !isAbout || changes.isEmpty && remark == nil && !toSteward else {
      throw ValidationError("--reply and --withdraw are about a request that was sent already.")
    }
  }

  func run() throws {
    let request = LocalRequest(
      "request",
      [
        "id": .string(id), "changes": try ChangeArguments.json(changes),
        "remark": remark.map { .string($0) } ?? .null, "to_steward": .bool(toSteward),
        "reply": reply.map { .string($0) } ?? .null, "withdraw": .bool(withdraw),
      ], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      let id = PlainText.value(row["id"])
      let done = withdraw ? "withdrawn" : reply != nil ? "answered" : "sent"
      try out.line("Change request \(id) \(done)")
    }
  }
}
