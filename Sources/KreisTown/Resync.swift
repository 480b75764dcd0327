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
  /// What was wrong here before, and is right now.
  package var repaired: [String] = []
  package var feeds: [Feed] = []
  /// Entries that the hub has not acknowledged.
  package var unsent: UInt64 = 0
  /// Logs that the hub does not take, and why.
  package var stopped: [LogID: String] = [:]

  package init() {}

  /// Whether this replica is sound and proven equal to the hub.
  package var isEqual: Bool {
    verification.isSound && unsent == 0 && stopped.isEmpty && !feeds.isEmpty
      && feeds.allSatisfy(\.isEqual)
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
    report.unsent = try await store.unsent().values.reduce(0, +)
    report.feeds = try await feeds()
    return report
  }

  /// Pushes what the hub lacks, pulls what this replica lacks, folds every record anew, and compares.
  ///
  /// - Throws: `HubFailure` if the hub could not be asked; `StoreError`.
  package func run() async throws -> ResyncReport {
    let before = try await verification()
    progress("pushing")
    var report = ResyncReport()
    report.stopped = try await push()
    progress("pulling")
    try await pull()
    progress("folding every record anew")
    _ = try await store.write { try $0.rebuild() }
    report.verification = try await verification()
    report.repaired = before.differences.filter { !report.verification.differences.contains($0) }
    report.unsent = try await store.unsent().values.reduce(0, +)
    report.feeds = try await feeds()
    return report
  }

  private func verification() async throws(StoreError) -> Verification {
    let progress = progress
    return try await store.read { snapshot in
      try snapshot.verify { what, done in progress("\(what): \(done)") }
    }
  }

  private func push() async throws -> [LogID: String] {
    let pusher = LogPusher(client: client, store: store)
    var stopped: [LogID: String] = [:]
    for log in try await store.unsent().keys.sorted() {
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

  private func pull() async throws {
    let cursors = try await store.read { try $0.feedCursors() }
    try await chunks(after: cursors) { chunk in
      _ = try await store.merge(chunk)
      if !chunk.items.isEmpty { progress("pulled \(chunk.items.count) bundles") }
      return !chunk.isComplete
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
    after cursors: [Scope: FeedPosition], _ take: (UnverifiedChunk) async throws -> Bool
  ) async throws {
    let response = try await client.openFeed(
      FeedQuery(after: cursors, follow: nil), deadlines: Deadlines())
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
