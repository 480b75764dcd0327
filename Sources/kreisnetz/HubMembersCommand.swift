// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct HubMembersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "members", abstract: "List the towns, since when, and how far each is.",
    discussion: """
      "position" counts the bundles that a town has verified, "lag" those it has not; both as of its \
      last statement. "entries" are those of its logs that the hub holds, "missing" those up to the known \
      ends of closed logs that it does not: what a hub that was lost has yet to gather.

      Examples:
        kreisnetz hub members --state /var/lib/kreisnetz/hub
        kreisnetz hub members --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let table = TablePrinter(
      header: [
        "name", "title", "since", "last contact", "position", "lag", "entries", "missing",
        "version",
      ])
    _ = try ReplicaSession(state).run(
      LocalRequest(HubHandlers.members), .reading, handlers: HubHandlers.all
    ) { row in
      if output.json { return try StandardOutput().json(row) }
      try table.add([
        PlainText.value(row["name"]), PlainText.value(row["title"]), PlainText.time(row["since"]),
        row["last_contact"] == .null ? "never" : PlainText.time(row["last_contact"]),
        PlainText.value(row["position"]), PlainText.value(row["lag"]),
        PlainText.value(row["entries"]), PlainText.value(row["missing"]),
        PlainText.value(row["software"]),
      ])
    }
    if !output.json { try table.finish() }
  }
}
