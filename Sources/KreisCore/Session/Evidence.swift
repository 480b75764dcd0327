// SPDX-License-Identifier: EUPL-1.2

/// A feed head that the hub signed, with all that it takes to check it offline: the hub's keys from
/// their root certificates and, where an earlier position matters, the feed's items in between.
package struct Evidence: Hashable, Sendable {
  /// An item of the feed, as the hash chain takes it.
  package struct Step: Hashable, Sendable {
    package let log: LogID
    package let head: LogHead

    package init(log: LogID, head: LogHead) {
      self.log = log
      self.head = head
    }
  }

  package let certificates: [RootCertificate]
  /// About the head. Only the hub's own statements are proven by themselves; of a town's, what the
  /// hub signed in it is.
  package let statement: SignedStatement
  /// A place before the head, or the head itself.
  package let from: FeedPosition
  /// The items after `from`, up to the head.
  package let steps: [Step]

  package init(
    certificates: [RootCertificate], statement: SignedStatement, from: FeedPosition? = nil,
    steps: [Step] = []
  ) {
    self.certificates = certificates
    self.statement = statement
    self.from = from ?? statement.statement.head.at
    self.steps = steps
  }
}

extension Evidence {
  package enum Verdict: Hashable, Sendable {
    case equal(Scope, position: UInt64)
    /// The hub signed two histories.
    case contradiction(Scope, position: UInt64, Hash256, Hash256)
    /// The hub stated less at a later time.
    case rollback(Scope, from: UInt64, to: UInt64)
    /// Nothing can be said.
    case incomparable(reason: String)
  }

  /// Checks both and compares them.
  ///
  /// - Throws: `MalformedBytes` with what of them does not hold.
  package static func compare(
    _ one: Evidence, _ other: Evidence
  ) throws(MalformedBytes) -> Verdict {
    let (first, second) = (try one.proven(), try other.proven())
    let (a, b) = (one.statement.statement, other.statement.statement)
    guard a.realm == b.realm else { return .incomparable(reason: "they are of two realms") }
    guard a.head.scope == b.head.scope else {
      return .incomparable(reason: "one is about \(a.head.scope), the other about \(b.head.scope)")
    }
    guard a.head.hubGeneration == b.head.hubGeneration else {
      return .incomparable(
        reason: "they are of two generations of the hub, with feeds of their own")
    }
    let scope = a.head.scope
    let common = first.keys.filter { second[$0] != nil }.max()
    if let common, let here = first[common], let there = second[common], here != there {
      return .contradiction(scope, position: common, here, there)
    }
    for (earlier, later) in [(one, other), (other, one)]
    where earlier.isHubs && later.isHubs && earlier.statement.rollsBack(to: later.statement) {
      return .rollback(
        scope, from: earlier.statement.statement.head.at.position,
        to: later.statement.statement.head.at.position)
    }
    guard let common else {
      return .incomparable(
        reason: "they have no position in common: one ends at \(a.head.at.position), the other at "
          + "\(b.head.at.position), and neither holds the items between")
    }
    return .equal(scope, position: common)
  }

  private var isHubs: Bool { certificates.contains { $0.hub == statement.statement.member } }

  /// The feed hashes that the hub's signature covers, by position.
  private func proven() throws(MalformedBytes) -> [UInt64: Hash256] {
    let stated = statement.statement
    guard certificates.allSatisfy({ $0.realm == stated.realm && $0.isValid }) else {
      throw MalformedBytes("a certificate that the realm's root key did not sign")
    }
    func key(of member: MemberID?, _ generation: UInt32) -> VerifyingKey? {
      certificates.first {
        $0.generation == generation && member.map { [hub = $0.hub] in $0 == hub } ?? true
      }?.key
    }
    guard let hubKey = key(of: nil, stated.head.hubGeneration),
      stated.head.isValid(in: stated.realm, by: hubKey)
    else { throw MalformedBytes("a feed head that the hub did not sign") }
    if isHubs {
      guard let key = key(of: stated.member, stated.generation), statement.isSigned(by: key) else {
        throw MalformedBytes("a statement of the hub that it did not sign")
      }
    }
    var chain = FeedChain(
      of: stated.head.scope, in: stated.realm, hubGeneration: stated.head.hubGeneration,
      after: from)
    var out = [from.position: from.hash]
    for step in steps {
      let at = chain.append(step.log, step.head)
      out[at.position] = at.hash
    }
    guard chain.end == stated.head.at else {
      throw MalformedBytes("items of the feed that do not lead to the head that the hub signed")
    }
    return out
  }
}
