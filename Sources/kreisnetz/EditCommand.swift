import ArgumentParser
import KreisInterchange
import KreisLocal

/// Changes fields of a record.
struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Change fields of a record.",
    discussion: """
      Takes what add takes; besides, field= withdraws a field and field-=element removes an element \
      of a set. Without @scope a value stays in the scope in which it stands.

      Examples:
        kreisnetz edit key:kita-loewenzahn phone="0221 4710-316"
        kreisnetz edit key:kita-loewenzahn sectors+=health website= description=@text.txt
        kreisnetz edit 0a1b2c3d note="Rückruf vereinbart" --role Netzwerkkoordination
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String
  @Argument(help: ArgumentHelp("What changes.", valueName: "field=value"))
  var changes: [String]

  func run() throws {
    let request = LocalRequest(
      "edit", ["id": .string(id), "changes": try ChangeArguments.json(changes)],
      role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line(
        row["written"] == .integer(0)
          ? "Nothing changed: the record is so already."
          : "\(PlainText.value(row["written"])) changed in \(PlainText.value(row["id"]))")
    }
  }
}
