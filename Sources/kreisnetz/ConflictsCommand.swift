// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisLocal

/// Lists fields with several surviving values.
struct ConflictsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conflicts",
    abstract: "List fields that several members changed at once, with all their values.",
    discussion: """
      The value numbered 1 is the one that is shown until somebody resolves the conflict.

      Examples:
        kreisnetz conflicts
        kreisnetz conflicts --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("conflicts"), .reading) { row in
      if output.json { try StandardOutput().json(row) } else { try RecordText().conflict(row) }
    }
  }
}
