import ArgumentParser
import KreisInterchange
import KreisLocal

/// Restricts a record's processing.
struct RestrictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restrict", abstract: "Hide a person everywhere without destroying anything.",
    discussion: """
      Art. 18 GDPR: the data is kept, and shown and exported nowhere until the restriction is lifted. \
      Numbers, roles and memberships of the person are restricted with it.

      Example:
        kreisnetz restrict 0a1b2c3d --reason "Richtigkeit wird geprüft" --role Netzwerkkoordination
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    let request = LocalRequest(
      "restrict", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) {
      try Self.report($0, output, "restricted")
    }
  }

  static func report(_ row: JSONValue, _ output: OutputOptions, _ what: String) throws {
    let out = StandardOutput()
    if output.json { return try out.json(row) }
    if case .array(let changed) = row["changed"] {
      for id in changed { try out.line("\(PlainText.value(id)) \(what)") }
    }
    if case .array(let others) = row["others"] {
      for id in others {
        try out.line("\(PlainText.value(id)) belongs to the person and to another member: tell it")
      }
    }
  }
}

/// Lifts a restriction.
struct UnrestrictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unrestrict", abstract: "Lift the restriction of a person's processing.",
    discussion: """
      Example:
        kreisnetz unrestrict 0a1b2c3d --reason "Angaben bestätigt"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    let request = LocalRequest(
      "unrestrict", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) {
      try RestrictCommand.report($0, output, "is not restricted any more")
    }
  }
}
