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
  /// The last generation of which anything is held. Where it is not the one before `generation`, those
  /// between were opened, as somebody said, but nobody brought what the hub wrote in them.
  package let gathered: UInt32
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
    let aside = try ledger.certificatesAside().filter { $0.hub == identity.member }
    let opened = aside.map(\.generation) + [identity.generation, membership.hubGeneration]
    let generation = (opened.max() ?? 0) + 1
    let closes = try ledger.logs(of: identity.member)
      .filter { $0.log.scope != .local && $0.log.generation < generation }
      .map { ClosedLog(generation: $0.log.generation, scope: $0.log.scope, last: $0.head) }
    return Renewal(
      hub: identity.member, generation: generation, closes: closes, title: identity.title,
      ags: identity.ags, gathered: membership.hubGeneration)
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
      // A higher one leaves out numbers that are known to have been given away.
      certificate.hub == renewal.hub, certificate.generation >= renewal.generation,
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
    try setAsideUnsigned(arrived)
    let own = try ledger.logs(of: identity.member).map(\.log)
      .filter { $0.scope != .local && $0.generation < identity.generation }
      .sorted { ($0.scope, $0.generation) < ($1.scope, $1.generation) }
    for log in own {
      try refillFeeds(arrived.filter { $0.log == log }.sorted { $0.last < $1.last })
    }
    // Before all that others wrote: what the hub decides again may announce their keys.
    try issueBranches()
    try seal()
    for log in try ledger.allLogs().map(\.log)
    where membership.key(of: log.member, generation: log.generation) == nil && log.scope != .local {
      try setAside(log, from: 1, because: .closed)
    }
    try refillFeeds(arrived.filter { !own.contains($0.log) })
    for log in try ledger.forkedLogs() { try closeForked(log) }
  }

  /// Appends to the feeds what is held of these stretches.
  private func refillFeeds(_ arrived: [Ledger.Stretch]) throws {
    for (log, key, last) in arrived {
      guard let hash = try ledger.hash(of: log, at: last),
        let signature = try ledger.signature(under: last, ofKey: key)
      else { continue }
      try appendToFeed(
        SignedHead(
          log: log, head: LogHead(sequence: last, hash: hash), signature: signature), key: key)
    }
  }

  /// What no feed can show, because no signature ends it or nothing announces its author's key, must
  /// not count here alone (I3).
  private func setAsideUnsigned(_ arrived: [Ledger.Stretch]) throws {
    var ends: [LogID: UInt64] = [:]
    for (log, key, last) in arrived {
      guard try ledger.hash(of: log, at: last) != nil,
        try ledger.signature(under: last, ofKey: key) != nil
      else { continue }
      ends[log] = max(ends[log] ?? 0, last)
    }
    for (log, _, head) in try ledger.allLogs()
    where log.scope != .local && log != identity.log(log.scope) {
      let isUnknown =
        log.member == identity.member
        && membership.key(of: log.member, generation: log.generation) == nil
      let end = isUnknown ? 0 : ends[log] ?? 0
      if head > end { try setAside(log, from: end + 1, because: .closed) }
    }
  }

  /// Sets aside what a closing cuts off that was learned after the entries: a hub that lost them
  /// stated it. Of a town's own open logs, `openGeneration` does so.
  func cutBeyondClosings(from older: Membership) throws {
    guard membership.hasOtherClosings(than: older) else { return }
    for (log, key, head) in try ledger.allLogs() {
      // A hub's is closed by nothing but its own next generation, of which it may learn late.
      let isOwn =
        identity.role == .town && log.member == identity.member
        && log.generation == identity.generation
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
  /// Where a feed's item leads its log.
  fileprivate typealias Stretch = (log: LogID, key: Int64, last: UInt64)

  /// The feed's items in the order of their acceptance.
  fileprivate func feedOrder() throws -> [Stretch] {
    try Row.fetchAll(db, sql: "SELECT log, last FROM feed ORDER BY arrival")
      .map { (try name(of: $0.integer(0)), try $0.integer(0), try $0.unsigned(1)) }
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
