// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore

/// Opens the next generation of a hub that gathers: the root key certifies the hub's new key, and what
/// was gathered becomes the beginning of its new feeds.
struct HubGenerationOpening {
  let session: ReplicaSession
  let directory: StateDirectory

  /// How often more came in between the look and the closing.
  private static let attempts = 5

  /// What is to be certified now.
  ///
  /// - Throws: `CommandError` if the hub does not gather; `StoreError`.
  func renewal() throws -> CertificateRequest {
    var renewal: CertificateRequest?
    _ = try session.run(
      LocalRequest(GatherHandlers.renewal), .reading, handlers: HubHandlers.all
    ) { renewal = try CertificateRequest($0) }
    guard let renewal else {
      throw CommandError(.notNow, "The running daemon does not say what is to be certified.")
    }
    return renewal
  }

  /// - Returns: the new generation.
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  func open(
    _ root: SigningKey, _ phrase: RecoveryPhrase, _ about: SealedRootKey.About
  ) throws -> UInt32 {
    var generation: UInt32 = 0
    for attempt in 1...Self.attempts {
      let renewal = try renewal()
      generation = renewal.generation
      do {
        try close(renewal, root)
        break
      } catch let error as CommandError where attempt < Self.attempts {
        // More came in since: certify that.
        guard error.text.contains("meanwhile") else { throw error }
      }
    }
    try HubFiles.write(
      root,
      SealedRootKey.About(
        realm: about.realm, hub: about.hub, generation: generation, title: about.title,
        ags: about.ags), under: phrase, to: directory)
    return generation
  }

  /// Says which generation was opened, and what an admin does next.
  func report(_ generation: UInt32, asJSON: Bool) throws {
    if asJSON { return try StandardOutput().json(["generation": .integer(Int(generation))]) }
    try StandardOutput().line(
      "The hub serves in its key generation \(generation). Save \(directory.path)/"
        + "\(StateDirectory.rootKey) and \(StateDirectory.memberKey(generation: generation)) again."
    )
  }

  private func close(_ renewal: CertificateRequest, _ root: SigningKey) throws {
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
    _ = try session.run(
      LocalRequest(
        GatherHandlers.close,
        ["certificate": .string(Base64.encode(try Control.root(certificate).encoded()))]),
      .writing, handlers: HubHandlers.all, row: { _ in })
  }
}
