// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Delete a record in every scope it appears in.
struct DeleteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a record in every scope it appears in.",
    discussion: """
      Its entries stay in the log; undelete brings it back.

      Example:
        kreisnetz delete key:kita-loewenzahn --reason "Einrichtung geschlossen"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    let request = LocalRequest("delete", ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      try out.line("\(PlainText.value(row["id"])) deleted")
    }
  }
}
