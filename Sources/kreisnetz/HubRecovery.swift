// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisHub
import KreisLocal
import KreisService
import KreisStore

/// Has a hub gather that was lost, or restored from a backup.
struct HubRecovery {
  /// A state directory with what a backup brought back, or one that does not exist yet.
  let path: String

  /// A hub that was restored: it keeps what it holds and collects the rest.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  func restored() throws -> Identity {
    let directory = try StateDirectory.open(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let store = try directory.openStore()
    try store.startGathering()
    return store.identity
  }

  /// A hub that was lost: nothing is left but its root key.
  ///
  /// - Parameters:
  ///   - rootKey: the saved file.
  ///   - url: where towns reach the hub, as before.
  ///   - tls: files of a certificate from an authority, if the lost hub had one.
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`, `HubCertificateError`.
  func lost(
    rootKey: String, url: String, tls: (certificate: String, key: String)?
  ) throws -> Identity {
    guard Invite.isBase(url: url) else {
      throw CommandError(.wrongUse, InviteError.url(url).description)
    }
    let sealed = try RecoveryPhraseInput.sealedKey(at: rootKey)
    let directory = try StateDirectory.prepare(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let root = try RecoveryPhraseInput.open(sealed).root
    let pin = try HubFiles(directory: directory, url: url, tls: tls).install(
      root, now: SystemClock.now())
    try directory.write(Array(sealed.text.utf8), to: StateDirectory.rootKey)
    try nameTLSKey(in: directory, sealed.about.realm, root)
    let about = sealed.about
    let identity = Identity(
      role: .hub, realm: about.realm, member: about.hub, generation: about.generation,
      name: "hub", title: about.title, ags: about.ags, kreis: about.title, hubURL: url,
      hubPin: pin)
    try directory.install { path throws(StoreError) in
      try Store.createGathering(
        at: path, identity: identity, key: SigningKey(), random: SystemClock.random)
    }
    return identity
  }

  /// A hub that gathers has no key to state this with, and towns offer nothing over a connection
  /// whose key is not stated.
  private func nameTLSKey(
    in directory: StateDirectory, _ realm: RealmID, _ root: SigningKey
  ) throws {
    let certificate = try HubCertificate(
      certificateFile: "\(directory.path)/\(StateDirectory.certificate)",
      keyFile: "\(directory.path)/\(StateDirectory.certificateKey)", now: SystemClock.now())
    let notice = try TLSNotice(
      realm: realm, generation: 0, at: SystemClock.now(), keys: [certificate.keyHash]
    ).signed(with: root, certificate: nil)
    try directory.write(notice.bytes(), to: StateDirectory.namedKeys)
  }
}

extension StateDirectory {
  /// Opens the replica with the key of its generation, under the lock. A database of an older version
  /// is copied before it is brought up to date.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  func openStore(forRepair isRepair: Bool = false) throws -> Store {
    try keepOlderVersion(at: SystemClock.now())
    return try Store.open(
      at: database, key: replicaKey(), random: SystemClock.random, forRepair: isRepair)
  }

  /// The key of the replica's generation. A hub that gathers has none: it signs nothing.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  func replicaKey() throws -> SigningKey {
    let identity = try Store.identity(at: database)
    if let held = try signingKey(generation: identity.generation) { return held }
    if identity.role == .hub, try Store.openReadOnly(at: database).isGathering {
      return SigningKey()
    }
    return try requiredKey(generation: identity.generation)
  }
}
