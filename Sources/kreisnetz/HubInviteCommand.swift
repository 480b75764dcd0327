// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct HubInviteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Make an invite for one town and print it.",
    discussion: """
      Prints one line that lets one town join, once. Hand it over where nobody else reads it. A \
      second invite for the same name replaces the first, as long as that was not used; --name alone \
      is enough for it.

      With --member the invite is for a town that is a member and lost its key, or whose key was closed \
      because a copy of it went on: who joins with it gets the town's next key generation.

      Examples:
        kreisnetz hub invite --state /var/lib/kreisnetz/hub --name halver --title Halver \
      --ags 05962012
        kreisnetz hub invite --state /var/lib/kreisnetz/hub --name halver
        kreisnetz hub invite --state /var/lib/kreisnetz/hub --member halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "The town's short name: lower-case letters, digits and hyphens.")
  var name: String?

  @Option(help: "The town's name for people.")
  var title: String?

  @Option(help: "The town's official key, 8 digits.")
  var ags: String?

  @Option(help: ArgumentHelp("A member that lost its key.", valueName: "name"))
  var member: String?

  @Option(help: "For how many days it can be used, 1 to 90.")
  var days = 7

  func validate() throws {
    let isNew = name != nil && (title == nil) == (ags == nil) && member == nil
    guard isNew || member != nil && name == nil && title == nil && ags == nil else {
      throw ValidationError(
        "Name a new town with --name, --title and --ags, one that was invited before with --name "
          + "alone, or a --member.")
    }
  }

  func run() throws {
    let text = { (text: String?) in text.map { JSONValue.string($0) } ?? .null }
    let request = LocalRequest(
      HubHandlers.invite,
      [
        "name": text(name ?? member), "title": text(title), "ags": text(ags),
        "member": .bool(member != nil), "days": .integer(days),
      ])
    _ = try ReplicaSession(state).run(request, .writing, handlers: HubHandlers.all) { row in
      if output.json {
        try StandardOutput().json(row)
      } else {
        try StandardOutput().line(PlainText.value(row["invite"]))
      }
    }
  }
}
