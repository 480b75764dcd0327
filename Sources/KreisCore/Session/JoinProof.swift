package import Crypto

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How a new member shows that it holds the invite's secret and the key it asks to be known by.
///
///     proof     = HMAC-SHA-256(secret, "kreisnetz join v1" ‖ 0 ‖ realm 32
///                              ‖ length of name varint ‖ name ‖ public key 32)
///     signature = Ed25519 of the new key over "kreisnetz join key v1" ‖ 0 ‖ proof
///
/// The secret never travels, and what travels is of use for this name and key alone, so a retry with
/// the same key is harmless and a copy of the request worthless. The signature shows that whoever
/// asks holds the private key, so that no member can be entered under another's key.
package enum JoinProof {
  /// The proof for `key` as `name`.
  package static func make(
    secret: [UInt8], realm: RealmID, name: String, key: Curve25519.Signing.PublicKey
  ) -> [UInt8] {
    Array(
      HMAC<SHA256>.authenticationCode(
        for: message(realm: realm, name: name, key: key), using: SymmetricKey(data: secret)))
  }

  /// Whether `proof` was made with `secret`; takes the same time wherever it differs.
  package static func isValid(
    _ proof: [UInt8], secret: [UInt8], realm: RealmID, name: String,
    key: Curve25519.Signing.PublicKey
  ) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      proof, authenticating: message(realm: realm, name: name, key: key),
      using: SymmetricKey(data: secret))
  }

  /// The new key's signature over the proof.
  ///
  /// - Throws: what the key throws when it cannot sign.
  package static func sign(
    _ proof: [UInt8], key: Curve25519.Signing.PrivateKey
  ) throws -> [UInt8] {
    Array(try key.signature(for: Data(signed(proof))))
  }

  /// Whether `key` signed `proof`.
  package static func isSigned(
    _ proof: [UInt8], signature: [UInt8], key: Curve25519.Signing.PublicKey
  ) -> Bool {
    key.isValidSignature(Data(signature), for: Data(signed(proof)))
  }

  private static func signed(_ proof: [UInt8]) -> [UInt8] {
    Array("kreisnetz join key v1\0".utf8) + proof
  }

  private static func message(
    realm: RealmID, name: String, key: Curve25519.Signing.PublicKey
  ) -> Data {
    var out = Array("kreisnetz join v1\0".utf8) + realm.bytes
    out.appendVarint(UInt64(name.utf8.count))
    out.append(contentsOf: name.utf8)
    out.append(contentsOf: key.rawRepresentation)
    return Data(out)
  }
}
