// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal

struct HubCheckCertificateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-certificate",
    abstract: "Check the certificate of a town that left and destroyed its replica.",
    discussion: """
      Says whether the town's own key signed exactly this text. Exit code 1: it did not.

      Example:
        kreisnetz hub check-certificate halver.txt --state /var/lib/kreisnetz/hub
      """)

  @Argument(help: "The certificate, as \"town leave\" wrote it.")
  var file: String

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard let data = FileManager.default.contents(atPath: file),
      data.count <= FarewellCertificate.limit, let text = String(validating: data, as: UTF8.self)
    else {
      throw CommandError(.wrongUse, "\(file) cannot be read, or is no certificate.")
    }
    let request = LocalRequest(HubHandlers.checkCertificate, ["certificate": .string(text)])
    let outcome = try ReplicaSession(state).run(request, .reading, handlers: HubHandlers.all) {
      row in
      if output.json { return try StandardOutput().json(row) }
      let isRevoked = row["revoked"] == .bool(true)
      try StandardOutput().line(
        row["valid"] == .bool(true)
          ? "VALID: signed by \(PlainText.value(row["title"])), which "
            + (isRevoked ? "does not belong to the Kreis any more." : "is a member still.")
          : "NOT VALID: the text was changed, or another key signed it.")
    }
    if outcome != .done { throw outcome.exit }
  }
}
