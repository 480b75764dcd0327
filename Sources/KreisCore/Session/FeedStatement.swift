// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The version of the exchange between town and hub.
package let protocolVersion: UInt32 = 1

/// What a member tells the others about one scope: how far it verified the feed and executed every
/// destruction there. At once heartbeat, erasure receipt and witness of the hub's signed head.
///
///     signed bytes = "kreisnetz statement v1" ‖ 0 ‖ protobuf `Statement`
package struct FeedStatement: Hashable, Sendable {
  package let realm: RealmID
  package let member: MemberID
  package let generation: UInt32
  /// The hub's signed head that the member verified.
  package let head: FeedHead
  package let foldVersion: UInt32
  package let protocolVersion: UInt32
  /// Seconds since 1970, by the member's clock.
  package let at: UInt64
  package let software: String
  /// Of the hub only: SHA-256 of the SubjectPublicKeyInfo in use.
  package let tlsKeys: [Hash256]
  /// Of the hub only; 0 otherwise.
  package let lowestProtocolVersion: UInt32
  /// Of the hub only: the lowest fold version with which a member shows what the others show.
  package let lowestFoldVersion: UInt32

  package init(
    realm: RealmID, member: MemberID, generation: UInt32, head: FeedHead, foldVersion: UInt32,
    protocolVersion: UInt32, at: UInt64, software: String, tlsKeys: [Hash256] = [],
    lowestProtocolVersion: UInt32 = 0, lowestFoldVersion: UInt32 = 0
  ) {
    self.realm = realm
    self.member = member
    self.generation = generation
    self.head = head
    self.foldVersion = foldVersion
    self.protocolVersion = protocolVersion
    self.at = at
    self.software = software
    self.tlsKeys = tlsKeys
    self.lowestProtocolVersion = lowestProtocolVersion
    self.lowestFoldVersion = lowestFoldVersion
  }

  /// Bytes of one statement.
  package static let limit = 2_048
  static let domain = Array("kreisnetz statement v1\0".utf8)
}

extension FeedStatement {
  /// The statement under the member's signature.
  ///
  /// - Throws: `MalformedBytes` if it cannot be encoded or signed.
  package func signed(with key: SigningKey) throws(MalformedBytes) -> WireSignedStatement {
    let message = WireStatement.with {
      $0.realm = Data(realm.bytes)
      $0.member = member.rawValue
      $0.generation = generation
      $0.head = WireFeedHead(head)
      $0.foldVersion = foldVersion
      $0.protocolVersion = protocolVersion
      $0.at = at
      $0.software = software
      $0.tlsKeys = tlsKeys.map { Data($0.bytes) }
      $0.lowestProtocolVersion = lowestProtocolVersion
      $0.lowestFoldVersion = lowestFoldVersion
    }
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
      throw MalformedBytes("a statement that cannot be encoded")
    }
    var wire = WireSignedStatement()
    wire.statement = Data(bytes)
    wire.signature = Data(try key.sign(Self.domain + bytes))
    return wire
  }

  /// Reads a statement and proves that its member made it, about a head that the hub signed.
  ///
  /// - Throws: `MalformedBytes` with what does not hold.
  package init(
    verifying wire: WireSignedStatement, under membership: Membership
  ) throws(MalformedBytes) {
    self = try SignedStatement(verifying: wire, under: membership).statement
  }
}
