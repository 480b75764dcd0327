// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisService
import KreisStore
import KreisTown
import KreisTransport

struct TownJoinCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Become a member with an invite from the hub.",
    discussion: """
      Makes the state directory with this town's own key and proves the invite to the hub. If the \
      hub cannot be reached or the answer is lost, repeat the same command.

      With - the invite is read from standard input, so that it does not show in the list of \
      processes.

      Examples:
        kreisnetz town join - --state /var/lib/kreisnetz/halver < invite.txt
        kreisnetz town join kreisnetz1:… --state /var/lib/kreisnetz/halver
      """)

  @Argument(help: "The invite, one line; or - for standard input.")
  var invite: String

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp("Settings, as of the daemon: proxy and authorities.", valueName: "file"))
  var config: String?

  func run() async throws {
    let text = try invite == "-" ? InviteText.standardInput() : invite
    let configuration = try TownConfiguration(path: config)
    let now = SystemClock.now()
    let path = try state.path()
    let identity = try await FileAct("town join", in: path).runAsync {
      try await TownJoin.join(
        text, state: path, now: now, random: SystemClock.random
      ) { invite in
        try TownConnection.transport(
          to: HubEndpoint(url: invite.url, pin: invite.pin, configuration: configuration),
          realm: invite.realm)
      }
    }
    if output.json {
      try StandardOutput().json([
        "member": .string(identity.member.description), "name": .string(identity.name),
        "title": .string(identity.title), "kreis": .string(identity.kreis),
        "realm": .string(identity.realm.description),
      ])
    } else {
      try StandardOutput().line(
        """
        \(identity.title) has joined \(identity.kreis) as "\(identity.name)".
        Start the daemon: kreisnetz town run --state \(path)
        """)
    }
  }
}

/// An invite that is not to show in the list of processes.
enum InviteText {
  /// Bytes of an invite on standard input.
  private static let limit = 16_384

  static func standardInput() throws -> String {
    let data = try FileHandle.standardInput.read(upToCount: limit) ?? Data()
    guard let text = String(validating: data, as: UTF8.self) else { throw InviteError.prefix }
    return text
  }
}
