import ArgumentParser
import Crypto
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore

struct HubGatherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gather", abstract: "Show what a hub that was lost has collected, and end it.",
    discussion: """
      Lists the members with the entries of theirs that the hub holds, and when each last offered what \
      it has. A town offers everything as soon as it reaches the hub.

      With --close the hub's next key generation is opened and the hub serves again. This asks for the \
      recovery phrase (one line of standard input). What a town brings afterwards is taken up as well; \
      but values that were erased meanwhile stay erased for certain only where their erasure was gathered.

      Examples:
        kreisnetz hub gather --state /var/lib/kreisnetz/hub
        kreisnetz hub gather --close --state /var/lib/kreisnetz/hub
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "End the gathering and serve again, in the hub's next generation.")
  var close = false

  /// How often more came in between the look and the closing.
  private static let attempts = 5

  func run() throws {
    if close { try end() } else { try show() }
  }

  private func show() throws {
    let table = TablePrinter(header: ["name", "title", "entries", "missing", "offered"])
    _ = try ReplicaSession(state).run(
      LocalRequest(GatherHandlers.show), .reading, handlers: HubHandlers.all
    ) { row in
      if output.json { return try StandardOutput().json(row) }
      try table.add([
        PlainText.value(row["name"]), PlainText.value(row["title"]),
        PlainText.value(row["entries"]), PlainText.value(row["missing"]),
        row["offered_at"] == .null ? "not yet" : PlainText.time(row["offered_at"]),
      ])
    }
    if !output.json { try table.finish() }
  }

  private func end() throws {
    let directory = try state.directory()
    let file = "\(directory.path)/\(StateDirectory.rootKey)"
    let sealed = try RecoveryPhraseInput.sealedKey(at: file)
    // Before the phrase is asked for.
    _ = try renewal()
    let (root, phrase) = try RecoveryPhraseInput.open(sealed)
    var generation: UInt32 = 0
    for attempt in 1...Self.attempts {
      let renewal = try renewal()
      generation = renewal.generation
      do {
        try close(renewal, root, directory)
        break
      } catch let error as CommandError where attempt < Self.attempts {
        // More came in since: certify that.
        guard error.text.contains("meanwhile") else { throw error }
      }
    }
    let about = sealed.about
    try HubFiles.write(
      root,
      SealedRootKey.About(
        realm: about.realm, hub: about.hub, generation: generation, title: about.title,
        ags: about.ags), under: phrase, to: directory)
    if output.json {
      try StandardOutput().json(["generation": .integer(Int(generation))])
    } else {
      try StandardOutput().line(
        "The hub serves in its key generation \(generation). Save \(file) and keys/member-\(generation)"
          + ".key again.")
    }
  }

  private func renewal() throws -> CertificateRequest {
    var renewal: CertificateRequest?
    _ = try ReplicaSession(state).run(
      LocalRequest(GatherHandlers.renewal), .reading, handlers: HubHandlers.all
    ) { renewal = try CertificateRequest($0) }
    guard let renewal else {
      throw CommandError(.notNow, "The running daemon does not say what is to be certified.")
    }
    return renewal
  }

  private func close(
    _ renewal: CertificateRequest, _ root: SigningKey, _ directory: StateDirectory
  ) throws {
    let key: SigningKey
    if let held = try directory.signingKey(generation: renewal.generation) {
      key = held
    } else {
      key = SigningKey()
      try directory.write(key, generation: renewal.generation)
    }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: renewal.hub, generation: renewal.generation,
      closing: renewal.closes, title: renewal.title, ags: renewal.ags, with: root)
    _ = try ReplicaSession(state).run(
      LocalRequest(
        GatherHandlers.close,
        ["certificate": .string(Base64.encode(try Control.root(certificate).encoded()))]),
      .writing, handlers: HubHandlers.all, row: { _ in })
  }
}
