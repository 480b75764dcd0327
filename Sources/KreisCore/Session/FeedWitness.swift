// SPDX-License-Identifier: EUPL-1.2

/// Compares the feed heads that the hub signed for others with those it showed this replica. Two
/// that contradict each other prove that it showed two histories.
///
/// A pure value: what was verified here comes in as arguments.
package struct FeedWitness: Sendable {
  package enum Alarm: Hashable, Sendable {
    /// The hub signed another history for the statement's member than `held` here.
    case split(SignedStatement, held: FeedPosition)
    /// The hub states less than it had signed before: to this replica (`earlier` is `nil`), or by its
    /// own earlier statement.
    case rollback(SignedStatement, earlier: SignedStatement?)
  }

  /// What this replica has verified.
  package struct Verified {
    let hub: MemberID
    let hubGeneration: UInt32
    /// Before the statements were asked for: what the hub states of itself cannot be older.
    let before: [Scope: FeedPosition]
    let hash: (Scope, UInt64) throws -> Hash256?

    /// - Parameter hash: the feed hash verified at a position, `nil` beyond the feed's end.
    package init(
      hub: MemberID, hubGeneration: UInt32, before: [Scope: FeedPosition],
      hash: @escaping (Scope, UInt64) throws -> Hash256?
    ) {
      self.hub = hub
      self.hubGeneration = hubGeneration
      self.before = before
      self.hash = hash
    }
  }

  private struct Source: Hashable {
    let member: MemberID
    let scope: Scope
  }

  /// Heads beyond what is held here, compared when that is reached. One for each source, the first:
  /// a hub that went on moving it could put the comparison off for ever.
  private var ahead: [Source: SignedStatement] = [:]
  private var hubs: [Scope: SignedStatement] = [:]

  package init() {}

  /// Compares statements that were verified, and those that were ahead before.
  ///
  /// - Throws: what `verified.hash` throws.
  package mutating func compare(
    _ statements: [SignedStatement], with verified: Verified
  ) throws -> [Alarm] {
    var alarms: [Alarm] = []
    let waiting = ahead.values.sorted { $0.message.lexicographicallyPrecedes($1.message) }
    ahead = [:]
    for signed in waiting + statements {
      let head = signed.statement.head
      // Another generation of the hub has other feeds.
      guard head.hubGeneration == verified.hubGeneration, head.at.position > 0 else { continue }
      if let hash = try verified.hash(head.scope, head.at.position) {
        if hash != head.at.hash {
          let held = FeedPosition(position: head.at.position, hash: hash)
          alarms.append(.split(signed, held: held))
        }
      } else {
        let source = Source(member: signed.statement.member, scope: head.scope)
        ahead[source] = ahead[source] ?? signed
      }
    }
    for signed in statements where signed.statement.member == verified.hub {
      if let alarm = rollback(signed, verified) { alarms.append(alarm) }
    }
    return isPlanted(.hidesSplit) ? [] : alarms
  }

  private mutating func rollback(_ signed: SignedStatement, _ verified: Verified) -> Alarm? {
    let head = signed.statement.head
    guard head.hubGeneration == verified.hubGeneration else { return nil }
    let earlier = hubs[head.scope].flatMap { $0.rollsBack(to: signed) ? $0 : nil }
    if earlier == nil { hubs[head.scope] = signed }
    let isShort = head.at.position < verified.before[head.scope]?.position ?? 0
    return earlier != nil || isShort ? .rollback(signed, earlier: earlier) : nil
  }
}

extension SignedStatement {
  /// Whether two statements of the hub about the same feed prove that it went back: it stated less
  /// at a later time.
  func rollsBack(to later: SignedStatement) -> Bool {
    let (old, new) = (statement.head, later.statement.head)
    return statement.member == later.statement.member && old.scope == new.scope
      && old.hubGeneration == new.hubGeneration && later.statement.at >= statement.at
      && new.at.position < old.at.position
  }
}

extension UnverifiedChunk {
  /// A scope of which an answer to a follower that verified `cursors` shows less: the hub went back
  /// behind what it signed. An honest hub refuses to answer such a follower at all.
  package func scopeBehind(
    _ cursors: [Scope: FeedPosition], ofGeneration generation: UInt32
  ) -> Scope? {
    heads.first { head in
      head.hubGeneration == generation
        && head.at.position < cursors[head.scope]?.position ?? 0
    }?.scope
  }
}
