// SPDX-License-Identifier: EUPL-1.2

import Crypto

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
    secret: [UInt8], realm: RealmID, name: String, key: VerifyingKey
  ) -> [UInt8] {
    Array(
      HMAC<SHA256>.authenticationCode(
        for: message(realm: realm, name: name, key: key), using: SymmetricKey(data: secret)))
  }

  /// Whether `proof` was made with `secret`; takes the same time wherever it differs.
  package static func isValid(
    _ proof: [UInt8], secret: [UInt8], realm: RealmID, name: String,
    key: VerifyingKey
  ) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      proof, authenticating: message(realm: realm, name: name, key: key),
      using: SymmetricKey(data: secret))
  }

  /// The new key's signature over the proof.
  ///
  /// - Throws: `MalformedBytes` if the library cannot sign.
  package static func sign(
    _ proof: [UInt8], key: SigningKey
  ) throws(MalformedBytes) -> [UInt8] {
    try key.sign(signed(proof))
  }

  /// Whether `key` signed `proof`.
  package static func isSigned(
    _ proof: [UInt8], signature: [UInt8], key: VerifyingKey
  ) -> Bool {
    key.isValid(signature, over: signed(proof))
  }

  private static func signed(_ proof: [UInt8]) -> [UInt8] {
    Array("kreisnetz join key v1\0".utf8) + proof
  }

  private static func message(
    realm: RealmID, name: String, key: VerifyingKey
  ) -> [UInt8] {
    var out = Array("kreisnetz join v1\0".utf8) + realm.bytes
    out.appendVarint(UInt64(name.utf8.count))
    out.append(contentsOf: name.utf8)
    out.append(contentsOf: key.bytes)
    return out
  }
}
