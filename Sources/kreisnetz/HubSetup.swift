import Crypto
import Foundation
import KreisCore
import KreisHub
import KreisLocal
import KreisService
import KreisStore

/// Founds a realm: root key, the hub's key and certificate, and its replica.
struct HubSetup {
  let title: String
  let ags: String
  let url: String
  /// Files of a certificate from an authority; `nil`: one is made, and invites pin its key.
  let tls: (certificate: String, key: String)?

  /// What the admin must know.
  struct Result {
    let identity: Identity
    let directory: StateDirectory
  }

  /// Makes the state directory. A set-up that was cut off can be repeated.
  ///
  /// - Parameter announce: is given the recovery phrase just before the realm comes into being, so
  ///   that there is none whose phrase nobody saw.
  /// - Throws: `CommandError`, `StateDirectoryError`, `HubCertificateError`, `StoreError`.
  func run(
    at path: String, now: UInt64, announce: (RecoveryPhrase, RealmID) throws -> Void
  ) throws -> Result {
    try check()
    let directory = try StateDirectory.prepare(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let pin = try installCertificate(in: directory, now: now)

    var random = SystemRandomNumberGenerator()
    let phrase = RecoveryPhrase(using: &random)
    let root = SigningKey()
    let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    let sealed = try SealedRootKey.seal(root, under: phrase, salt: salt)
    try directory.write(Array(sealed.utf8), to: StateDirectory.rootKey)
    let key = SigningKey()
    try directory.write(key, generation: 1)

    guard let realm = RealmID(VerifyingKey(of: root).bytes),
      let hub = MemberID(UInt64.random(in: 1..<1 << 48, using: &random))
    else { throw CommandError(.notNow, "The keys could not be made.") }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: hub, generation: 1, closing: [], title: title,
      ags: ags, with: root)
    let identity = Identity(
      role: .hub, realm: realm, member: hub, generation: 1, name: "hub", title: title, ags: ags,
      kreis: title, hubURL: url, hubPin: pin)
    try announce(phrase, realm)
    try directory.install { path throws(StoreError) in
      try Store.createHub(
        at: path, identity: identity, key: key, certificate: certificate, at: now,
        random: { .random(in: .min ... .max) })
    }
    return Result(identity: identity, directory: directory)
  }

  private func check() throws {
    guard Store.isAGS(ags) else {
      throw CommandError(.wrongUse, "'\(ags)' is no official key (AGS): 5 digits for a Kreis.")
    }
    guard !title.isEmpty, title.utf8.count <= Invite.titleBytes else {
      throw CommandError(
        .wrongUse, "The name is empty or longer than \(Invite.titleBytes) bytes.")
    }
    guard Invite.isBase(url: url) else {
      throw CommandError(.wrongUse, InviteError.url(url).description)
    }
  }

  /// - Returns: what invites pin; `nil` where an authority vouches for the hub.
  private func installCertificate(in directory: StateDirectory, now: UInt64) throws -> [UInt8]? {
    guard let tls else {
      let made = try HubCertificate.selfSigned(for: url, now: now)
      try directory.write(Array(made.keyPEM.utf8), to: StateDirectory.certificateKey)
      try directory.write(Array(made.certificatePEM.utf8), to: StateDirectory.certificate)
      return made.keyHash.bytes
    }
    _ = try HubCertificate(certificateFile: tls.certificate, keyFile: tls.key, now: now)
    // Links, so that a renewed certificate needs no second set-up.
    try directory.link(StateDirectory.certificate, to: absolute(tls.certificate))
    try directory.link(StateDirectory.certificateKey, to: absolute(tls.key))
    return nil
  }

  private func absolute(_ path: String) -> String {
    URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
  }
}
