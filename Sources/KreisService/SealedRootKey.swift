// SPDX-License-Identifier: EUPL-1.2

package import Crypto
import CryptoExtras
import Foundation
package import KreisCore

/// The realm's root key as it lies on the hub: encrypted, so that nobody who copies the disk owns the
/// realm. A running hub never opens it.
///
///     kreisnetz root key v2
///     realm      64 hexadecimal digits: the public key
///     hub        the hub's member id, 12 hexadecimal digits
///     generation the hub's key generation when the file was written
///     ags        of the Kreis
///     title      of the Kreis
///     salt       32 hexadecimal digits
///     box        120 hexadecimal digits: nonce 12 ‖ ciphertext 32 ‖ tag 16
///
/// The encryption key is scrypt (RFC 7914) of the recovery phrase with that salt, N = 2^15, r = 8,
/// p = 1; the encryption ChaCha20-Poly1305 (RFC 8439), which also covers the lines above `salt`.
/// With this file and the phrase alone a lost hub can be replaced.
package struct SealedRootKey: Sendable {
  /// What stands there for all to read.
  package struct About: Hashable, Sendable {
    package let realm: RealmID
    package let hub: MemberID
    package let generation: UInt32
    package let title: String
    package let ags: String

    package init(
      realm: RealmID, hub: MemberID, generation: UInt32, title: String, ags: String
    ) {
      self.realm = realm
      self.hub = hub
      self.generation = generation
      self.title = title
      self.ags = ags
    }

    fileprivate var text: String {
      """
      kreisnetz root key v2
      realm \(realm)
      hub \(hub)
      generation \(generation)
      ags \(ags)
      title \(title)

      """
    }
  }

  package let about: About
  private let salt: [UInt8]
  private let box: [UInt8]

  /// Encrypts `root`.
  ///
  /// - Parameters:
  ///   - about: its title on one line.
  ///   - salt: 16 random bytes.
  /// - Throws: what the cryptographic library throws.
  package init(
    sealing root: SigningKey, about: About, under phrase: RecoveryPhrase, salt: [UInt8]
  ) throws {
    self.about = about
    self.salt = salt
    box = Array(
      try ChaChaPoly.seal(
        root.rawRepresentation, using: Self.key(phrase, salt),
        authenticating: Array(about.text.utf8)
      ).combined)
  }

  /// The file's content.
  package var text: String {
    about.text + "salt \(Hex.encode(salt))\nbox \(Hex.encode(box))\n"
  }

  /// Reads a file's content.
  ///
  /// - Throws: `MalformedBytes` if it is damaged.
  package init(text: String) throws(MalformedBytes) {
    let lines = text.split(separator: "\n")
    let names = ["realm", "hub", "generation", "ags", "title", "salt", "box"]
    guard lines.count == 8, lines[0] == "kreisnetz root key v2",
      zip(names, lines.dropFirst()).allSatisfy({ $1.hasPrefix($0 + " ") })
    else { throw MalformedBytes("the file of the root key is damaged") }
    let values = zip(names, lines.dropFirst()).map { String($1.dropFirst($0.count + 1)) }
    guard let realm = Hex.decode(values[0]).flatMap({ RealmID($0) }),
      let hub = MemberID(text: values[1]), let generation = UInt32(values[2]), generation > 0,
      let salt = Hex.decode(values[5]), salt.count == 16, let box = Hex.decode(values[6]),
      box.count == 60
    else { throw MalformedBytes("the file of the root key is damaged") }
    about = About(
      realm: realm, hub: hub, generation: generation, title: values[4], ags: values[3])
    self.salt = salt
    self.box = box
  }

  /// The root key; `nil` if the phrase is not the right one, or a line was changed.
  ///
  /// - Throws: `MalformedBytes` if the file holds another realm's key.
  package func open(with phrase: RecoveryPhrase) throws -> SigningKey? {
    guard
      let raw = try? ChaChaPoly.open(
        ChaChaPoly.SealedBox(combined: box), using: Self.key(phrase, salt),
        authenticating: Array(about.text.utf8))
    else { return nil }
    let root = try SigningKey(rawRepresentation: raw)
    guard VerifyingKey(of: root).bytes == about.realm.bytes else {
      throw MalformedBytes("the file of the root key holds another realm's key")
    }
    return root
  }

  private static func key(_ phrase: RecoveryPhrase, _ salt: [UInt8]) throws -> SymmetricKey {
    try KDF.Scrypt.deriveKey(
      from: phrase.bytes, salt: salt, outputByteCount: 32, rounds: 1 << 15, blockSize: 8,
      parallelism: 1)
  }
}

/// The key that the hub's own certificate has: made of the root key, so that a hub rebuilt from the
/// saved root key has the key that the towns' invites pin, and they follow it without a visit.
package enum HubTLSKey {
  /// HKDF-SHA-256 (RFC 5869) of the root key's seed, with the info "kreisnetz hub tls v1" and a
  /// counter that goes on while the result is no P-256 scalar.
  ///
  /// - Throws: `MalformedBytes` if the library makes no key of it.
  package static func derive(
    from root: SigningKey
  ) throws(MalformedBytes) -> P256.Signing.PrivateKey {
    for counter: UInt8 in 0..<8 {
      let scalar = HKDF<SHA256>.deriveKey(
        inputKeyMaterial: SymmetricKey(data: root.rawRepresentation),
        info: Array("kreisnetz hub tls v1".utf8) + [0, counter], outputByteCount: 32)
      let key = scalar.withUnsafeBytes { try? P256.Signing.PrivateKey(rawRepresentation: $0) }
      if let key { return key }
    }
    throw MalformedBytes("no TLS key can be made of the root key")
  }
}
