// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

/// Releases what waits to become public.
struct ReleaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Release, as a second person, what is to become public.",
    discussion: """
      kreisnetz list publication shows what waits. Whoever asked for it cannot release it: the roles \
      must differ.

      Examples:
        kreisnetz release 0a1b2c3d --role Datenschutz
        kreisnetz release 0a1b2c3d --refuse --role Datenschutz --reason "nicht abgestimmt"
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var act: ActOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The publication: an id or its beginning.") var id: String
  @Flag(help: "It does not become public.") var refuse = false

  func run() throws {
    let request = LocalRequest(
      "release", ["id": .string(id), "refuse": .bool(refuse)], role: act.role, reason: act.reason)
    _ = try ReplicaSession(state).run(request, .writing) { row in
      if output.json { return try StandardOutput().json(row) }
      let field = "\(PlainText.value(row["field"])) of \(PlainText.value(row["subject"]))"
      try StandardOutput().line(
        row["released"] == .bool(true) ? "\(field) is public now" : "\(field) stays as it is")
    }
  }
}
