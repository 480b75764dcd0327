// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Shows one record.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a record with its scopes and conflicts.",
    discussion: """
      Examples:
        kreisnetz show key:kita-loewenzahn
        kreisnetz show 0a1b2c3d --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("show", ["id": .string(id)]), .reading) { row in
      if output.json { try StandardOutput().json(row) } else { try RecordText().record(row) }
    }
  }
}
