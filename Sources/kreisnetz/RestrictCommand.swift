// SPDX-License-Identifier: EUPL-1.2

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

  @OptionGroup var restriction: Restriction

  func run() throws { try restriction.run("restrict", "restricted") }
}

/// Lifts a restriction.
struct UnrestrictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unrestrict", abstract: "Lift the restriction of a person's processing.",
    discussion: """
      Example:
        kreisnetz unrestrict 0a1b2c3d --reason "Angaben bestätigt"
      """)

  @OptionGroup var restriction: Restriction

  func run() throws { try restriction.run("unrestrict", "is not restricted any more") }
}

/// Whose restriction, and who changes it why.
struct Restriction: ParsableArguments {
  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The record: an id, its beginning, or key:EXTERNAL_ID.") var id: String

  /// - Parameter what: what became of each record.
  func run(_ command: String, _ what: String) throws {
    let request = LocalRequest(command, ["id": .string(id)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { try report($0, what) }
  }

  private func report(_ row: JSONValue, _ what: String) throws {
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
