// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisStore
import KreisTransport
import SwiftProtobuf

/// What a resync found and did.
package struct ResyncReport: Sendable {
  /// One scope, here and at the hub.
  package struct Feed: Sendable {
    package let scope: Scope
    package let here: FeedPosition?
    /// `nil` if the hub did not say.
    package let hub: FeedPosition?

    /// Equal position and hash prove equal logs (I3).
    package var isEqual: Bool { hub.map { $0.position == 0 ? here == nil : $0 == here } ?? false }
  }

  package var verification = Verification()
  /// What was found damaged on disk.
  package var found: [Damage] = []
  /// What was wrong here before, and is right now.
  package var repaired: [String] = []
  /// What is damaged and could not be repaired, and why.
  package var left: [String] = []
  /// Where the hub's feeds are not those that it showed here before.
  package var parted: [FeedDifference] = []
  package var feeds: [Feed] = []
  /// Entries that the hub has not acknowledged.
  package var unsent: UInt64 = 0
  /// Logs that the hub does not take, and why.
  package var stopped: [LogID: String] = [:]

  package init() {}

  /// Whether this replica is sound and proven equal to the hub.
  package var isEqual: Bool {
    left.isEmpty && parted.isEmpty && unsent == 0 && stopped.isEmpty
      && !feeds.isEmpty && feeds.allSatisfy(\.isEqual)
  }
}

/// A forced comparison with the hub, and what it takes to be equal. Never discards an unsent entry;
/// may be interrupted and repeated at any moment, since each step is a transaction of its own.
package struct Resync: Sendable {
  private let client: HubClient
  private let store: Store
  private let progress: @Sendable (String) -> Void

  /// - Parameter progress: told what is being done, for people who wait.
  package init(
    client: HubClient, store: Store, progress: @escaping @Sendable (String) -> Void
  ) {
    self.client = client
    self.store = store
    self.progress = progress
  }

  /// Compares and reports, changing nothing.
  ///
  /// - Throws: `HubFailure` if the hub could not be asked; `StoreError`.
  package func compare() async throws -> ResyncReport {
    var report = ResyncReport()
    report.verification = try await verification()
    report.found = report.verification.damages
    report.left = report.verification.differences
    report.unsent = try await store.unsent().entries
    try await compareFeeds(&report)
    return report
  }

  /// Folds every record anew and verifies; asks nobody.
  ///
  /// - Throws: `StoreError`.
  package func rebuild() async throws -> ResyncReport {
    let before = try await verification()
    var report = ResyncReport()
    progress("folding every record anew")
    _ = try await store.write { try $0.rebuild() }
    report.verification = try await verification()
    report.found = before.damages
    report.left = report.verification.differences
    report.repaired = before.differences.filter { !report.left.contains($0) }
    report.unsent = try await store.unsent().entries
    return report
  }

  /// Repairs what is damaged, pushes what the hub lacks, pulls what this replica lacks, folds every
  /// record anew, and compares.
  ///
  /// - Throws: `HubFailure` if the hub could not be asked; `StoreError`.
  package func run() async throws -> ResyncReport {
    var report = ResyncReport()
    report.found = try await verification().damages
    let refusals = try await repair(&report)
    progress("pushing")
    report.stopped = try await push()
    progress("pulling")
    do { try await pull() } catch HubFailure.refused(let refusal)
      where refusal.name == HubRefusal.Name.feedContradiction
    {
      progress("the hub shows another feed; looking for the place")
    }
    progress("folding every record anew")
    _ = try await store.write { try $0.rebuild() }
    report.verification = try await verification()
    let now = report.verification.damages
    report.left = now.map { damage in
      damage.finding + (refusals[damage.place].map { ": \($0)" } ?? "")
    }
    report.repaired += report.found.filter { !now.contains($0) }.map(\.finding)
    report.unsent = try await store.unsent().entries
    try await compareFeeds(&report)
    return report
  }

  // MARK: - Repair

  /// - Returns: why places could not be repaired.
  private func repair(
    _ report: inout ResyncReport
  ) async throws -> [Damage.Place: String] {
    guard !report.found.isEmpty else { return [:] }
    progress("repairing")
    var refusals: [Damage.Place: String] = [:]
    let damages = Set(report.found)
    report.repaired += try await store.repairLocally(damages)
    var asked: Set<LogGap> = []
    while true {
      // After each round anew: what looked damaged may only have followed a damage.
      let gaps = try await store.read { try $0.gaps(damages) }.filter { !asked.contains($0) }
      if gaps.isEmpty { break }
      for gap in gaps {
        asked.insert(gap)
        let place = Damage.Place.entry(gap.log, sequence: gap.sequence)
        if let refusal = try await fill(gap) { refusals[place] = refusal }
      }
    }
    report.repaired += try await store.repairLocally(damages)
    try await store.reloadMembers()
    return refusals
  }

  /// - Returns: why the gap stays.
  private func fill(_ gap: LogGap) async throws -> String? {
    guard gap.log.scope != .local else {
      return "entries of the scope local are on this machine only; a backup may have it"
    }
    progress("fetching \(gap.log) from entry \(gap.sequence) on")
    guard let bundle = try await client.bundle(of: gap.log, from: gap.sequence) else {
      return gap.log.member == store.identity.member
        ? "it was never sent, so nobody else has it; a backup may. What was written after it can be "
          + "sent again once this replica opened its next key generation: kreisnetz town rotate"
        : "the hub does not hold it"
    }
    do throws(StoreError) {
      _ = try await store.repair(gap, with: bundle)
      return nil
    } catch {
      guard case .rejected(let reason, _) = error else { throw error }
      return reason
    }
  }

  private func verification() async throws(StoreError) -> Verification {
    let progress = progress
    return try await store.verify { what, done in progress("\(what): \(done)") }
  }

  private func push() async throws -> [LogID: String] {
    let pusher = LogPusher(client: client, store: store)
    var stopped: [LogID: String] = [:]
    for log in try await store.unsent().logs {
      var isDone = false
      while !isDone {
        switch try await pusher.push(log) {
        case .acknowledged(let more): isDone = !more
        case .rewound: continue
        case .diverged, .closed:
          stopped[log] =
            "the hub holds other entries of this log or has closed it; the daemon opens the next "
            + "key generation: kreisnetz town run"
          isDone = true
        case .refused(let reason):
          stopped[log] = reason
          isDone = true
        case .unavailable(let reason, let seconds):
          throw HubFailure.unavailable(reason: reason, retryAfterSeconds: seconds)
        }
      }
    }
    return stopped
  }

  /// - Parameter includingOwn: whether this member's own bundles come whole, for a replica that
  ///   does not hold them.
  func pull(includingOwn: Bool = false) async throws {
    let cursors = try await store.read { try $0.feedCursors() }
    let completion = ChunkCompletion(client: client, store: store)
    try await chunks(after: cursors, includingOwn: includingOwn) { chunk in
      // A hub of a later generation sends heads, of what it added meanwhile as well.
      _ = try await store.merge(try await completion.complete(chunk))
      if !chunk.items.isEmpty { progress("pulled \(chunk.items.count) bundles") }
      return !chunk.isComplete
    }
  }

  private func compareFeeds(_ report: inout ResyncReport) async throws {
    do { report.feeds = try await feeds() } catch HubFailure.refused(let refusal)
      where refusal.name == HubRefusal.Name.feedContradiction
    {
      let here = try await store.read { try $0.feedCursors() }
      report.feeds = here.keys.sorted().map {
        ResyncReport.Feed(scope: $0, here: here[$0], hub: nil)
      }
      for (scope, end) in here.sorted(by: { $0.key < $1.key }) {
        let difference = try await FeedBisection.difference(of: scope, through: end.position) {
          position in
          try await store.read { try $0.feedHash(of: scope, at: position) }
        } hub: { position in
          try await client.feedHead(of: scope, at: position)?.at.hash
        }
        if let difference { report.parted.append(difference) }
      }
    }
  }

  /// Where the feeds end here and at the hub. Costs one small answer while they are equal.
  private func feeds() async throws -> [ResyncReport.Feed] {
    let here = try await store.read { try $0.feedCursors() }
    var hub: [Scope: FeedPosition] = [:]
    try await chunks(after: here) { chunk in
      for head in chunk.heads { hub[head.scope] = head.at }
      // A hub that has more says so with the first chunk; the rest of it is not needed.
      return false
    }
    return Set(here.keys).union(hub.keys).sorted().map { scope in
      ResyncReport.Feed(scope: scope, here: here[scope], hub: hub[scope])
    }
  }

  /// Reads the hub's feed until `take` has had enough.
  private func chunks(
    after cursors: [Scope: FeedPosition], includingOwn: Bool = false,
    _ take: (UnverifiedChunk) async throws -> Bool
  ) async throws {
    let generation = try await store.read { $0.feedGeneration }
    let response = try await client.openFeed(
      FeedQuery(
        after: cursors, hubGeneration: max(1, generation), follow: nil, includeOwn: includingOwn),
      deadlines: Deadlines())
    defer { response.cancel() }
    var decoder = FrameDecoder()
    do {
      while let piece = try await response.next() {
        decoder.append(piece)
        while let frame = try decoder.next() {
          let chunk = try UnverifiedChunk(WireFeedChunk(serializedBytes: frame))
          guard try await take(chunk) else { return }
        }
      }
    } catch let error as TransportError { throw HubFailure(error) }
  }
}
