// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisCore

/// Why the hub does not open a member's next key generation.
package enum GrantRefusal: Error, Hashable, CustomStringConvertible, Sendable {
  case unknownMember(MemberID)
  case revoked(MemberID)
  /// Another generation comes next, because another key was faster.
  case notNext(MemberID, asked: UInt32, next: UInt32)
  /// The replica claims a generation far beyond the one known here.
  case tooFar(MemberID, held: UInt32, known: UInt32)
  /// The key is, or was, that of another generation or member.
  case keyInUse(MemberID)

  package var description: String {
    switch self {
    case .unknownMember(let member): "the member \(member) is not known here"
    case .revoked(let member):
      "the member \(member) was revoked by the hub's administrator and gets no new key"
    case .notNext(let member, let asked, let next):
      "the member \(member) asks for key generation \(asked), but \(next) comes next: another "
        + "instance of it may have been faster"
    case .tooFar(let member, let held, let known):
      "the replica of the member \(member) says that it has key generation \(held), but \(known) is "
        + "the last one known here: its database is damaged or of another realm; join with a new one"
    case .keyInUse(let member):
      "the key of the member \(member) is in use already; make a new one"
    }
  }
}

extension Store {
  /// Opens a member's next key generation and closes its earlier logs where the feeds hold them. The
  /// same key again gets the same answer.
  ///
  /// - Parameters:
  ///   - generation: the one that the member asks for.
  ///   - now: seconds since 1970.
  /// - Throws: `StoreError`.
  package func grant(
    _ member: MemberID, generation: UInt32, key: VerifyingKey, at now: UInt64
  ) async throws(StoreError) -> Result<Member, GrantRefusal> {
    try await write { try $0.grant(member, generation: generation, key: key, at: now) }
  }

  /// Closes all logs of a member where the feeds hold them, for good. Its records pass to the hub.
  ///
  /// - Throws: `StoreError.rejected` if there is no such member, or it is the hub, or revoked already.
  package func revoke(_ member: MemberID, at now: UInt64) throws(StoreError) {
    try blockingWrite { transaction in
      guard let entry = transaction.membership.members[member],
        member != transaction.membership.hub
      else { throw StoreError.rejected("\(member) is no member that could be revoked") }
      guard !entry.isRevoked else {
        throw StoreError.rejected("\(entry.title) is revoked already")
      }
      try transaction.end(member, at: now)
    }
  }

  /// Ends the membership of a town that leaves by itself, as `revoke`. A repetition changes nothing.
  ///
  /// - Returns: whether it was a member until now.
  package func release(_ member: MemberID, at now: UInt64) async throws(StoreError) -> Bool {
    try await write { transaction in
      guard let entry = transaction.membership.members[member],
        member != transaction.membership.hub, !entry.isRevoked
      else { return false }
      try transaction.end(member, at: now)
      return true
    }
  }
}

extension Transaction {
  fileprivate func end(_ member: MemberID, at now: UInt64) throws {
    try append(.closing(member, closes: closings(of: member), revoked: true), at: now)
  }

  func grant(
    _ id: MemberID, generation: UInt32, key: VerifyingKey, at now: UInt64
  ) throws -> Result<Member, GrantRefusal> {
    guard let member = membership.members[id], id != membership.hub else {
      return .failure(.unknownMember(id))
    }
    guard !member.isRevoked else { return .failure(.revoked(id)) }
    if member.keys[generation] == key { return .success(member) }
    guard generation == member.generation + 1 else {
      return .failure(.notNext(id, asked: generation, next: member.generation + 1))
    }
    return try open(generation, of: member, key: key, at: now)
  }

  /// Opens the next key generation of a member that was invited again. A hub that was lost or set back
  /// may have given the next number away: the one opened is beyond what the member's replica has, too.
  ///
  /// - Parameter held: the generation of that replica; 0 where there is none.
  func grantAnew(
    _ id: MemberID, after held: UInt32, key: VerifyingKey, at now: UInt64
  ) throws -> Result<Member, GrantRefusal> {
    guard let member = membership.members[id], id != membership.hub else {
      return .failure(.unknownMember(id))
    }
    guard !member.isRevoked else { return .failure(.revoked(id)) }
    let last = max(member.generation, held)
    // Whatever is claimed, the numbers never run out.
    guard last - member.generation <= Self.skippedGenerations else {
      return .failure(.tooFar(id, held: held, known: member.generation))
    }
    return try open(last + 1, of: member, key: key, at: now)
  }

  private static let skippedGenerations: UInt32 = 1_000

  private func open(
    _ generation: UInt32, of member: Member, key: VerifyingKey, at now: UInt64
  ) throws -> Result<Member, GrantRefusal> {
    let id = member.id
    guard !membership.members.values.contains(where: { $0.keys.values.contains(key) }) else {
      return .failure(.keyInUse(id))
    }
    try append(
      .keyAdded(id, generation: generation, key: key, closes: closings(of: id)), at: now)
    guard let granted = membership.members[id] else {
      throw StoreError.stateUnknown("a member that was granted a key is not there")
    }
    return .success(granted)
  }

  /// Where the feeds hold the open logs of a member. At the hub that is all it accepted: a closing is
  /// never earlier than what was accepted.
  fileprivate func closings(of member: MemberID) throws -> [ClosedLog] {
    try ledger.logs(of: member).compactMap { log, head in
      guard log.scope != .local, membership.closing(of: log) == nil else { return nil }
      return ClosedLog(generation: log.generation, scope: log.scope, last: head)
    }
  }

  /// What the hub decided in a history that it lost, as it is to be stated in this one: no closing is
  /// earlier than what was accepted since.
  func restated(_ control: Control) throws -> Control {
    switch control {
    case .keyAdded(let id, let generation, let key, let closes):
      .keyAdded(
        id, generation: generation, key: key, closes: try extended(closes, of: id, toAll: true))
    case .closing(let id, let closes, let isRevoked):
      .closing(
        id, closes: try extended(closes, of: id, toAll: isRevoked), revoked: isRevoked)
    case .root, .memberAdded, .stewards, .quota: control
    }
  }

  /// - Parameter toAll: whether all open logs end, and not just those named.
  private func extended(
    _ closes: [ClosedLog], of member: MemberID, toAll: Bool
  ) throws -> [ClosedLog] {
    var out = closes
    for held in try closings(of: member) {
      let place = out.firstIndex { $0.generation == held.generation && $0.scope == held.scope }
      if let place {
        if out[place].last < held.last { out[place] = held }
      } else if toAll {
        out.append(held)
      }
    }
    return out
  }

  /// Makes `generation` this replica's own, with `key`. What the hub's feeds do not show of the
  /// earlier generations' logs is set aside: once those logs are taken back up to their closings,
  /// `reissue` issues again what they do not hold.
  ///
  /// The log of the scope `local` is not touched: nobody closes it, and its new entries stand in the
  /// new generation's.
  ///
  /// - Throws: `StoreError.rejected` if the generation is not higher than the present one.
  package func openGeneration(_ generation: UInt32, key: SigningKey) throws {
    guard generation > identity.generation else {
      throw StoreError.rejected(
        "key generation \(generation) is not after the present one, \(identity.generation)")
    }
    guard identity.role == .town else {
      throw StoreError.rejected("the hub's next generation needs a certificate of the root key")
    }
    try foldTouched()
    try seal()
    for (log, head) in try ledger.logs(of: identity.member) where log.scope != .local {
      // What a known closing covers is only waiting for a new hub generation's feed to show it.
      let settled = min(membership.closing(of: log) ?? 0, head)
      try setAside(log, from: max(settled, ledger.fed(log)) + 1, because: .tail)
      if log.generation == identity.generation { try signHead(of: log) }
    }
    replica.identity.generation = generation
    use(key)
  }
}
