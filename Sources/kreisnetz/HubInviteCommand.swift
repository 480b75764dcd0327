import ArgumentParser
import KreisInterchange
import KreisLocal

struct HubInviteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Make an invite for one town and print it.",
    discussion: """
      Prints one line that lets one town join, once. Hand it over where nobody else reads it. A \
      second invite for the same name replaces the first, as long as that was not used.

      Example:
        kreisnetz hub invite --state /var/lib/kreisnetz/hub --name halver --title Halver \
      --ags 05962012
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "The town's short name: lower-case letters, digits and hyphens.")
  var name: String

  @Option(help: "The town's name for people.")
  var title: String

  @Option(help: "The town's official key, 8 digits.")
  var ags: String

  @Option(help: "For how many days it can be used, 1 to 90.")
  var days = 7

  func run() throws {
    let request = LocalRequest(
      HubHandlers.invite,
      [
        "name": .string(name), "title": .string(title), "ags": .string(ags),
        "days": .integer(days),
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
