// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Takes the deletion of a record back.
struct UndeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undelete", abstract: "Take the deletion of a record back.",
    discussion: """
      What was edited meanwhile is kept.

      Example:
        kreisnetz undelete 0a1b2c3d-4e5f-8012-9abc-0123456789ab --reason "Irrtum"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(
    help: ArgumentHelp("A record: an id, its beginning, or key:EXTERNAL_ID.", valueName: "record"))
  var id: String

  func run() throws {
    let request = LocalRequest("undelete", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(PlainText.value(row["id"])) restored")
    }
  }
}
