// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser

/// What concerns the hub alone.
struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hub", abstract: "Set up and run the hub of a Kreis.",
    subcommands: [
      HubInitCommand.self, HubRunCommand.self, HubInviteCommand.self, HubInvitesCommand.self,
      HubWithdrawCommand.self, HubMembersCommand.self, HubRevokeCommand.self,
      HubGatherCommand.self, HubRotateCommand.self, HubRecoverySheetCommand.self,
      HubCheckCertificateCommand.self,
    ])
}
