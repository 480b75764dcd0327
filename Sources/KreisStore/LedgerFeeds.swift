// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// The hub's feeds: at the hub what it accepted, in a town what it verified.
extension Ledger {
  func fed(_ log: LogID) throws -> UInt64 {
    guard let key = try key(of: log) else { return 0 }
    return try fed(ofKey: key)
  }

  func fed(ofKey key: Int64) throws -> UInt64 {
    // The feed's own rows say so as well, and of the two the lower counts: what is pushed twice does
    // no harm, what is not pushed is lost (I6).
    let noted = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT pushed FROM log WHERE log = ?"), arguments: [key])
    let shown = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT max(last) FROM feed WHERE log = ?"), arguments: [key])
    return min(try noted?.unsigned(0) ?? 0, UInt64(clamping: shown ?? 0))
  }

  func feedGeneration() throws -> UInt32 {
    try Row.fetchOne(db.cachedStatement(sql: "SELECT feed_generation FROM replica"))?
      .unsigned32(0) ?? 0
  }

  func feedEnd(of scope: Scope) throws -> FeedPosition? {
    let columns = scope.columns
    let end = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT position, hash FROM feed WHERE scope = ? AND town = ?
          ORDER BY position DESC LIMIT 1
          """), arguments: [columns.kind, columns.town]
    ).map { FeedPosition(position: try $0.unsigned(0), hash: try $0.hash(1)) }
    let sum = try tally(.feed(scope))
    guard Int64(end?.position ?? 0) == sum.count, end.map({ Mark($0.hash) }) ?? .none == sum.mark
    else {
      throw StoreError.damaged(
        Damage(.feed(scope, position: end?.position ?? 0), "is not the end that was written"))
    }
    return end
  }

  func feedHash(of scope: Scope, at position: UInt64) throws -> Hash256? {
    let columns = scope.columns
    return try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT hash FROM feed WHERE scope = ? AND town = ? AND position = ?"),
      arguments: [columns.kind, columns.town, Int64(position)]
    ).map { try $0.hash(0) }
  }

  func appendToFeed(
    _ position: FeedPosition, of scope: Scope, log key: Int64, last: UInt64
  ) throws {
    let columns = scope.columns
    try db.cachedStatement(
      sql: """
        INSERT INTO feed (scope, town, position, log, last, hash) VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      columns.kind, columns.town, Int64(position.position), key, Int64(last), position.hash.data,
    ])
    try db.cachedStatement(sql: "UPDATE log SET pushed = max(pushed, ?) WHERE log = ?")
      .execute(arguments: [Int64(last), key])
    changedTallies[.feed(scope)] = Tally(
      count: Int64(position.position), mark: Mark(position.hash))
  }

  /// Keeps an author's verified signature: a bundle can end there.
  func keep(_ signature: [UInt8], under last: UInt64, ofKey key: Int64) throws {
    try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO signature (log, last, signature) VALUES (?, ?, ?)"
    ).execute(arguments: [key, Int64(last), Data(signature)])
  }

  /// The author's signature under entry `last`, if one is kept.
  func signature(under last: UInt64, ofKey key: Int64) throws -> [UInt8]? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT signature FROM signature WHERE log = ? AND last = ?"),
      arguments: [key, Int64(last)])?.bytes(0)
  }

  /// The first entry of the bundle that ends at `last`: after the log's previous one in the feed.
  func firstEntry(ofBundleEndingAt last: UInt64, log key: Int64) throws -> UInt64 {
    let previous = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT coalesce(max(last), 0) FROM feed WHERE log = ? AND last < ?"),
      arguments: [key, Int64(last)])
    return (try previous?.unsigned(0) ?? 0) + 1
  }

  /// Forgets the feeds of a hub generation that was replaced; the logs stay.
  func forgetFeeds() throws {
    try db.execute(sql: "DELETE FROM feed")
    try db.execute(sql: "DELETE FROM feed_head")
    // They name positions of the old feeds, which are higher than the first ones of the new.
    try db.execute(sql: "DELETE FROM statement")
    try db.execute(sql: "UPDATE log SET pushed = 0")
    try db.execute(sql: "DELETE FROM tally WHERE name LIKE 'feed %'")
    changedTallies = changedTallies.filter { !$0.key.isFeed }
  }

  func setFeedHead(_ head: FeedHead) throws {
    let columns = head.scope.columns
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO feed_head (scope, town, hub_generation, position, hash, signature)
        VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      columns.kind, columns.town, Int64(head.hubGeneration), Int64(head.at.position),
      head.at.hash.data, Data(head.signature),
    ])
  }
}
