// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTown
import KreisTransport
import Synchronization

/// One reading of the feed by a town. The daemon's own code reads; what is here carries the answer to
/// it, and tells the time.
final class FeedReading {
  private let town: TownNode
  private let process: TownNode.Process
  private let mode: TownSession.FollowMode
  private var connection: Connection?
  private var isOver = false
  /// What came and was not read yet.
  private var inbox: [[UInt8]] = []
  /// How the answer ended, if it has.
  private var end: Result<Void, TransportError>?
  /// What the reader waits for.
  private var waiting: (wish: Errands.Wish, number: UInt64)?
  private var errand: Errand<TownSession.StreamEnd>?
  private var lastPiece: UInt64
  private var frames = FrameWatch()
  /// A lie of the hub that is being read, and what the town had verified before it.
  private var lie: (message: [UInt8], cursors: [Scope: FeedPosition])?

  /// Milliseconds in which what streams shows a first chunk.
  private static let firstChunk: UInt64 = 15_000
  /// Milliseconds of silence after which nobody is believed to be there.
  private static let silence: UInt64 = 250_000

  init(_ town: TownNode, _ process: TownNode.Process, _ mode: TownSession.FollowMode) {
    self.town = town
    self.process = process
    self.mode = mode
    lastPiece = town.world.now
  }

  private var world: World { town.world }

  func start(own: Bool) throws {
    let (follower, mode) = (process.actions.follower, mode)
    let errand = Errand<TownSession.StreamEnd>(world.errands) { [self] _, wish in
      try serve(wish)
    } then: { [self] result in
      try settled(result)
    }
    self.errand = errand
    watch()
    try errand.start { try await follower.read(mode, own: own) {} }
  }

  // MARK: - What the reader wants

  private func serve(_ wish: Errands.Wish) throws {
    guard try isCurrent() else { return try resume { wish.fail(.cancelled) } }
    try takeNews()
    guard try isCurrent() else { return try resume { wish.fail(.cancelled) } }
    switch wish {
    case .send:
      guard let errand else { return }
      try town.carry(wish, for: errand, .follow(mode, own: false), process)
    case .open(let request, _):
      wait(wish)
      open(Request(request))
    case .next:
      wait(wish)
      try deliver()
    }
  }

  private func wait(_ wish: Errands.Wish) {
    waiting = (wish, world.wait { [self] in try resume { wish.fail(.cancelled) } })
  }

  private func resume(_ answer: () -> Void) throws { try errand?.go(answer) }

  /// - Returns: what the reader waits for, which is to be answered then.
  private func takeWaiting() -> Errands.Wish? {
    guard let waiting, world.endWait(waiting.number) else { return nil }
    self.waiting = nil
    return waiting.wish
  }

  private func open(_ request: Request) {
    town.noteRequest()
    end = nil
    inbox = []
    frames = FrameWatch()
    let connection = town.network.open(
      request, from: town.index,
      Connection.Listener(
        onRefusal: { [self] response in
          guard try isCurrent(), let wish = takeWaiting() else { return }
          guard case .open(_, let reply) = wish else { return }
          try resume { reply.resume(returning: .success(Self.whole(response))) }
        },
        onPiece: { [self] piece in
          guard try isCurrent(), !(try town.isStruck()) else { return }
          lastPiece = world.now
          inbox.append(piece)
          try deliver()
        },
        onEnd: { [self] failure in
          guard try isCurrent() else { return }
          end =
            failure.map { .failure(.connectionLost(host: "hub.example.org", reason: $0)) }
            ?? .success(())
          try deliver()
        }))
    self.connection = connection
    town.hold(connection)
  }

  /// An answer that is whole from the beginning.
  private static func whole(_ response: Response) -> StreamingResponse {
    let wire = response.wire
    let rest = Mutex<[UInt8]?>(wire.body)
    return StreamingResponse(
      status: wire.status, fields: wire.fields,
      next: { rest.withLock { $0.take() } }, cancel: {})
  }

  /// Gives the reader what it waits for, if it has come.
  private func deliver() throws {
    guard let waiting else { return }
    if case .open(_, let reply) = waiting.wish {
      guard !inbox.isEmpty || end != nil, takeWaiting() != nil else { return }
      if inbox.isEmpty, case .failure(let error)? = end {
        return try resume { waiting.wish.fail(error) }
      }
      let stream = world.errands.stream(
        status: 200,
        fields: ["Content-Type": MediaType.frames, "Date": HTTPDate.text(town.network.hubSeconds)])
      return try resume { reply.resume(returning: .success(stream)) }
    }
    guard case .next(let reply) = waiting.wish else { return }
    if let piece = try nextPiece() {
      guard takeWaiting() != nil else { return }
      return try resume { reply.resume(returning: .success(piece)) }
    }
    guard let end, takeWaiting() != nil else { return }
    try resume { reply.resume(returning: end.map { nil }) }
  }

  /// Up to the end of one message: what comes of it is looked at before the next.
  private func nextPiece() throws -> [UInt8]? {
    guard let first = inbox.first else { return nil }
    let (count, message) = frames.take(first)
    if count == first.count { inbox.removeFirst() } else { inbox[0].removeFirst(count) }
    if let message {
      PrivacyChecker.checkReceived(message, by: town)
      if world.attacks.isLie(message) {
        lie = (message, try process.store.blockingRead { try $0.feedCursors() })
      }
    }
    return Array(first.prefix(count))
  }

  // MARK: - What comes of it

  private func takeNews() throws {
    for event in process.news.take() {
      guard try isCurrent() else { return }
      if case .merged = event {
        world.count("chunks merged")
        if let lie { try AttackChecker.checkBelieved(lie.message, town, lie.cursors) }
        lie = nil
      }
      try town.handle(event)
      if try town.isStruck() { return }
    }
  }

  private func settled(_ result: Result<TownSession.StreamEnd, any Error>) throws {
    // Both hold this reading, and it a process with its store.
    defer { (errand, connection) = (nil, nil) }
    connection?.cancel()
    guard try isCurrent() else { return }
    try takeNews()
    guard try isCurrent() else { return }
    do { try finish(try result.get()) } catch let error as StoreError { try town.failed(error) }
  }

  private func finish(_ end: TownSession.StreamEnd) throws {
    isOver = true
    connection?.cancel()
    try town.streamEnded(end)
    if lie != nil, end.isJudgement { AttackChecker.checkAlarm(of: town) }
  }

  /// Ends it from outside.
  private func abandon(_ end: TownSession.StreamEnd) throws {
    try finish(end)
    guard let wish = takeWaiting() else { return }
    try resume { wish.fail(.cancelled) }
  }

  /// Whether the process that reads is still the one that asked.
  private func isCurrent() throws -> Bool {
    guard try town.runs(process.number) else {
      connection?.cancel()
      if let wish = takeWaiting() { try resume { wish.fail(.cancelled) } }
      return false
    }
    return !isOver
  }

  // MARK: - Time

  private func watch() {
    if mode == .stream {
      world.plan(after: Self.firstChunk) { [self] in
        if try isCurrent(), !frames.hasMessage { try abandon(.buffered) }
      }
    }
    watchSilence()
  }

  private func watchSilence() {
    world.plan(after: Self.silence) { [self] in
      guard try isCurrent() else { return }
      if world.now >= lastPiece + Self.silence {
        try abandon(.unavailable(reason: "nothing came for long", retryAfterSeconds: nil))
      } else {
        watchSilence()
      }
    }
  }
}

extension TownSession.StreamEnd {
  /// Whether it ended for what came, and not for how.
  fileprivate var isJudgement: Bool {
    switch self {
    case .untrusted, .contradicted, .behind: true
    default: false
    }
  }
}

/// Finds where messages end in a stream of frames.
struct FrameWatch {
  private var decoder = FrameDecoder()
  private var header: [UInt8] = []
  private var rest = 0
  private(set) var hasMessage = false

  /// - Returns: how many bytes of `piece` there are up to the end of a message, and the message.
  mutating func take(_ piece: [UInt8]) -> (count: Int, message: [UInt8]?) {
    var count = 0
    while count < piece.count {
      if header.count < 4 {
        header.append(piece[count])
        count += 1
        guard header.count == 4 else { continue }
        let word = header.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        rest = Int(word & ~(1 << 31))
      } else {
        let taken = min(rest, piece.count - count)
        count += taken
        rest -= taken
      }
      if header.count == 4, rest == 0 { break }
    }
    decoder.append(piece.prefix(count))
    guard header.count == 4, rest == 0 else { return (count, nil) }
    header = []
    guard let message = try? decoder.next() else { return (count, nil) }
    hasMessage = true
    return (count, message)
  }
}
