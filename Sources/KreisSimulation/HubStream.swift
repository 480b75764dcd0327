// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// One follower's way through the feeds, as the hub's `FeedRoute` goes it.
final class HubStream {
  let caller: Caller
  let connection: Connection
  let query: FeedQuery
  private unowned let hub: HubNode
  /// The reader follows an earlier generation's feeds, and holds most of what this one's name.
  private var headsOnly: Bool
  private var after: [Scope: FeedPosition]
  private var isPumping = false
  private var isFirst = true
  private var lastWrite: UInt64 = 0
  private let opened: UInt64

  /// Milliseconds without news after which the hub shows that it is there.
  static let heartbeat: UInt64 = 120_000
  /// Milliseconds that a poll waits for news.
  private static let pollTimeout: UInt64 = 25_000

  init(
    _ hub: HubNode, _ connection: Connection, _ caller: Caller, _ query: FeedQuery,
    _ hubGeneration: UInt32
  ) {
    self.hub = hub
    self.connection = connection
    self.caller = caller
    self.query = query
    headsOnly = !query.after.isEmpty && query.hubGeneration < hubGeneration
    after = headsOnly ? [:] : query.after
    opened = hub.world.now
  }

  private var world: World { hub.world }

  func begin() throws {
    connection.onDrained = { [weak self] in try self?.pump() }
    connection.onGone = { [weak self] in self.map { $0.hub.closed($0) } }
    try pump()
    if query.follow == .poll {
      world.plan(after: Self.pollTimeout) { [weak self] in try self?.pump() }
    }
    if query.follow == .stream { beat() }
  }

  private func beat() {
    world.plan(after: Self.heartbeat) { [weak self] in
      guard let self, connection.isOpenAtHub else {
        self.map { self?.hub.closed($0) }
        return
      }
      try pump()
      beat()
    }
  }

  func wake() {
    guard !isPumping else { return }
    isPumping = true
    world.plan(after: 1) { [weak self] in
      self?.isPumping = false
      try self?.pump()
    }
  }

  private func pump() throws {
    do { try writeAll() } catch let error as StoreError { try hub.failed(error) }
  }

  /// Writes what there is, as far as the receiver keeps up.
  private func writeAll() throws {
    while connection.underWay < 2 {
      guard connection.isOpenAtHub, let store = hub.store else { return hub.closed(self) }
      guard isEntitled(store.membership) else {
        connection.finish()
        return hub.closed(self)
      }
      guard let chunk = try next(store) else { return }
      let isDue =
        query.follow == .poll
        ? world.now >= opened + Self.pollTimeout
        : isFirst || world.now >= lastWrite + Self.heartbeat
      if chunk.items.isEmpty, !isDue { return }
      try write(chunk)
      if query.follow != .stream, chunk.complete {
        connection.finish()
        return hub.closed(self)
      }
      if chunk.complete { return }
    }
  }

  /// A closing cuts the answer.
  private func isEntitled(_ membership: Membership) -> Bool {
    (try? hub.checkOpen(caller.member, caller.generation, membership)) != nil
  }

  private func next(_ store: Store) throws -> WireFeedChunk? {
    let (member, after, includeOwn) = (caller.member, after, query.includeOwn)
    let (bytes, headsOnly, continues) = (world.chunkBytes, headsOnly, !isFirst)
    let answer: FeedAnswer
    do {
      answer = try waiting {
        try await store.feedChunk(
          for: member, after: after, includeOwn: includeOwn, headsOnly: headsOnly,
          continues: continues, bytes: bytes)
      }
    } catch StoreError.retryLater where hub.disk.hasPower {
      // It halted, or gathers, since.
      connection.abort()
      hub.closed(self)
      return nil
    }
    switch answer {
    case .chunk(let chunk): return chunk
    case .refused(let refusal):
      let response =
        switch refusal {
        case .notEntitled(let scope):
          Response(
            status: 403, problem: "not-entitled", reason: "the scope \(scope) is for others",
            date: hub.clock)
        case .contradiction(let scope, let position):
          Response(
            status: 409, problem: "feed-contradiction",
            reason: "position \(position) of the feed of \(scope) is not known here",
            date: hub.clock)
        }
      if isFirst { connection.refuse(response) } else { connection.abort() }
      hub.closed(self)
      return nil
    }
  }

  private func write(_ honest: WireFeedChunk) throws {
    isFirst = false
    lastWrite = world.now
    // What comes after is news to the reader.
    if honest.complete { headsOnly = false }
    for head in honest.heads {
      let head = try FeedHead(head)
      after[head.scope] = head.at
    }
    let chunk = hub.malice?.changed(honest, for: connection.town, world) ?? honest
    world.note("\(hub.name) sends town\(connection.town) \(chunk.items.count) items")
    let message: [UInt8] = try chunk.serializedBytes()
    if chunk != honest { world.attacks.noteLie(message) }
    connection.send(FrameCodec.encode(message))
  }
}
