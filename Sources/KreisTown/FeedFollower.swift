// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf
import Synchronization

/// Reads the hub's feed and merges it, chunk by chunk. The next chunk is read only after the last one
/// is durable, so a slow disk slows the hub down instead of filling memory (I5).
package struct FeedFollower: Sendable {
  let client: HubClient
  let store: Store
  /// Keeps the proof where the hub shows two histories.
  let statements: StatementExchange
  /// Called after each durable merge; `isComplete`: nothing more waits at the hub; `isNews`: it was
  /// no mere heartbeat.
  let onMerged: @Sendable (_ isComplete: Bool, _ isNews: Bool) -> Void
  /// Called when the feeds of the hub's next generation have begun here.
  let onRenewed: @Sendable () -> Void
  /// Called with own logs that the hub had acknowledged and does not hold any more.
  let onLost: @Sendable ([LogID]) -> Void

  /// What streams promises a first chunk at once; what buffers shows none.
  private static let firstChunkDeadline: Duration = .seconds(15)
  /// Longer than the hub lets a poll wait for news.
  private static let pollSilence: Duration = .seconds(60)

  private final class FirstChunk: Sendable {
    let hasCome = Atomic(false)
  }

  private enum Outcome {
    case ended(TownSession.StreamEnd)
    case firstChunkIsLate
  }

  /// Follows until the feed ends, and says how it did.
  ///
  /// - Parameter own: whether this member's own entries are to come whole.
  /// - Throws: `StoreError.stateUnknown`: the daemon must stop.
  func follow(_ mode: TownSession.FollowMode, own: Bool) async throws -> TownSession.StreamEnd {
    let first = FirstChunk()
    return try await withThrowingTaskGroup(of: Outcome?.self) { group in
      group.addTask {
        .ended(
          try await read(mode, own: own) { first.hasCome.store(true, ordering: .relaxed) })
      }
      if mode == .stream {
        group.addTask {
          try? await Task.sleep(for: Self.firstChunkDeadline)
          return first.hasCome.load(ordering: .relaxed) ? nil : .firstChunkIsLate
        }
      }
      defer { group.cancelAll() }
      while let outcome = try await group.next() {
        switch outcome {
        case .ended(let end): return end
        case .firstChunkIsLate: return .buffered
        case nil: continue
        }
      }
      return .finished
    }
  }

  /// Takes what the hub holds now, own entries included.
  ///
  /// - Throws: `StoreError.stateUnknown`.
  func catchUp() async throws -> TownSession.StreamEnd { try await read(nil, own: true) {} }

  /// Follows until the feed ends, however long the first chunk takes.
  ///
  /// - Parameter onChunk: called for each chunk that came.
  /// - Throws: `StoreError.stateUnknown`.
  package func read(
    _ mode: TownSession.FollowMode, own: Bool, onChunk: @Sendable () -> Void
  ) async throws -> TownSession.StreamEnd {
    try await read(mode.query, own: own, onChunk: onChunk)
  }

  private func read(
    _ follow: FeedQuery.Follow?, own: Bool, onChunk: @Sendable () -> Void
  ) async throws -> TownSession.StreamEnd {
    let generation = store.identity.generation
    // What was acknowledged before the hub is asked must be in what it answers.
    var acknowledged = store.acknowledgements
    do {
      let (cursors, hubGeneration) = try await store.read {
        (try $0.feedCursors(), $0.feedGeneration)
      }
      let response = try await client.openFeed(
        FeedQuery(
          after: cursors, hubGeneration: max(1, hubGeneration), follow: follow, includeOwn: own),
        deadlines: Deadlines(idle: follow == .poll ? Self.pollSilence : nil))
      var decoder = FrameDecoder()
      while let piece = try await response.next() {
        Progress.note()
        decoder.append(piece)
        while let frame = try decoder.next() {
          onChunk()
          let chunk = try UnverifiedChunk(WireFeedChunk(serializedBytes: frame))
          if let scope = chunk.scopeBehind(cursors, ofGeneration: hubGeneration) {
            return .contradicted(
              reason: "the hub shows less of the feed \(scope) than it signed before")
          }
          if try await merge(chunk) {
            let lost = try await store.withdraw(acknowledged)
            if !lost.isEmpty { onLost(lost) }
            acknowledged = [:]
          }
          // Whether or not something waits to be pushed: what is edited next must find a log to go to.
          if store.isClosed { return .closed(generation: generation) }
          Progress.note()
        }
      }
      try decoder.finish()
      return .finished
    } catch {
      if case ChunkError.contradiction(let head, _) = error {
        if try await statements.keepProof(against: head) {
          return .contradicted(reason: "\(error)")
        }
      }
      return try Self.end(for: error, generation)
    }
  }

  /// - Returns: whether nothing more waits at the hub.
  private func merge(_ chunk: UnverifiedChunk) async throws -> Bool {
    let start = ContinuousClock.now
    let whole = try await ChunkCompletion(client: client, store: store).complete(chunk)
    let before = store.feedGeneration
    let isComplete = try await store.merge(whole)
    if !chunk.items.isEmpty { store.timings.note(.pull, since: start) }
    if before > 0, (chunk.heads.first?.hubGeneration ?? 0) > before { onRenewed() }
    onMerged(isComplete, !chunk.items.isEmpty)
    return isComplete
  }

  private static func end(
    for error: any Error, _ generation: UInt32
  ) throws -> TownSession.StreamEnd {
    switch error {
    case HubFailure.unavailable(let reason, let seconds):
      return .unavailable(reason: reason, retryAfterSeconds: seconds)
    case HubFailure.untrusted(let reason): return .untrusted(reason: reason)
    case HubFailure.refused(let refusal):
      return TownSession.StreamEnd(refusal, askedBy: generation)
    case let error as TransportError:
      return .unavailable(reason: error.description, retryAfterSeconds: nil)
    case FrameError.cutOff:
      return .unavailable(reason: FrameError.cutOff.description, retryAfterSeconds: nil)
    case let error as ChunkError: return TownSession.StreamEnd(error)
    case let error as FrameError: return .untrusted(reason: error.description)
    case let error as MalformedBytes:
      return .untrusted(reason: "the hub sent what cannot be read: \(error)")
    case StoreError.retryLater(let reason): return .notStored(reason: reason)
    case StoreError.rejected(let reason, _): return .untrusted(reason: reason)
    case let error as StateDirectoryError: return .notStored(reason: error.description)
    case StoreError.damaged(let damage): return .notStored(reason: damage.description)
    case StoreError.stateUnknown: throw error
    case is BinaryDecodingError:
      return .untrusted(reason: "the hub sent a message that is not of its protocol")
    default: throw error
    }
  }
}

extension TownSession.FollowMode {
  fileprivate var query: FeedQuery.Follow {
    switch self {
    case .stream: .stream
    case .poll: .poll
    }
  }
}
