// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisInterchange
import KreisLocal

/// Shows every entry that made a record.
struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show every entry that made a record: who, when, effective or why not.",
    discussion: """
      Examples:
        kreisnetz history key:kita-loewenzahn
        kreisnetz history 0a1b2c3d --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  func run() throws {
    let request = LocalRequest("history", ["id": .string(id)])
    _ = try ReplicaSession(state).run(request, .reading) { row in
      if output.json { return try StandardOutput().json(row) }
      var kind: RecordKind?
      if case .string(let name) = row["record_kind"] {
        kind = try? Schema.directory.kind(named: name)
      }
      try RecordText().entry(row, of: kind)
    }
  }
}
