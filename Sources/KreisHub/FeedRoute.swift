// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import KreisTransport
import NIOCore
import ServiceLifecycle
import SwiftProtobuf
import Synchronization

/// `GET /v1/feed`: catch-up and live events are one thing.
///
/// The answer is a row of frames (`FrameCodec`), each a `FeedChunk`; or, as JSON, of lines.
struct FeedRoute: Sendable {
  let store: Store
  let instances: Instances
  let presence: Presence
  let configuration: HubServerConfiguration
  private let followers = FollowerCount()

  /// Bytes of one chunk's entries, roughly: small enough to merge between two heartbeats.
  private static let chunkBytes = 1 << 20

  init(
    store: Store, instances: Instances, presence: Presence, configuration: HubServerConfiguration
  ) {
    self.store = store
    self.instances = instances
    self.presence = presence
    self.configuration = configuration
  }

  func respond(to request: HubRequest, from caller: Caller) async throws -> Response {
    let query: FeedQuery
    do throws(MalformedBytes) { query = try FeedQuery(text: request.query) } catch {
      throw Problem.malformed("The query cannot be read: \(error).")
    }
    try instances.check(request, of: caller)
    let encode = request.wantsJSON ? Self.jsonLine : Self.frame
    // Before the first look, so that no commit falls between look and wait.
    let wakeups = Wakeups(store.commits)
    var reader = Reader(store: store, caller: caller, query: query)
    var first = try await reader.next()
    // A long catch-up over a thin line is no reason to break off: silence is.
    request.liftDeadline()
    let body: ResponseBody
    switch query.follow {
    case nil: body = answer(first, reader, encode)
    case .poll:
      let slot = try Slot(
        followers.place(for: caller.member),
        instances.lease(request, of: caller, isPolling: true),
        presence.visit(caller.member, over: request.channel, isPolling: true))
      if first.items.isEmpty { first = try await waitForNews(first, &reader, wakeups) }
      withExtendedLifetime(slot) {}
      body = answer(first, reader, encode)
    case .stream:
      let slot = try Slot(
        followers.place(for: caller.member),
        instances.lease(request, of: caller, isPolling: false),
        presence.visit(caller.member, over: request.channel, isPolling: false))
      body = stream(first, reader, wakeups, slot, encode)
    }
    let type = request.wantsJSON ? "application/jsonl" : MediaType.frames
    return Response(status: .ok, headers: [.contentType: type], body: body)
  }

  /// What there is until the reader has everything.
  private func answer(
    _ first: WireFeedChunk, _ reader: Reader, _ encode: @escaping Encode
  ) -> ResponseBody {
    ResponseBody { writer in
      var reader = reader
      try await writer.write(encode(first))
      var isComplete = first.complete
      while !isComplete {
        let chunk = try await reader.next()
        try await writer.write(encode(chunk))
        isComplete = chunk.complete
      }
      try await writer.finish(nil)
    }
  }

  /// The same, and then what comes. Ends when the hub stops or closes the reader's key. That the
  /// client is gone shows at the next write, and a client that stopped reading is cut off by its
  /// connection.
  private func stream(
    _ first: WireFeedChunk, _ reader: Reader, _ wakeups: Wakeups,
    _ slot: Slot, _ encode: @escaping Encode
  ) -> ResponseBody {
    let interval = configuration.heartbeat / 2
    return ResponseBody { writer in
      defer { withExtendedLifetime(slot) {} }
      var reader = reader
      try await writer.write(encode(first))
      try await wakeups.run(every: interval) { wakeups in
        var isComplete = first.complete
        var written = ContinuousClock.now
        var iterator = wakeups.makeAsyncIterator()
        while !Task.isShuttingDownGracefully {
          if isComplete { guard await iterator.next() != nil else { break } }
          guard reader.isEntitled else { break }
          let chunk = try await reader.next()
          isComplete = chunk.complete
          if chunk.items.isEmpty, ContinuousClock.now - written < interval { continue }
          try await writer.write(encode(chunk))
          written = .now
        }
      }
      try await writer.finish(nil)
    }
  }

  private func waitForNews(
    _ empty: WireFeedChunk, _ reader: inout Reader, _ wakeups: Wakeups
  ) async throws -> WireFeedChunk {
    let deadline = ContinuousClock.now + configuration.pollTimeout
    var chunk = empty
    try await wakeups.run(every: configuration.pollTimeout) { wakeups in
      for await _ in wakeups {
        guard reader.isEntitled else { return }
        chunk = try await reader.next()
        if !chunk.items.isEmpty || ContinuousClock.now >= deadline { return }
      }
    }
    return chunk
  }

  // MARK: - Forms

  private typealias Encode = @Sendable (WireFeedChunk) throws -> ByteBuffer

  private static let frame: Encode = { chunk in
    let bytes: [UInt8] = try chunk.serializedBytes()
    return ByteBuffer(bytes: FrameCodec.encode(bytes))
  }

  private static let jsonLine: Encode = { chunk in
    var bytes: [UInt8] = try chunk.jsonUTF8Bytes()
    bytes.append(UInt8(ascii: "\n"))
    return ByteBuffer(bytes: bytes)
  }
}

extension FeedRoute {
  /// What an open answer holds as long as it exists.
  private final class Slot: Sendable {
    private let place: FollowerCount.Place
    private let lease: Instances.Lease?
    private let visit: Presence.Visit

    init(_ place: FollowerCount.Place, _ lease: Instances.Lease?, _ visit: Presence.Visit) {
      self.place = place
      self.lease = lease
      self.visit = visit
    }
  }

  /// One reader's way through the feeds.
  private struct Reader: Sendable {
    let store: Store
    let caller: Caller
    let includeOwn: Bool
    /// The reader follows an earlier generation's feeds, and holds most of what this one's name.
    private(set) var headsOnly: Bool
    private(set) var after: [Scope: FeedPosition]
    private var hasBegun = false

    init(store: Store, caller: Caller, query: FeedQuery) {
      self.store = store
      self.caller = caller
      includeOwn = query.includeOwn
      headsOnly = !query.after.isEmpty && query.hubGeneration < store.identity.generation
      after = headsOnly ? [:] : query.after
    }

    /// A closing cuts the stream.
    var isEntitled: Bool {
      (try? Authenticator.checkOpen(caller.member, caller.generation, store.membership)) != nil
    }

    mutating func next() async throws -> WireFeedChunk {
      switch try await store.feedChunk(
        for: caller.member, after: after, includeOwn: includeOwn, headsOnly: headsOnly,
        continues: hasBegun, bytes: FeedRoute.chunkBytes)
      {
      case .chunk(let chunk):
        hasBegun = true
        // What comes after is news to the reader.
        if chunk.complete { headsOnly = false }
        for head in chunk.heads {
          let head = try FeedHead(head)
          after[head.scope] = head.at
        }
        return chunk
      case .refused(.notEntitled(let scope)):
        throw Problem(
          .forbidden, "not-entitled", "The scope is for others",
          "The member \(caller.member) may not read the scope \(scope).")
      case .refused(.contradiction(let scope, let position)):
        throw Problem(
          .conflict, "feed-contradiction", "The hub does not know this position",
          "Position \(position) of the feed of \(scope) has another hash here, or is not reached: "
            + "the hub or the member was restored from a backup. Both administrators must look.")
      }
    }
  }
}

/// What makes an open answer look for news: each commit since it was made, the passing of time, and the
/// hub's stop.
private struct Wakeups: Sendable {
  private let stream: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  init(_ commits: CommitSignal) {
    (stream, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    commits.wake(wake)
  }

  /// Runs `body` once with the wake-ups, every `interval` at least, which end when the hub stops.
  func run(
    every interval: Duration, _ body: (AsyncStream<Void>) async throws -> Void
  ) async throws {
    try await withGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          while true {
            do { try await Task.sleep(for: interval) } catch { return }
            wake.yield()
          }
        }
        defer { group.cancelAll() }
        try await body(stream)
      }
    } onGracefulShutdown: {
      wake.finish()
    }
  }
}

/// How many answers each member keeps open (I5).
private final class FollowerCount: Sendable {
  /// A member has one town daemon; the rest is for streams whose end was not noticed yet.
  private static let limit = 8

  private let counts = Mutex<[MemberID: Int]>([:])

  /// Holds a place as long as it exists.
  final class Place: Sendable {
    private let count: FollowerCount
    private let member: MemberID

    fileprivate init(_ count: FollowerCount, _ member: MemberID) {
      self.count = count
      self.member = member
    }

    deinit { count.counts.withLock { $0[member, default: 1] -= 1 } }
  }

  func place(for member: MemberID) throws(Problem) -> Place {
    let isFree = counts.withLock { counts in
      guard counts[member, default: 0] < Self.limit else { return false }
      counts[member, default: 0] += 1
      return true
    }
    guard isFree else { throw .tooManyRequests(retryAfter: 10) }
    return Place(self, member)
  }
}
