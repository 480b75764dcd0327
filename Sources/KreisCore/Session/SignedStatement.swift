// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A statement as it travelled, with its signature: what can be shown to others.
package struct SignedStatement: Hashable, Sendable {
  package let statement: FeedStatement
  /// The bytes that are signed, without the domain.
  package let message: [UInt8]
  package let signature: [UInt8]

  /// Reads a statement and believes nothing of it.
  ///
  /// - Throws: `MalformedBytes` with what cannot be read.
  package init(reading message: [UInt8], signature: [UInt8]) throws(MalformedBytes) {
    guard message.count <= FeedStatement.limit else {
      throw MalformedBytes("a statement of \(message.count) bytes, over \(FeedStatement.limit)")
    }
    guard let wire = try? WireStatement(serializedBytes: message) else {
      throw MalformedBytes("a statement that is not the message it should be")
    }
    statement = try FeedStatement(wire)
    self.message = message
    self.signature = signature
  }

  /// Reads a statement and proves that its member made it, about a head that the hub signed.
  ///
  /// - Throws: `MalformedBytes` with what does not hold.
  package init(
    verifying wire: WireSignedStatement, under membership: Membership
  ) throws(MalformedBytes) {
    try self.init(reading: Array(wire.statement), signature: Array(wire.signature))
    guard statement.realm == membership.realm else {
      throw MalformedBytes("a statement of another realm or without a member")
    }
    guard let key = membership.key(of: statement.member, generation: statement.generation),
      isSigned(by: key)
    else { throw MalformedBytes("a statement that is not signed by its member's key") }
    guard let hub = membership.hub,
      let hubKey = membership.key(of: hub, generation: statement.head.hubGeneration),
      statement.head.isValid(in: statement.realm, by: hubKey)
    else { throw MalformedBytes("a statement about a feed head that the hub did not sign") }
    guard membership.mayRead(statement.member, statement.head.scope) else {
      throw MalformedBytes(
        "a statement about \(statement.head.scope), which its member may not read")
    }
  }

  package func isSigned(by key: VerifyingKey) -> Bool {
    key.isValid(signature, over: FeedStatement.domain + message)
  }

  package var wire: WireSignedStatement {
    var wire = WireSignedStatement()
    wire.statement = Data(message)
    wire.signature = Data(signature)
    return wire
  }
}

extension FeedStatement {
  init(_ message: WireStatement) throws(MalformedBytes) {
    guard let realm = RealmID(message.realm), let member = MemberID(message.member) else {
      throw MalformedBytes("a statement of another realm or without a member")
    }
    guard message.at < Limits.time else {
      throw MalformedBytes("a statement made at the time \(message.at)")
    }
    let tlsKeys = message.tlsKeys.compactMap { Hash256($0) }
    guard tlsKeys.count == message.tlsKeys.count, message.software.utf8.count <= 128 else {
      throw MalformedBytes("a statement with keys or a software name over their limits")
    }
    self.init(
      realm: realm, member: member, generation: message.generation,
      head: try FeedHead(message.head), foldVersion: message.foldVersion,
      protocolVersion: message.protocolVersion, at: message.at, software: message.software,
      tlsKeys: tlsKeys, lowestProtocolVersion: message.lowestProtocolVersion,
      lowestFoldVersion: message.lowestFoldVersion)
  }
}
