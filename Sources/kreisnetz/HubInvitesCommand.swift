// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct HubInvitesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invites", abstract: "List the invites: open, used, expired or withdrawn.",
    discussion: """
      Shows the latest invite of each town, and never its secret: who lost an invite gets a new one \
      with "hub invite --name NAME", which replaces it.

      Examples:
        kreisnetz hub invites --state /var/lib/kreisnetz/hub
        kreisnetz hub invites --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let table = TablePrinter(header: ["name", "title", "state", "made", "valid until", "for"])
    _ = try ReplicaSession(state).run(
      LocalRequest(HubHandlers.invites), .reading, handlers: HubHandlers.all
    ) { row in
      if output.json { return try StandardOutput().json(row) }
      let isOfMember = row["state"] != "used" && row["member"] != .null
      try table.add([
        PlainText.value(row["name"]), PlainText.value(row["title"]),
        PlainText.value(row["state"]), PlainText.time(row["created_at"]),
        PlainText.time(row["expires_at"]), isOfMember ? "a new key" : "joining",
      ])
    }
    if !output.json { try table.finish() }
  }
}

struct HubWithdrawCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "Withdraw an invite that nobody has used yet.",
    discussion: """
      Whoever has the invite cannot join with it any more. A new one can be made at any time. To end \
      the membership of a town that has joined, see "hub revoke".

      Example:
        kreisnetz hub withdraw halver --state /var/lib/kreisnetz/hub
      """)

  @Argument(help: "The short name that the invite is for.")
  var name: String

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let request = LocalRequest(HubHandlers.withdraw, ["name": .string(name)])
    _ = try ReplicaSession(state).run(request, .writing, handlers: HubHandlers.all) { row in
      if output.json { return try StandardOutput().json(row) }
      try StandardOutput().line("The invite for \(PlainText.value(row["name"])) is withdrawn.")
    }
  }
}
