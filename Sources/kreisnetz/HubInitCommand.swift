// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
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

      With --training a realm for pilots and courses is founded: its Kreis is called "SCHULUNG …", \
      and so are status, lists, exports, the read API and invites. It never becomes a live one.

      With --recover a hub is replaced that was lost, or that a backup brought back: it collects from \
      the members what they hold, until "hub gather --close". On the state directory of a restored hub \
      nothing else is needed. Of a lost one give the saved file keys/root.key, the same URL, and the \
      recovery phrase (one line of standard input): towns then follow by themselves.

      Examples:
        kreisnetz hub init --state /var/lib/kreisnetz/hub --name "Märkischer Kreis" --ags 05962 \
      --url https://hub.example.org:8443
        kreisnetz hub init --recover --state /var/lib/kreisnetz/hub
        kreisnetz hub init --recover --state /var/lib/kreisnetz/hub --root-key /media/usb/root.key \
      --url https://hub.example.org:8443
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "The name of the Kreis, for people.")
  var name: String?

  @Option(help: "The official key of the Kreis, 5 digits.")
  var ags: String?

  @Option(help: "Where towns reach the hub: https://HOST or https://HOST:PORT.")
  var url: String?

  @Flag(help: "Found a training realm, marked as such everywhere.")
  var training = false

  @Flag(help: "Replace a hub that was lost or restored from a backup.")
  var recover = false

  @Option(help: ArgumentHelp("The lost hub's saved keys/root.key.", valueName: "file"))
  var rootKey: String?

  @Option(help: ArgumentHelp("A certificate with its chain, PEM.", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("The certificate's key, PEM.", valueName: "file"))
  var tlsKey: String?

  func validate() throws {
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
    if recover {
      guard name == nil, ags == nil, !training, (rootKey == nil) == (url == nil) else {
        throw ValidationError(
          "--recover takes nothing else for a restored hub, --root-key and --url for a lost one.")
      }
    } else {
      guard name != nil, ags != nil, url != nil, rootKey == nil else {
        throw ValidationError("A new hub needs --name, --ags and --url.")
      }
    }
  }

  func run() throws {
    let tls = tlsCert.flatMap { certificate in tlsKey.map { (certificate, $0) } }
    if recover { return try recover(tls) }
    guard let name, let ags, let url else { throw ExitCode.validationFailure }
    let setup = HubSetup(
      title: training ? TrainingRealm.title(of: name) : name, ags: ags, url: url, tls: tls)
    guard training || !TrainingRealm.resembles(name) else {
      throw CommandError(
        .wrongUse,
        "A Kreis whose name begins with \(TrainingRealm.mark) would be taken for a training realm. "
          + "Found one with --training, or choose another name.")
    }
    let path = try state.path()
    let act = try FileAct("hub init", in: path)
    let result = try act.run {
      try setup.run(at: path, now: SystemClock.now()) { try announce($0, $1) }
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

  private func announce(_ phrase: RecoveryPhrase, _ realm: RealmID) throws {
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

  private func recover(_ tls: (certificate: String, key: String)?) throws {
    let recovery = HubRecovery(path: try state.path())
    let identity = try FileAct("hub init --recover", in: state.path()).run {
      if let rootKey, let url {
        try recovery.lost(rootKey: rootKey, url: url, tls: tls)
      } else {
        try recovery.restored()
      }
    }
    guard !output.json else {
      return try StandardOutput().json(["realm": .string(identity.realm.description)])
    }
    let path = try state.path()
    try StandardOutput().line(
      """
      The hub of \(identity.title) collects from its members what they hold.
      Start it:        kreisnetz hub run --state \(path)
      Watch it:        kreisnetz hub gather --state \(path)
      When it is all:  kreisnetz hub gather --close --state \(path)
      """)
  }
}
