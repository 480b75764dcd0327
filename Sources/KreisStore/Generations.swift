import Foundation
package import KreisCore

/// Why the hub does not open a member's next key generation.
package enum GrantRefusal: Error, Hashable, CustomStringConvertible, Sendable {
  case unknownMember(MemberID)
  case revoked(MemberID)
  /// Another generation comes next, because another key was faster.
  case notNext(MemberID, asked: UInt32, next: UInt32)
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
      try transaction.append(
        .closing(member, closes: transaction.closings(of: member), revoked: true), at: now)
    }
  }
}

extension Transaction {
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
