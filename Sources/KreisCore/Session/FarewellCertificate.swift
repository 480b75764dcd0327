// SPDX-License-Identifier: EUPL-1.2

import Crypto

/// A text that the member itself signed when it destroyed its replica, for the files of both sides.
///
///     TEXT
///     ---- Signatur ----
///     Mitglied:   12 hexadecimal digits
///     Generation: of the key
///     Signatur:   Ed25519 by that key, Base64, over
///                 "kreisnetz farewell v1" ‖ 0 ‖ realm 32 ‖ member 6 ‖ generation varint ‖ TEXT
///
/// The key is gone with the replica; its public half stands in the realm's membership for ever, so
/// every member can check the text.
package struct FarewellCertificate: Hashable, Sendable {
  package let text: String
  package let member: MemberID
  package let generation: UInt32
  let signature: [UInt8]

  /// Bytes that a certificate may have.
  package static let limit = 1 << 20
  private static let divider = "---- Signatur ----\n"

  /// Signs a text.
  ///
  /// - Parameter text: ends with a line end.
  /// - Throws: `MalformedBytes` if the library cannot sign.
  package init(
    signing text: String, realm: RealmID, member: MemberID, generation: UInt32, key: SigningKey
  ) throws(MalformedBytes) {
    self.text = text
    self.member = member
    self.generation = generation
    signature = try key.sign(Self.message(text, realm, member, generation))
  }

  /// The text with its signature.
  package var document: String {
    text + Self.divider + "Mitglied:   \(member)\nGeneration: \(generation)\n"
      + "Signatur:   \(Base64.encode(signature))\n"
  }

  /// Reads a document; says nothing about the signature.
  ///
  /// - Throws: `MalformedBytes` if it is none.
  package init(document: String) throws(MalformedBytes) {
    let strange = MalformedBytes("this is no certificate of a town that left")
    // A mail program's line ends do not matter.
    let plain = document.replacing("\r\n", with: "\n")
    guard plain.utf8.count <= Self.limit, let range = plain.ranges(of: Self.divider).last else {
      throw strange
    }
    var values: [String: String] = [:]
    for line in plain[range.upperBound...].split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw strange }
      values[String(parts[0])] = String(parts[1].drop { $0 == " " })
    }
    guard let member = values["Mitglied"].flatMap({ MemberID(text: $0) }),
      let generation = values["Generation"].flatMap({ UInt32($0) }),
      let signature = values["Signatur"].flatMap({ Base64.decode($0) })
    else { throw strange }
    text = String(plain[..<range.lowerBound])
    self.member = member
    self.generation = generation
    self.signature = signature
  }

  /// Whether the member's key of that generation signed it.
  package func isValid(under membership: Membership) -> Bool {
    membership.key(of: member, generation: generation)?
      .isValid(signature, over: Self.message(text, membership.realm, member, generation)) ?? false
  }

  private static func message(
    _ text: String, _ realm: RealmID, _ member: MemberID, _ generation: UInt32
  ) -> [UInt8] {
    var out = Array("kreisnetz farewell v1\0".utf8) + realm.bytes
    member.append(to: &out)
    out.appendVarint(UInt64(generation))
    return out + Array(text.utf8)
  }
}
