// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal
import KreisService

/// Shows what the digest would say.
struct DigestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest", abstract: "Show the mail about what waits, as it would be sent now.",
    discussion: """
      A daemon sends it by itself where its setting digest_to says to whom: how many change requests are \
      open, how many records are to be confirmed and so on, at a hub also how many towns are silent or lag, \
      with links to the console and no names. Where nothing waits, none is sent. Nothing is sent by this \
      command.

      Examples:
        kreisnetz digest --config /etc/kreisnetz/town.yaml
        kreisnetz digest --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("The daemon's settings, for the links.", valueName: "file"))
  var config: String?

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("digest"), .reading) { row in
      if output.json { return try StandardOutput().json(row) }
      let (digest, console) = try settings(isHub: row["towns"] != nil)
      let mail = DigestMail(row, console: console?.link ?? "http://127.0.0.1")
      let out = StandardOutput()
      try out.heading()
      if let digest {
        try out.line("An: \(digest.to.joined(separator: ", "))")
      }
      try out.line("Betreff: \(mail.subject)\n")
      try out.line(mail.text)
    }
  }

  private func settings(isHub: Bool) throws -> (DigestConfiguration?, ConsoleSetting?) {
    if isHub {
      let settings = try HubConfiguration(path: config)
      return (settings.digest, settings.console)
    }
    let settings = try TownConfiguration(path: config)
    return (settings.digest, settings.console)
  }
}
