// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct HubRevokeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "End a town's membership.",
    discussion: """
      Closes the town's logs where the hub's feed stands now. What the town wrote until then stays, and \
      the hub may change it; what it writes from then on is refused by everybody. The town's daemon is \
      cut off and says so. This cannot be taken back: to have the town again, invite it under a new \
      name.

      Example:
        kreisnetz hub revoke halver --state /var/lib/kreisnetz/hub
      """)

  @Argument(help: "The town's short name.")
  var name: String

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let request = LocalRequest(HubHandlers.revoke, ["name": .string(name)])
    _ = try ReplicaSession(state).run(request, .writing, handlers: HubHandlers.all) { row in
      if output.json { return try StandardOutput().json(row) }
      try StandardOutput().line(
        "\(PlainText.value(row["title"])) does not belong to the Kreis any more.")
    }
  }
}
