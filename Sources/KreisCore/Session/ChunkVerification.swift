/// An item of a feed chunk, as received.
package struct FeedItem: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case bundle(UnverifiedBundle)
    /// The receiver's own bundle, which it should hold already.
    case held(SignedHead)
  }

  package let scope: Scope
  package let position: UInt64
  package let content: Content

  package init(scope: Scope, position: UInt64, content: Content) {
    self.scope = scope
    self.position = position
    self.content = content
  }
}

/// A feed chunk, as received: nothing about it is proven yet.
package struct UnverifiedChunk: Hashable, Sendable {
  package let items: [FeedItem]
  package let heads: [FeedHead]
  package let isComplete: Bool

  package init(items: [FeedItem], heads: [FeedHead], isComplete: Bool) {
    self.items = items
    self.heads = heads
    self.isComplete = isComplete
  }
}

/// Why a feed chunk was not believed.
package enum ChunkError: Error, Hashable, CustomStringConvertible {
  /// Items do not continue the feed where it ends here.
  case notContinuing(Scope, expected: UInt64, found: UInt64)
  /// The hub's signed head is not what its own items hash to, or contradicts what it signed before.
  case contradiction(FeedHead, computed: FeedPosition)
  case badHubSignature(Scope)
  /// A scope without its signed head.
  case missingHead(Scope)
  case notEntitled(Scope)
  /// The hub holds more of this replica's own log than the replica: it was restored or cloned.
  case hubKnowsMore(SignedHead)
  case bundle(LogID, BundleError)
  case unsigned(LogID)

  package var description: String {
    switch self {
    case .notContinuing(let scope, let expected, let found):
      "the feed of \(scope) continues at position \(found), but \(expected) comes next"
    case .contradiction(let head, let computed):
      "the hub signed a head of \(head.scope) at position \(head.at.position) that its feed does "
        + "not hash to (\(computed.hash) computed, \(head.at.hash) signed)"
    case .badHubSignature(let scope): "the feed head of \(scope) is not signed by the hub's key"
    case .missingHead(let scope): "items of \(scope) came without a signed head"
    case .notEntitled(let scope): "the hub sent the scope \(scope), which this member may not read"
    case .hubKnowsMore(let head):
      "the hub holds entry \(head.head.sequence) of this replica's own log \(head.log), which the "
        + "replica does not hold: it was restored from a backup or cloned"
    case .bundle(let log, let error): "log \(log): \(error)"
    case .unsigned(let log): "log \(log): its last bundle is not signed"
    }
  }
}

/// A chunk whose chains, signatures and feed hashes hold (I2).
package struct VerifiedChunk: Sendable {
  package struct Item: Hashable, Sendable {
    package let scope: Scope
    package let position: FeedPosition
    package let log: LogID
    package let head: LogHead
    /// The entries not held before.
    package let entries: [ChainedEntry]
  }

  package let items: [Item]
  package let signedHeads: [SignedHead]
  package let feedHeads: [FeedHead]
  package let control: [ControlEntry]
  package let membership: Membership
  package let isComplete: Bool
}

/// Verifies feed chunks for `reader`.
package struct ChunkVerifier<Logs: HeldLogs> {
  private let reader: MemberID
  private let logs: Logs
  private let heldControl: [ControlEntry]
  private var membership: Membership
  private var newControl: [ControlEntry] = []
  private var logHeads: [LogID: LogHead] = [:]
  private var signatures: [LogID: [UInt8]?] = [:]
  private var feeds: [Scope: FeedChain] = [:]

  /// `control` are all control entries held, `membership` what they fold to.
  package init(
    for reader: MemberID, holding logs: Logs, control: [ControlEntry], membership: Membership
  ) {
    self.reader = reader
    self.logs = logs
    heldControl = control
    self.membership = membership
  }

  /// - Throws: `ChunkError`, or what the held logs throw.
  package mutating func verify(_ chunk: UnverifiedChunk) throws -> VerifiedChunk {
    var items: [VerifiedChunk.Item] = []
    items.reserveCapacity(chunk.items.count)
    for item in chunk.items {
      // What was merged before (an answer given twice, two streams at once) is passed over; the
      // signed head below shows whether it was the same.
      if item.position <= (try logs.feedEnd(of: item.scope))?.position ?? 0 { continue }
      items.append(try verify(item, hub: chunk.heads))
    }
    // Somebody who believed nothing at all would believe whoever answers with nothing.
    guard !chunk.heads.isEmpty else { throw ChunkError.missingHead(.public) }
    let signed = try verifySignatures()
    return VerifiedChunk(
      items: items, signedHeads: signed, feedHeads: try verified(chunk.heads),
      control: newControl, membership: membership, isComplete: chunk.isComplete)
  }

  private mutating func verify(
    _ item: FeedItem, hub heads: [FeedHead]
  ) throws -> VerifiedChunk.Item {
    var feed = try feeds[item.scope] ?? chain(of: item.scope, heads)
    guard item.position == feed.end.position + 1 else {
      throw ChunkError.notContinuing(
        item.scope, expected: feed.end.position + 1, found: item.position)
    }
    let log: LogID
    let head: LogHead
    var entries: [ChainedEntry] = []
    switch item.content {
    case .held(let signed):
      (log, head) = (signed.log, signed.head)
      guard try logs.hash(of: log, at: head.sequence) == head.hash else {
        throw ChunkError.hubKnowsMore(signed)
      }
    case .bundle(let bundle):
      log = bundle.log
      let novelty = try novelty(of: bundle)
      switch novelty {
      case .held(let at): head = at
      case .new(let chain):
        head = chain.head
        entries = chain.entries
        logHeads[log] = chain.head
        signatures[log] = .some(bundle.signature)
        learn(chain)
      }
    }
    guard log.scope == item.scope else {
      throw ChunkError.bundle(log, .malformed(sequence: head.sequence, reason: "in a foreign feed"))
    }
    let position = feed.append(log, head)
    feeds[item.scope] = feed
    return VerifiedChunk.Item(
      scope: item.scope, position: position, log: log, head: head, entries: entries)
  }

  private func novelty(of bundle: UnverifiedBundle) throws -> UnverifiedBundle.Novelty {
    do {
      if let head = logHeads[bundle.log] {
        return .new(try bundle.chained(after: head, in: membership.realm))
      }
      return try bundle.chained(on: logs, in: membership.realm)
    } catch let error as BundleError { throw ChunkError.bundle(bundle.log, error) }
  }

  private func chain(of scope: Scope, _ heads: [FeedHead]) throws -> FeedChain {
    guard let head = heads.first(where: { $0.scope == scope }) else {
      throw ChunkError.missingHead(scope)
    }
    return FeedChain(
      of: scope, in: membership.realm, hubGeneration: head.hubGeneration,
      after: try logs.feedEnd(of: scope))
  }

  /// Membership counts from the very next item: a key is announced before its first use. Only the
  /// hub's public log makes control entries; the fold checks the root's certificate.
  private mutating func learn(_ chain: ChainedBundle) {
    guard chain.log.scope == .public, chain.log.member == membership.hub ?? chain.log.member else {
      return
    }
    var learned: [ControlEntry] = []
    for entry in chain.entries where entry.header.kind == .control {
      guard let control = try? Control(decoding: entry.header.control) else { continue }
      learned.append(
        ControlEntry(
          hubGeneration: chain.log.generation, sequence: entry.sequence, control: control))
    }
    guard !learned.isEmpty else { return }
    let next = Membership(realm: membership.realm, control: heldControl + newControl + learned)
    guard next.hub == chain.log.member else { return }
    newControl += learned
    membership = next
  }

  private func verifySignatures() throws -> [SignedHead] {
    var out: [SignedHead] = []
    for (log, head) in logHeads.sorted(by: { $0.key < $1.key }) {
      guard let key = membership.key(of: log.member, generation: log.generation) else {
        throw ChunkError.bundle(log, .unknownAuthor)
      }
      guard let signature = signatures[log] ?? nil else { throw ChunkError.unsigned(log) }
      let signed = SignedHead(log: log, head: head, signature: signature)
      guard signed.isValid(in: membership.realm, by: key) else {
        throw ChunkError.bundle(log, .badSignature)
      }
      out.append(signed)
    }
    return out
  }

  /// The heads that say something new, all of them checked.
  private func verified(_ heads: [FeedHead]) throws -> [FeedHead] {
    let followed = membership.followedScopes(of: reader)
    return try heads.filter { head in
      guard followed.contains(head.scope) else {
        throw ChunkError.notEntitled(head.scope)
      }
      guard let hub = membership.hub,
        let key = membership.key(of: hub, generation: head.hubGeneration),
        head.isValid(in: membership.realm, by: key)
      else { throw ChunkError.badHubSignature(head.scope) }
      let end = try feeds[head.scope]?.end ?? chain(of: head.scope, heads).end
      if head.at.position > 0, head.at.position < end.position {
        let held = try logs.feedHash(of: head.scope, at: head.at.position)
        guard held == head.at.hash else { throw ChunkError.contradiction(head, computed: end) }
        return false
      }
      guard end == head.at else { throw ChunkError.contradiction(head, computed: end) }
      return head.at.position > 0
    }
  }
}
