// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Hands a record over to another member.
struct TransferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer", abstract: "Let another member keep a record from now on.",
    discussion: """
      Whoever keeps the record asks, and the hub answers by itself as soon as it hears of it; until \
      then nothing changes. What was written before stays. Internal notes (Koordination) stay with \
      the member that wrote them.

      Example:
        kreisnetz transfer key:kita-loewenzahn balve --reason "Gemeindegrenze verlegt"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String
  @Argument(help: "The member's short name, as the hub invited it; hub for the Kreis.")
  var town: String

  func run() throws {
    let request = LocalRequest(
      "transfer", ["id": .string(id), "member": .string(town)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      let out = StandardOutput()
      if output.json { return try out.json(row) }
      let (id, title) = (PlainText.value(row["id"]), PlainText.value(row["title"]))
      try out.line(
        row["granted"] == .bool(true)
          ? "\(title) keeps \(id) from now on" : "Asked the hub: \(title) is to keep \(id)")
    }
  }
}
