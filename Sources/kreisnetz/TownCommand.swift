// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser

/// What concerns a town alone.
struct TownCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "town", abstract: "Join a Kreis and run a town's daemon.",
    subcommands: [
      TownJoinCommand.self, TownRunCommand.self, TownRotateCommand.self, TownLeaveCommand.self,
    ])
}
