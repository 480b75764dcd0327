// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Changes fields of a record.
struct EditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Change fields of a record.",
    discussion: """
      Takes what add takes; besides, field= withdraws a field and field-=element removes an element \
      of a set. Without @scope a value stays in the scope in which it stands. A field that is \
      withdrawn while a narrower scope has a value is narrowed: the wider values are destroyed \
      everywhere.

      Examples:
        kreisnetz edit key:kita-loewenzahn phone="0221 4710-316"
        kreisnetz edit key:kita-loewenzahn sectors+=health website= description=@text.txt
        kreisnetz edit 0a1b2c3d note="Rückruf vereinbart" --role Netzwerkkoordination
        kreisnetz edit 0a1b2c3d phone@coordination="0221 4710-123" phone@kreis=
        kreisnetz edit 0a1b2c3d results=@ohne-namen.txt --forget
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var publishing: PublishOptions
  @Flag(help: "Destroy what is replaced at once, on every replica and whoever wrote it.")
  var forget = false
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String
  @Argument(help: ArgumentHelp("What changes.", valueName: "field=value"))
  var changes: [String]

  func run() throws {
    let request = LocalRequest(
      "edit",
      [
        "id": .string(id), "changes": try ChangeArguments.json(changes),
        "publish": .bool(publishing.publish), "forget": .bool(forget),
      ],
      role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      output.warn(row)
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try PublishOptions.report(row)
      guard row["waiting"] == nil || row["written"] != .integer(0) else { return }
      try out.line(
        row["written"] == .integer(0)
          ? "Nothing changed: the record is so already."
          : "\(PlainText.value(row["written"])) changed in \(PlainText.value(row["id"]))")
    }
  }
}
