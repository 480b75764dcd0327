// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

extension Snapshot {
  /// The hub's signed heads that this replica verified last, one for each feed that holds anything.
  package func feedHeads() throws -> [FeedHead] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT scope, town, hub_generation, position, hash, signature FROM feed_head
        ORDER BY scope, town
        """)
    return try rows.map { row in
      FeedHead(
        hubGeneration: try row.unsigned32(2), scope: try row.scope(0),
        at: FeedPosition(position: try row.unsigned(3), hash: try row.hash(4)),
        signature: try row.bytes(5) ?? [])
    }
  }
}

extension Snapshot {
  /// The hub generation whose feeds this replica holds; 0 before the first.
  package var feedGeneration: UInt32 { replica.feedGeneration }

  /// The feed hash verified at `position`, `nil` beyond the feed's end.
  package func feedHash(of scope: Scope, at position: UInt64) throws -> Hash256? {
    try ledger.feedHash(of: scope, at: position)
  }

  /// A statement about a feed of this replica as evidence that reaches back to `position`.
  package func evidence(
    for statement: SignedStatement, from position: FeedPosition? = nil
  ) throws -> Evidence {
    let head = statement.statement.head
    let steps = try position.map { try feedSteps(of: head.scope, after: $0, through: head.at) }
    return Evidence(
      certificates: rootCertificates, statement: statement, from: position, steps: steps ?? [])
  }

  private func feedSteps(
    of scope: Scope, after start: FeedPosition, through end: FeedPosition
  ) throws -> [Evidence.Step] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT feed.log, last, entry.hash FROM feed JOIN entry ON entry.entry = feed.log << 40 | last
        WHERE scope = ? AND town = ? AND position > ? AND position <= ? ORDER BY position
        """,
      arguments: [
        scope.columns.kind, scope.columns.town, Int64(start.position), Int64(end.position),
      ])
    return try rows.map { row in
      Evidence.Step(
        log: try ledger.name(of: row.integer(0)),
        head: LogHead(sequence: try row.unsigned(1), hash: try row.hash(2)))
    }
  }

  /// The certificates of the hub's key generations.
  package var rootCertificates: [RootCertificate] {
    replica.control.compactMap { entry in
      if case .root(let certificate) = entry.control { certificate } else { nil }
    }
  }

  /// The hub's own statements about the feeds that `reader` may read.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - tlsKeys: what the hub's certificate may have as its key.
  package func hubStatements(
    for reader: MemberID, at now: UInt64, software: String, tlsKeys: [Hash256]
  ) throws -> [SignedStatement] {
    let key = store.signer.key
    return try feedEnds(for: reader).sorted { $0.key < $1.key }.map { scope, end in
      let wire = try FeedStatement(
        realm: identity.realm, member: identity.member, generation: identity.generation,
        head: try store.feedHead(of: scope, at: end, identity.generation), foldVersion: foldVersion,
        protocolVersion: protocolVersion, at: now, software: software, tlsKeys: tlsKeys,
        lowestProtocolVersion: protocolVersion, lowestFoldVersion: foldVersion
      ).signed(with: key)
      return try SignedStatement(reading: Array(wire.statement), signature: Array(wire.signature))
    }
  }
}
