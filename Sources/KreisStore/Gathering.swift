// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// What the root key is asked to certify: the hub's next generation.
package struct Renewal: Hashable, Sendable {
  package let hub: MemberID
  package let generation: UInt32
  /// Where the logs of all earlier generations end.
  package let closes: [ClosedLog]
  package let title: String
  package let ags: String
}

extension Store {
  /// Makes the empty database of a hub that was lost. It gathers until `closeGathering`.
  ///
  /// - Parameters:
  ///   - identity: with the member id of the lost hub, and the last generation that is known.
  ///   - key: of the generation to come; nothing is signed with it before.
  package static func createGathering(
    at path: String, identity: Identity, key: SigningKey,
    random: @escaping @Sendable () -> UInt64
  ) throws(StoreError) -> Store {
    let store = try create(at: path, identity: identity, key: key, random: random)
    try store.blockingWrite { transaction in
      transaction.replica.isGathering = true
      // The lost generation's key is gone.
      transaction.replica.key = nil
    }
    return store
  }

  /// Has a hub that was restored from a backup collect from its members what it lost.
  ///
  /// - Throws: `StoreError.rejected` for a town.
  package func startGathering() throws(StoreError) {
    guard identity.role == .hub else { throw .rejected("Only a hub gathers.") }
    try blockingWrite { $0.replica.isGathering = true }
  }

  /// Opens the hub's next generation: its feeds start anew, with the certificate, the hub's earlier
  /// public logs and then everything else in the order in which it came.
  ///
  /// - Parameters:
  ///   - certificate: of `Snapshot.renewal()`, by the root key.
  ///   - key: the one that it certifies.
  ///   - now: seconds since 1970.
  /// - Throws: `StoreError.rejected` if the hub does not gather, or the certificate is for something
  ///   else, because more came in meanwhile.
  package func closeGathering(
    _ certificate: RootCertificate, key: SigningKey, at now: UInt64
  ) throws(StoreError) {
    try blockingWrite { try $0.closeGathering(certificate, key: key, at: now) }
  }
}

extension Snapshot {
  /// What closing the gathering now would make of this hub.
  package func renewal() throws -> Renewal { try replica.renewal(ledger) }
}

extension ReplicaState {
  func renewal(_ ledger: Ledger) throws -> Renewal {
    let generation = max(identity.generation, membership.hubGeneration) + 1
    let closes = try ledger.logs(of: identity.member)
      .filter { $0.log.scope != .local && $0.log.generation < generation }
      .map { ClosedLog(generation: $0.log.generation, scope: $0.log.scope, last: $0.head) }
    return Renewal(
      hub: identity.member, generation: generation, closes: closes, title: identity.title,
      ags: identity.ags)
  }
}

extension Transaction {
  fileprivate func closeGathering(
    _ certificate: RootCertificate, key: SigningKey, at now: UInt64
  ) throws {
    guard replica.isGathering else { throw StoreError.rejected("The hub does not gather.") }
    guard membership.hub != nil else {
      throw StoreError.rejected(
        "No member has offered the hub's own log yet, so the hub knows no member and would serve "
          + "nobody. Wait until at least one town has offered what it holds: kreisnetz hub gather")
    }
    let renewal = try replica.renewal(ledger)
    guard certificate.isValid, certificate.realm == identity.realm,
      certificate.hub == renewal.hub, certificate.generation == renewal.generation,
      certificate.closes == renewal.closes, certificate.key == VerifyingKey(of: key)
    else {
      throw StoreError.rejected(
        "The certificate does not fit what was gathered; something may have come in meanwhile. "
          + "Close the gathering again.")
    }
    try foldTouched()
    let arrived = try ledger.feedOrder()
    try ledger.forgetFeeds()
    replica.identity.generation = certificate.generation
    use(key)
    replica.feedGeneration = certificate.generation
    replica.isGathering = false
    replica.halted = nil
    try append(.root(certificate), at: now)
    // At once: it is the first position of the first feed.
    try seal()
    try refillFeeds(arrived)
    for log in try ledger.forkedLogs() { try closeForked(log) }
    try issueBranches()
  }

  /// Appends to the empty feeds what is held: first what proves the keys of the rest.
  private func refillFeeds(_ arrived: [(key: Int64, last: UInt64)]) throws {
    let own = try ledger.logs(of: identity.member).map(\.log)
      .filter { $0.scope == .public && $0.generation < identity.generation }
    var firstKeys: [Int64] = []
    for log in own { firstKeys.append(try ledger.openKey(of: log, in: identity.realm)) }
    var stretches: [(key: Int64, last: UInt64)] = []
    for key in firstKeys {
      stretches += arrived.filter { $0.key == key }.sorted { $0.last < $1.last }
    }
    stretches += arrived.filter { !firstKeys.contains($0.key) }
    for (key, last) in stretches {
      let log = try ledger.name(of: key)
      guard let hash = try ledger.hash(of: log, at: last),
        let signature = try ledger.signature(under: last, ofKey: key)
      else { continue }
      try appendToFeed(
        SignedHead(
          log: log, head: LogHead(sequence: last, hash: hash), signature: signature), key: key)
    }
    try setAsideUnfed()
  }

  /// What no feed can show, because no signature ends it, must not count here alone (I3).
  private func setAsideUnfed() throws {
    let rows = try Row.fetchAll(
      db, sql: "SELECT log, pushed FROM log WHERE sequence > pushed AND scope <> 4")
    for row in rows {
      let log = try ledger.name(of: row.integer(0))
      guard log != identity.log(log.scope) else { continue }
      try setAside(log, from: row.unsigned(1) + 1, because: .closed)
    }
  }

  /// Sets aside what a closing cuts off that was learned after the entries: a hub that lost them
  /// stated it. Of this replica's own open logs, `openGeneration` does so.
  func cutBeyondClosings(from older: Membership) throws {
    guard membership.hasOtherClosings(than: older) else { return }
    for (log, key, head) in try ledger.allLogs() {
      let isOwn = log.member == identity.member && log.generation == identity.generation
      guard !isOwn, let last = membership.closing(of: log), head > last else { continue }
      try setAside(log, from: last + 1, because: .closed)
      // Only where a hub gathers: no feed shows an entry beyond its log's closing.
      try db.execute(
        sql: "DELETE FROM feed WHERE log = ? AND last > ?", arguments: [key, Int64(last)])
    }
    try ledger.countSums()
  }
}

extension Ledger {
  /// The feed's items in the order of their acceptance.
  fileprivate func feedOrder() throws -> [(key: Int64, last: UInt64)] {
    try Row.fetchAll(db, sql: "SELECT log, last FROM feed ORDER BY arrival")
      .map { (try $0.integer(0), try $0.unsigned(1)) }
  }

  fileprivate func allLogs() throws -> [(log: LogID, key: Int64, head: UInt64)] {
    try Row.fetchAll(db, sql: "SELECT log, sequence FROM log ORDER BY log")
      .map { (try name(of: $0.integer(0)), try $0.integer(0), try $0.unsigned(1)) }
  }

  fileprivate func forkedLogs() throws -> [LogID] {
    try Int64.fetchAll(db, sql: "SELECT DISTINCT log FROM branch WHERE reason = 'fork'")
      .map { try name(of: $0) }.sorted()
  }
}
