import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisService
import KreisStore

struct HubInitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Found the federation of a Kreis and its hub.",
    discussion: """
      Makes the state directory with the realm's root key, the hub's key and its TLS certificate. \
      The root key is encrypted under a recovery phrase that is printed once: write it down and keep \
      it away from this machine. Without it a lost hub cannot be replaced.

      Without --tls-cert and --tls-key a certificate is made, whose key the invites pin.

      Example:
        kreisnetz hub init --state /var/lib/kreisnetz/hub --name "Märkischer Kreis" --ags 05962 \
      --url https://hub.example.org:8443
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "The name of the Kreis, for people.")
  var name: String

  @Option(help: "The official key of the Kreis, 5 digits.")
  var ags: String

  @Option(help: "Where towns reach the hub: https://HOST or https://HOST:PORT.")
  var url: String

  @Option(help: ArgumentHelp("A certificate with its chain, PEM.", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("The certificate's key, PEM.", valueName: "file"))
  var tlsKey: String?

  func validate() throws {
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
  }

  func run() throws {
    let tls = tlsCert.flatMap { certificate in tlsKey.map { (certificate, $0) } }
    let setup = HubSetup(title: name, ags: ags, url: url, tls: tls)
    let result = try setup.run(at: state.path(), now: SystemClock.now()) { phrase, realm in
      if output.json {
        try StandardOutput().json([
          "realm": .string(realm.description), "recovery_phrase": .string(phrase.description),
        ])
      } else {
        try StandardOutput().line(
          """
          The recovery phrase of the realm, shown only now:

              \(phrase)

          Write it down and keep it away from this machine.

          """)
      }
      // On its way before the realm exists: not lost if the process is killed right after.
      try StandardOutput().flush()
    }
    guard !output.json else { return }
    try StandardOutput().line(
      """
      The hub of \(result.identity.title) is set up in \(result.directory.path).
      Start it:      kreisnetz hub run --state \(result.directory.path)
      Invite a town: kreisnetz hub invite --state \(result.directory.path) --name halver \
      --title Halver --ags 05962012
      """)
  }
}
