import Crypto
import CryptoExtras
import Foundation
package import KreisCore

/// The realm's root key as it lies on the hub: encrypted, so that nobody who copies the disk owns the
/// realm. A running hub never opens it.
///
///     kreisnetz root key v1
///     realm  64 hexadecimal digits: the public key, which the encryption also covers
///     salt   32 hexadecimal digits
///     box    120 hexadecimal digits: nonce 12 ‖ ciphertext 32 ‖ tag 16
///
/// The encryption key is scrypt (RFC 7914) of the recovery phrase with that salt, N = 2^15, r = 8,
/// p = 1; the encryption ChaCha20-Poly1305 (RFC 8439).
package enum SealedRootKey {
  private static let header = "kreisnetz root key v1"

  /// The content of the file for `root`.
  ///
  /// - Parameter salt: 16 random bytes.
  /// - Throws: what the cryptographic library throws.
  package static func seal(
    _ root: SigningKey, under phrase: RecoveryPhrase, salt: [UInt8]
  ) throws -> String {
    let realm = VerifyingKey(of: root).bytes
    let box = try ChaChaPoly.seal(
      root.rawRepresentation, using: key(phrase, salt), authenticating: realm)
    return """
      \(header)
      realm \(Hex.encode(realm))
      salt \(Hex.encode(salt))
      box \(Hex.encode(box.combined))

      """
  }

  /// The root key of a file's content; `nil` if the phrase is not the right one.
  ///
  /// - Throws: `MalformedBytes` if the file is damaged.
  package static func open(
    _ text: String, with phrase: RecoveryPhrase
  ) throws -> SigningKey? {
    let lines = text.split(separator: "\n")
    guard lines.count == 4, lines[0] == header, let realm = field("realm", lines[1]),
      let salt = field("salt", lines[2]), salt.count == 16, let box = field("box", lines[3]),
      let sealed = try? ChaChaPoly.SealedBox(combined: box)
    else { throw MalformedBytes("the file of the root key is damaged") }
    guard
      let raw = try? ChaChaPoly.open(
        sealed, using: key(phrase, salt), authenticating: realm)
    else { return nil }
    let root = try SigningKey(rawRepresentation: raw)
    guard VerifyingKey(of: root).bytes == realm else {
      throw MalformedBytes("the file of the root key holds another realm's key")
    }
    return root
  }

  private static func key(_ phrase: RecoveryPhrase, _ salt: [UInt8]) throws -> SymmetricKey {
    try KDF.Scrypt.deriveKey(
      from: phrase.bytes, salt: salt, outputByteCount: 32, rounds: 1 << 15, blockSize: 8,
      parallelism: 1)
  }

  private static func field(_ name: String, _ line: Substring) -> [UInt8]? {
    guard line.hasPrefix(name + " ") else { return nil }
    return Hex.decode(line.dropFirst(name.count + 1))
  }
}
