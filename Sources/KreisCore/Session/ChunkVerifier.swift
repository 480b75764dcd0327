// SPDX-License-Identifier: EUPL-1.2

/// Verifies feed chunks for `reader`.
///
/// What the feed held here shows of a log cannot change any more: a chunk that contradicts it is not
/// believed. Entries beyond (`HeldLogs.fed`) are only there if the hub lost them, or are the
/// reader's own: where they contradict a *new* hub generation's feed, the feed's are taken and the
/// others go aside.
package struct ChunkVerifier<Logs: HeldLogs> {
  private let reader: MemberID
  private let logs: Logs
  private var control: [ControlEntry]
  private var hasNewControl = false
  private var membership: Membership
  /// The reader's, which may be newer than what control entries say.
  private let readerGeneration: UInt32
  private var hubGeneration: UInt32 = 0
  private var startsAnew = false
  /// Where the feed's items have led each log so far.
  private var ends: [LogID: LogHead] = [:]
  /// The last item of each log that brought new entries.
  private var lastNews: [LogID: Int] = [:]
  private var forks: [LogID: UInt64] = [:]
  private var feeds: [Scope: FeedChain] = [:]

  /// `control` are all control entries held, `membership` what they fold to.
  package init(
    for reader: MemberID, holding logs: Logs, control: [ControlEntry], membership: Membership
  ) {
    self.reader = reader
    self.logs = logs
    self.control = control
    self.membership = membership
    readerGeneration = membership.members[reader]?.generation ?? 0
  }

  /// - Throws: `ChunkError`, or what the held logs throw.
  package mutating func verify(_ chunk: UnverifiedChunk) throws -> VerifiedChunk {
    try checkGeneration(of: chunk)
    var items: [VerifiedChunk.Item] = []
    items.reserveCapacity(chunk.items.count)
    for item in chunk.items {
      // What was merged before (an answer given twice, two streams at once) is passed over; the
      // signed head below shows whether it was the same.
      if item.position <= (try feedEnd(of: item.scope))?.position ?? 0 { continue }
      let verified = try verify(item, hub: chunk.heads)
      if !verified.entries.isEmpty { lastNews[verified.log] = items.count }
      items.append(verified)
    }
    try verifySignatures(items)
    return VerifiedChunk(
      items: items, forks: forks, feedHeads: try verified(chunk.heads),
      control: hasNewControl ? control : nil, membership: membership,
      hubGeneration: hubGeneration, startsAnew: startsAnew, isComplete: chunk.isComplete)
  }

  /// All heads of a chunk are of one hub generation, and never of a lower one than was seen (I2).
  private mutating func checkGeneration(of chunk: UnverifiedChunk) throws {
    // Somebody who believed nothing at all would believe whoever answers with nothing.
    guard let first = chunk.heads.first else { throw ChunkError.missingHead(.public) }
    let seen = try logs.feedGeneration()
    hubGeneration = first.hubGeneration
    for head in chunk.heads where head.hubGeneration != hubGeneration {
      throw ChunkError.badHubSignature(head.scope)
    }
    guard hubGeneration >= seen else {
      throw ChunkError.olderGeneration(seen: seen, found: hubGeneration)
    }
    startsAnew = seen > 0 && hubGeneration > seen
    if startsAnew, chunk.items.first?.position != 1 {
      throw ChunkError.newGeneration(hubGeneration)
    }
  }

  private func feedEnd(of scope: Scope) throws -> FeedPosition? {
    startsAnew ? nil : try logs.feedEnd(of: scope)
  }

  private func fed(_ log: LogID) throws -> UInt64 { startsAnew ? 0 : try logs.fed(log) }

  // MARK: - Items

  private mutating func verify(
    _ item: FeedItem, hub heads: [FeedHead]
  ) throws -> VerifiedChunk.Item {
    var feed = try feeds[item.scope] ?? chain(of: item.scope, heads)
    guard item.position == feed.end.position + 1 || isPlanted(.acceptsGap) else {
      throw ChunkError.notContinuing(
        item.scope, expected: feed.end.position + 1, found: item.position)
    }
    let log: LogID
    let head: LogHead
    var entries: [ChainedEntry] = []
    var signature: [UInt8]?
    switch item.content {
    case .held(let signed):
      (log, head) = (signed.log, signed.head)
      guard try held(log, head.sequence) == head.hash else {
        throw log.member == reader ? ChunkError.hubKnowsMore(signed) : ChunkError.lacking(signed)
      }
      signature = signed.signature.isEmpty ? nil : signed.signature
    case .bundle(let bundle):
      log = bundle.log
      (head, entries) = try place(bundle)
      signature = bundle.signature
      learn(entries, of: log)
    }
    guard log.scope == item.scope else {
      throw ChunkError.bundle(log, .malformed(sequence: head.sequence, reason: "in a foreign feed"))
    }
    ends[log] = head
    let position = feed.append(log, head)
    feeds[item.scope] = feed
    return VerifiedChunk.Item(
      scope: item.scope, position: position, log: log, head: head, entries: entries,
      signature: signature)
  }

  /// The hash of an entry held, unless it was found to contradict the feed.
  private func held(_ log: LogID, _ sequence: UInt64) throws -> Hash256? {
    if let fork = forks[log], sequence >= fork { return nil }
    return try logs.hash(of: log, at: sequence)
  }

  /// Chains a bundle where the feed has led its log, and says what of it is new.
  private mutating func place(
    _ bundle: UnverifiedBundle
  ) throws -> (head: LogHead, entries: [ChainedEntry]) {
    let log = bundle.log
    let chain: ChainedBundle
    do {
      chain = try bundle.chained(after: try start(of: bundle), in: membership.realm)
    } catch let error as BundleError { throw ChunkError.bundle(log, error) }
    var end = try forks[log].map { $0 - 1 } ?? logs.head(of: log)?.sequence ?? 0
    if bundle.first <= end, let fork = try firstDifference(chain, through: min(bundle.last, end)) {
      try checkFork(at: fork, in: chain, bundle.signature)
      forks[log] = fork
      end = fork - 1
      if log.scope == .public, log.member == membership.hub {
        control.removeAll { $0.hubGeneration == log.generation && $0.sequence >= fork }
        membership = Membership(realm: membership.realm, control: control)
        hasNewControl = true
      }
    }
    return (
      chain.head, bundle.first > end ? chain.entries : chain.entries.filter { $0.sequence > end }
    )
  }

  /// Where a bundle must continue: after the log's last item, or overlapping what is proven.
  private func start(of bundle: UnverifiedBundle) throws -> LogHead? {
    let log = bundle.log
    if let end = ends[log] { return end }
    let fed = try fed(log)
    guard bundle.first <= fed + 1 else {
      throw BundleError.notContinuing(expected: fed + 1, found: bundle.first)
    }
    guard bundle.first > 1 else { return nil }
    guard let hash = try logs.hash(of: log, at: bundle.first - 1) else {
      throw BundleError.notContinuing(expected: fed + 1, found: bundle.first)
    }
    return LogHead(sequence: bundle.first - 1, hash: hash)
  }

  private func firstDifference(
    _ chain: ChainedBundle, through last: UInt64
  ) throws -> UInt64? {
    let overlap = chain.entries.prefix { $0.sequence <= last }
    // Equal ends prove equal chains.
    guard let end = overlap.last, try held(chain.log, end.sequence) != end.hash else { return nil }
    return try overlap.first { try held(chain.log, $0.sequence) != $0.hash }?.sequence
  }

  private func checkFork(
    at sequence: UInt64, in chain: ChainedBundle, _ signature: [UInt8]?
  ) throws {
    let log = chain.log
    if sequence <= (try fed(log)) { throw ChunkError.bundle(log, .forked(sequence: sequence)) }
    // Of its own log's open generation the reader holds what nobody else has.
    if log.member == reader, log.generation == readerGeneration {
      throw ChunkError.hubKnowsMore(
        SignedHead(log: log, head: chain.head, signature: signature ?? []))
    }
  }

  private func chain(of scope: Scope, _ heads: [FeedHead]) throws -> FeedChain {
    guard let head = heads.first(where: { $0.scope == scope }) else {
      throw ChunkError.missingHead(scope)
    }
    return FeedChain(
      of: scope, in: membership.realm, hubGeneration: head.hubGeneration,
      after: try feedEnd(of: scope))
  }

  /// Membership counts from the very next item: a key is announced before its first use. Only the
  /// hub's public log makes control entries; the fold checks the root's certificate.
  private mutating func learn(_ entries: [ChainedEntry], of log: LogID) {
    guard log.scope == .public, log.member == membership.hub ?? log.member else { return }
    var learned: [ControlEntry] = []
    for entry in entries where entry.header.kind == .control {
      guard let control = try? Control(decoding: entry.header.control) else { continue }
      learned.append(
        ControlEntry(
          hubGeneration: log.generation, sequence: entry.sequence, control: control))
    }
    guard !learned.isEmpty else { return }
    let next = Membership(realm: membership.realm, control: control + learned)
    guard next.hub == log.member else { return }
    control += learned
    hasNewControl = true
    membership = next
  }

  // MARK: - Signatures

  /// Checks every signature that came, and that each log's new entries end under one.
  private func verifySignatures(_ items: [VerifiedChunk.Item]) throws {
    for (index, item) in items.enumerated() {
      let log = item.log
      guard let signature = item.signature else {
        if lastNews[log] == index { throw ChunkError.unsigned(log) }
        continue
      }
      guard let key = membership.key(of: log.member, generation: log.generation) else {
        throw ChunkError.bundle(log, .unknownAuthor)
      }
      let signed = SignedHead(log: log, head: item.head, signature: signature)
      guard signed.isValid(in: membership.realm, by: key) else {
        throw ChunkError.bundle(log, .badSignature)
      }
    }
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
      guard head.hubGeneration == membership.hubGeneration else {
        throw ChunkError.olderGeneration(
          seen: membership.hubGeneration, found: head.hubGeneration)
      }
      let end = try feeds[head.scope]?.end ?? chain(of: head.scope, heads).end
      if head.at.position > 0, head.at.position < end.position, !startsAnew {
        let held = try logs.feedHash(of: head.scope, at: head.at.position)
        guard held == head.at.hash else { throw ChunkError.contradiction(head, computed: end) }
        return false
      }
      guard end == head.at || isPlanted(.acceptsGap) else {
        throw ChunkError.contradiction(head, computed: end)
      }
      return head.at.position > 0
    }
  }
}
