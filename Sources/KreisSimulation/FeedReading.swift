import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// One reading of the feed by a town, as `FeedFollower` does it.
final class FeedReading {
  var connection: Connection?
  var isOver = false
  private unowned let town: TownNode
  private let store: Store
  private let query: FeedQuery
  private let start: Int
  private var decoder = FrameDecoder()
  private var hasChunk = false
  private var lastPiece: UInt64

  /// Milliseconds in which what streams shows a first chunk.
  private static let firstChunk: UInt64 = 15_000
  /// Milliseconds of silence after which nobody is believed to be there.
  private static let silence: UInt64 = 250_000

  init(_ town: TownNode, _ store: Store, _ query: FeedQuery, _ start: Int) {
    self.town = town
    self.store = store
    self.query = query
    self.start = start
    lastPiece = town.world.now
  }

  /// Whether the process that reads is still the one that asked.
  var isCurrent: Bool {
    if start != town.starts || town.store == nil { connection?.cancel() }
    return !isOver && start == town.starts && town.store != nil
  }

  func watch() {
    let world = town.world
    if query.follow == .stream {
      world.plan(after: Self.firstChunk) { [self] in
        if isCurrent, !hasChunk { try end(.buffered) }
      }
    }
    watchSilence()
  }

  private func watchSilence() {
    let world = town.world
    world.plan(after: Self.silence) { [self] in
      guard isCurrent else { return }
      if world.now >= lastPiece + Self.silence {
        try end(.unavailable(reason: "nothing came for long", retryAfterSeconds: nil))
      } else {
        watchSilence()
      }
    }
  }

  func take(_ piece: [UInt8]) throws {
    lastPiece = town.world.now
    decoder.append(piece)
    do {
      while isCurrent, let frame = try decoder.next() {
        hasChunk = true
        PrivacyChecker.checkReceived(frame, by: town)
        let isLie = town.world.attacks.isLie(frame)
        let cursors = isLie ? try store.blockingRead { try $0.feedCursors() } : [:]
        do { try merge(frame) } catch let error as StoreError { throw error } catch {
          try end(Self.end(for: error))
          if isLie { AttackChecker.checkAlarm(of: town) }
          return
        }
        if isLie { try AttackChecker.checkBelieved(frame, town, cursors) }
      }
    } catch StoreError.stateUnknown(let reason) {
      throw StoreError.stateUnknown(reason)
    } catch { try end(Self.end(for: error)) }
  }

  private func merge(_ frame: [UInt8]) throws {
    let chunk = try UnverifiedChunk(WireFeedChunk(serializedBytes: frame))
    let store = store
    let isComplete = try waiting { try await store.merge(chunk) }
    town.world.count("chunks merged")
    try town.merged(complete: isComplete, news: !chunk.items.isEmpty)
  }

  func finish(_ failure: String?) throws {
    guard isCurrent else { return }
    if let failure { return try end(.unavailable(reason: failure, retryAfterSeconds: nil)) }
    do {
      try decoder.finish()
      try end(.finished)
    } catch { try end(Self.end(for: error)) }
  }

  func end(_ end: TownSession.StreamEnd) throws {
    guard isCurrent else { return }
    isOver = true
    connection?.cancel()
    try town.streamEnded(end)
  }

  private static func end(for error: any Error) -> TownSession.StreamEnd {
    switch error {
    case FrameError.cutOff:
      .unavailable(reason: FrameError.cutOff.description, retryAfterSeconds: nil)
    case let error as ChunkError: TownSession.StreamEnd(error)
    case let error as FrameError: .untrusted(reason: error.description)
    case StoreError.retryLater(let reason): .notStored(reason: reason)
    case StoreError.rejected(let reason): .untrusted(reason: reason)
    default: .untrusted(reason: "the hub sent what cannot be read: \(error)")
    }
  }
}
