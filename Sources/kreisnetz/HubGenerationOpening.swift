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
  /// What the file of the root key says: of a hub that was set back it may know more than the database.
  let about: SealedRootKey.About
  /// The generation that the admin knows to be lost: nobody holds anything of it.
  var lost: UInt32?

  /// How often more came in between the look and the closing.
  private static let attempts = 5

  /// What is to be certified now. No number is ever given away twice: towns would hold two histories
  /// under one.
  ///
  /// - Throws: `CommandError` if the hub does not gather, or a generation was opened of which it has
  ///   gathered nothing; `StoreError`.
  private func renewal() throws -> (request: CertificateRequest, generation: UInt32) {
    let request = try request()
    if let missing = missing(request), missing != lost {
      throw CommandError(
        .notNow,
        "Key generation \(missing) of this hub was opened before, and nothing of it was gathered yet: what "
          + "the hub wrote in it would be missing. A town that followed it brings it as soon as it reaches "
          + "this hub; kreisnetz hub gather shows who was there. Only if no town holds anything of it: "
          + "kreisnetz hub gather --close --without-generation \(missing)")
    }
    return (request, next(request))
  }

  /// - Throws: what `renewal` throws.
  func check() throws { _ = try renewal() }

  /// The last generation that was opened, as far as anybody said, if nothing of it was gathered. Before
  /// anything was gathered at all, `nil`.
  ///
  /// - Throws: `CommandError` if the hub does not gather; `StoreError`.
  func missing() throws -> UInt32? { missing(try request()) }

  private func missing(_ request: CertificateRequest) -> UInt32? {
    let last = next(request) - 1
    return request.gathered > 0 && last > request.gathered ? last : nil
  }

  private func next(_ request: CertificateRequest) -> UInt32 {
    max(request.generation, about.generation + 1)
  }

  private func request() throws -> CertificateRequest {
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
  func open(_ root: SigningKey, _ phrase: RecoveryPhrase) throws -> UInt32 {
    var generation: UInt32 = 0
    for attempt in 1...Self.attempts {
      let renewal = try renewal()
      generation = renewal.generation
      do {
        try close(renewal.request, generation, root)
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

  private func close(
    _ renewal: CertificateRequest, _ generation: UInt32, _ root: SigningKey
  ) throws {
    let key: SigningKey
    if let held = try directory.signingKey(generation: generation) {
      key = held
    } else {
      key = SigningKey()
      try directory.write(key, generation: generation)
    }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: renewal.hub, generation: generation,
      closing: renewal.closes, title: renewal.title, ags: renewal.ags, with: root)
    _ = try session.run(
      LocalRequest(
        GatherHandlers.close,
        ["certificate": .string(Base64.encode(try Control.root(certificate).encoded()))]),
      .writing, handlers: HubHandlers.all, row: { _ in })
  }
}
