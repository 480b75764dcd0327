// SPDX-License-Identifier: EUPL-1.2

/// How a member shows that it holds the key that it asks to sign with from now on.
///
///     signature = Ed25519 of the new key over "kreisnetz generation v1" ‖ 0 ‖ realm 32 ‖ member 6
///                 ‖ generation varint ‖ new public key 32
///
/// That the old key wants it shows the signature of the request itself (`RequestSignature`), which
/// covers this message.
package enum GenerationProof {
  /// - Throws: `MalformedBytes` if the library cannot sign.
  package static func make(
    realm: RealmID, member: MemberID, generation: UInt32, key: SigningKey
  ) throws(MalformedBytes) -> [UInt8] {
    try key.sign(message(realm, member, generation, VerifyingKey(of: key)))
  }

  package static func isValid(
    _ signature: [UInt8], realm: RealmID, member: MemberID, generation: UInt32, key: VerifyingKey
  ) -> Bool {
    key.isValid(signature, over: message(realm, member, generation, key))
  }

  private static func message(
    _ realm: RealmID, _ member: MemberID, _ generation: UInt32, _ key: VerifyingKey
  ) -> [UInt8] {
    var out = Array("kreisnetz generation v1\0".utf8) + realm.bytes
    member.append(to: &out)
    out.appendVarint(UInt64(generation))
    out.append(contentsOf: key.bytes)
    return out
  }
}
