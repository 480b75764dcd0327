// SPDX-License-Identifier: EUPL-1.2

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

    var random = SystemRandomNumberGenerator()
    let phrase = RecoveryPhrase(using: &random)
    let (root, key) = (SigningKey(), SigningKey())
    guard let realm = RealmID(VerifyingKey(of: root).bytes),
      let hub = MemberID(UInt64.random(in: 1..<1 << 48, using: &random))
    else { throw CommandError(.notNow, "The keys could not be made.") }
    let pin = try HubFiles(directory: directory, url: url, tls: tls).install(root, now: now)
    let about = SealedRootKey.About(realm: realm, hub: hub, generation: 1, title: title, ags: ags)
    try HubFiles.write(root, about, under: phrase, to: directory)
    try directory.write(key, generation: 1)

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
    guard !title.isEmpty, title.utf8.count <= Invite.titleBytes,
      !title.unicodeScalars.contains(where: { $0.value < 32 })
    else {
      throw CommandError(
        .wrongUse,
        "The name is empty, longer than \(Invite.titleBytes) bytes, or not on one line.")
    }
    guard Invite.isBase(url: url) else {
      throw CommandError(.wrongUse, InviteError.url(url).description)
    }
  }
}

/// What a hub needs besides its replica: its certificate and the root key under lock.
struct HubFiles {
  let directory: StateDirectory
  let url: String
  /// Files of a certificate from an authority; `nil`: one is made.
  let tls: (certificate: String, key: String)?

  /// - Returns: what invites pin; `nil` where an authority vouches for the hub.
  /// - Throws: `HubCertificateError`, `StateDirectoryError`.
  func install(_ root: SigningKey, now: UInt64) throws -> [UInt8]? {
    guard let tls else {
      let made = try HubCertificate.selfSigned(
        for: url, key: HubTLSKey.derive(from: root), now: now)
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

  /// Writes the root key, encrypted.
  static func write(
    _ root: SigningKey, _ about: SealedRootKey.About, under phrase: RecoveryPhrase,
    to directory: StateDirectory
  ) throws {
    let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    let sealed = try SealedRootKey(sealing: root, about: about, under: phrase, salt: salt)
    try directory.write(Array(sealed.text.utf8), to: StateDirectory.rootKey)
  }

  private func absolute(_ path: String) -> String {
    URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
  }
}
