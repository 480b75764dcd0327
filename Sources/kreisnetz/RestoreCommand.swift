import ArgumentParser
import KreisInterchange
import KreisLocal

/// Take the deletion of a record back.
struct RestoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Take the deletion of a record back.",
    discussion: """
      What was edited meanwhile is kept.

      Example:
        kreisnetz restore 0a1b2c3d-4e5f-8012-9abc-0123456789ab --reason "Irrtum"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    let request = LocalRequest("restore", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(PlainText.value(row["id"])) restored")
    }
  }
}
