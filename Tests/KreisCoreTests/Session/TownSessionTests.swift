// SPDX-License-Identifier: EUPL-1.2

import Testing

@testable import KreisCore

private let town = MemberID(7)!
private let open = LogID(member: town, generation: 1, scope: .public)
private let partners = LogID(member: town, generation: 1, scope: .kreis)
private let noted = LogID(member: town, generation: 1, scope: .local)

/// A session and what its actions left under way: only what can happen is shown to it.
private struct World {
  var session = TownSession()
  var generator: SplitMix
  var timers: [TownSession.Timer: UInt64] = [:]
  /// Logs that are being pushed, and those with commits that no push has begun after.
  var pushing: Set<LogID> = []
  var unsent: Set<LogID> = []
  var isFollowing = false
  var isStating = false
  var isComparing = false
  var isOpening = false
  var isReissuing = false
  var isGathering = false
  var isRelaying = false
  var generation: UInt32 = 1
  /// How often the feed was asked since a timer last fired, or somebody said "now".
  var followsInARow = 0

  init(seed: UInt64) { generator = SplitMix(state: seed) }

  @discardableResult
  mutating func handle(_ event: TownSession.Event) -> [TownSession.Action] {
    switch event {
    case .committed(let logs): unsent.formUnion(logs.filter { $0.scope != .local })
    case .pushed(let log, let result):
      pushing.remove(log)
      switch result {
      case .acknowledged(more: false): break
      default: unsent.insert(log)
      }
    case .streamEnded: isFollowing = false
    case .statementSent: isStating = false
    case .statementsCompared: isComparing = false
    case .generationOpened(let result):
      isOpening = false
      followsInARow = 0
      if case .opened(let opened, let waiting) = result {
        generation = opened
        unsent = Set(waiting)
      }
    case .reissued(let result):
      isReissuing = false
      if case .done(let waiting) = result { unsent.formUnion(waiting) }
    case .gathered: isGathering = false
    case .relayed: isRelaying = false
    case .timer(let timer):
      timers[timer] = nil
      followsInARow = 0
    case .retryNow, .started: followsInARow = 0
    case .merged, .rotate, .hubRenewed: break
    }
    let actions = session.handle(event, random: generator.next())
    for action in actions { note(action) }
    return actions
  }

  private mutating func note(_ action: TownSession.Action) {
    switch action {
    case .push(let log):
      #expect(pushing.insert(log).inserted, "\(log) is pushed twice at once")
      #expect(log.scope != .local, "a local log is pushed")
      #expect(session.stopped[log] == nil, "a stopped log is pushed")
      #expect(log.generation == generation, "a log of an old key is pushed")
      #expect(!isOpening, "something is pushed with a key that is about to be closed")
      unsent.remove(log)
    case .follow:
      #expect(!isFollowing, "the feed is followed twice at once")
      #expect(!isOpening, "the feed is asked with a key that is about to be closed")
      isFollowing = true
      followsInARow += 1
      #expect(followsInARow <= 3, "the feed is asked in a tight loop")
    case .sendStatement:
      #expect(!isStating, "two statements under way at once")
      isStating = true
    case .compareStatements:
      #expect(!isComparing)
      isComparing = true
    case .openGeneration:
      #expect(!isOpening, "two generations are asked for at once")
      isOpening = true
      pushing = []
    case .reissue:
      #expect(!isReissuing && !isOpening)
      isReissuing = true
    case .gather:
      #expect(!isGathering && !isFollowing)
      isGathering = true
    case .relay:
      #expect(!isRelaying)
      isRelaying = true
    case .setTimer(let timer, let milliseconds):
      #expect(milliseconds >= 250, "\(timer) fires at once")
      #expect(milliseconds <= 4_500_000)
      timers[timer] = milliseconds
    }
  }

  mutating func step() {
    let log = log([.public, .kreis, .local][Int(generator.next() % 3)])
    switch generator.next() % 12 {
    case 0: handle(.committed([log]))
    case 1, 2:
      guard let log = pushing.sorted().first else { return }
      handle(.pushed(log, pushResult()))
    case 3 where isFollowing:
      handle(
        .merged(
          complete: generator.next().isMultiple(of: 2), news: generator.next().isMultiple(of: 2)))
    case 4 where isFollowing: handle(.streamEnded(streamEnd()))
    case 5 where isStating: handle(.statementSent(generator.next().isMultiple(of: 2)))
    case 6:
      guard let timer = timers.min(by: { $0.value < $1.value })?.key else { return }
      handle(.timer(timer))
    case 7 where generator.next() % 16 == 0: handle(.retryNow(unsent: unsent.sorted()))
    case 8 where isOpening: handle(.generationOpened(openResult()))
    case 8 where generator.next() % 64 == 0: handle(.rotate)
    case 9 where isReissuing: handle(.reissued(reissueResult()))
    case 10 where isComparing: handle(.statementsCompared)
    case 11 where isGathering: handle(.gathered)
    case 11 where isRelaying:
      handle(.relayed(done: generator.next().isMultiple(of: 2), unsent: unsent.sorted()))
    case 11: handle(.hubRenewed)
    default: break
    }
  }

  private func log(_ scope: Scope) -> LogID {
    LogID(member: town, generation: generation, scope: scope)
  }

  private mutating func openResult() -> TownSession.OpenResult {
    switch generator.next() % 5 {
    case 0: .unavailable(reason: "gone", retryAfterSeconds: nil)
    case 2: .gathering(reason: "rebuilt", retryAfterSeconds: 10)
    case 1: .otherInstance(reason: "a copy runs")
    default: .opened(generation: generation + 1, unsent: [])
    }
  }

  private mutating func reissueResult() -> TownSession.ReissueResult {
    switch generator.next() % 3 {
    case 0: .incomplete
    case 1: .notStored(reason: "disk full")
    default: .done(unsent: [log(.public)])
    }
  }

  private mutating func pushResult() -> TownSession.PushResult {
    switch generator.next() % 24 {
    case 0: .diverged
    case 7: .closed
    case 1: .refused(reason: "no")
    case 2: .rewound
    case 3: .acknowledged(more: true)
    case 4: .unavailable(reason: "busy", retryAfterSeconds: generator.next() % 5_000)
    case 5, 6: .unavailable(reason: "gone", retryAfterSeconds: nil)
    default: .acknowledged(more: false)
    }
  }

  private mutating func streamEnd() -> TownSession.StreamEnd {
    switch generator.next() % 16 {
    case 0: .unavailable(reason: "busy", retryAfterSeconds: generator.next() % 5_000)
    case 1: .unavailable(reason: "gone", retryAfterSeconds: nil)
    case 2: .buffered
    case 3: .untrusted(reason: "forged")
    case 4: .notStored(reason: "disk full")
    case 5: .behind(log(.kreis))
    case 6: .behind(LogID(member: town, generation: 1, scope: .public))
    case 7: .closed(generation: generation)
    case 8: .closed(generation: 1)
    case 9: .otherInstance(reason: "a copy runs")
    case 10: .contradicted(reason: "restored")
    case 11: .gathering(reason: "rebuilt", retryAfterSeconds: 10)
    default: .finished
    }
  }

  /// Lets everything succeed until nothing but hourly timers is left.
  mutating func settle() {
    for _ in 0..<1_000 {
      if let log = pushing.sorted().first {
        handle(.pushed(log, .acknowledged(more: false)))
      } else if isStating {
        handle(.statementSent(true))
      } else if isOpening {
        handle(.generationOpened(.opened(generation: generation + 1, unsent: [])))
      } else if isReissuing {
        handle(.reissued(.done(unsent: [])))
      } else if isComparing {
        handle(.statementsCompared)
      } else if isGathering {
        handle(.gathered)
      } else if isRelaying {
        handle(.relayed(done: true, unsent: []))
      } else if isFollowing, session.recovery != .none {
        // The hub ends an answer to the old key.
        handle(
          session.followsOwn && session.recovery == .catchingUp
            ? .merged(complete: true, news: false)
            : .streamEnded(.closed(generation: generation - 1)))
      } else if let timer = timers.filter({ ![.stream, .statement, .comparison].contains($0.key) })
        .keys.first
      {
        handle(.timer(timer))
      } else {
        return
      }
    }
    Issue.record("the session does not settle")
  }
}

extension World {
  /// Milliseconds until `timer`.
  func delay(_ timer: TownSession.Timer) throws -> UInt64 { try #require(timers[timer]) }

  mutating func following(_ mode: TownSession.FollowMode = .stream) {
    handle(.started(unsent: [], generation: 1, isRecovering: false))
    if mode == .poll { handle(.streamEnded(.buffered)) }
    handle(.merged(complete: true, news: true))
  }
}

@Suite struct `The session of a town` {
  @Test(arguments: UInt64(1)...200)
  func `keeps its promises whatever happens in whatever order`(seed: UInt64) {
    // The world checks each action: one push a log, one feed, no local log, no tight loop.
    var world = World(seed: seed)
    world.handle(.started(unsent: [open, noted], generation: 1, isRecovering: seed % 4 == 0))
    for _ in 0..<400 { world.step() }
    let stopped = world.session.stopped
    world.settle()
    #expect(world.isFollowing, "nobody follows, and no timer will")
    #expect(world.session.recovery == .none)
    #expect(world.session.stopped == stopped)
    for log in world.unsent where stopped[log] == nil && log.generation == world.generation {
      Issue.record("\(log) is never pushed")
    }
  }

  @Test func `pushes what was committed during a push`() {
    var world = World(seed: 1)
    #expect(world.handle(.committed([open])) == [.push(open)])
    #expect(world.handle(.committed([open])) == [])
    #expect(world.handle(.pushed(open, .acknowledged(more: false))) == [.push(open)])
    #expect(world.handle(.pushed(open, .acknowledged(more: false))) == [])
    #expect(world.handle(.committed([noted])) == [])
  }

  @Test func `stops a refused log alone, until an admin has looked`() {
    var world = World(seed: 1)
    world.handle(.committed([open, partners]))
    world.handle(.pushed(open, .refused(reason: "over quota")))
    world.handle(.pushed(partners, .acknowledged(more: false)))
    #expect(world.session.stopped == [open: "over quota"])
    #expect(world.handle(.committed([open, partners])) == [.push(partners)])
    world.handle(.pushed(partners, .refused(reason: "over quota")))
    #expect(world.session.stopped.keys.sorted() == [open, partners])
    world.handle(.started(unsent: [], generation: 1, isRecovering: false))
    #expect(world.handle(.merged(complete: false, news: true)) == [])
    #expect(world.handle(.retryNow(unsent: [open])) == [.push(open)])
    #expect(world.session.stopped.isEmpty)
  }

  @Test func `waits longer after each failure, up to five minutes`() throws {
    var world = World(seed: 1)
    world.handle(.started(unsent: [open], generation: 1, isRecovering: false))
    var base: UInt64 = 500
    for _ in 0..<14 {
      world.handle(.streamEnded(.unavailable(reason: "gone", retryAfterSeconds: nil)))
      world.handle(.pushed(open, .unavailable(reason: "gone", retryAfterSeconds: nil)))
      for timer in [TownSession.Timer.reconnect, .push(open)] {
        #expect(try (base / 2...base).contains(world.delay(timer)))
        world.handle(.timer(timer))
      }
      base = min(base * 2, 300_000)
    }
    #expect(base == 300_000)
    #expect(world.session.link == .waiting(reason: "gone"))
  }

  @Test(arguments: UInt64(1)...200)
  func `spreads what is tried again over the upper half, and never before the hub's time`(
    random: UInt64
  ) {
    var generator = SplitMix(state: random)
    let failures = Int(generator.next() % 100)
    let seconds = generator.next() % 4_000
    for random in [0, .max, generator.next()] {
      #expect((250...300_000).contains(TownSession.delay(after: failures, nil, random)))
      #expect((250...300_000).contains(TownSession.delay(after: failures, 0, random)))
      let asked = min(seconds, 3_600) * 1_000
      let delay = TownSession.delay(after: failures, seconds, random)
      #expect(delay >= asked && delay <= max(asked + asked / 4, 300_000))
    }
  }

  @Test func `leaves a hub alone for as long as it asks`() throws {
    var world = World(seed: 1)
    world.handle(.started(unsent: [open], generation: 1, isRecovering: false))
    world.handle(.pushed(open, .unavailable(reason: "busy", retryAfterSeconds: 90)))
    #expect(try (90_000...112_500).contains(world.delay(.push(open))))
    #expect(world.handle(.committed([open])) == [])
    #expect(!world.handle(.merged(complete: true, news: true)).contains(.push(open)))
    #expect(world.handle(.timer(.push(open))) == [.push(open)])
    world.handle(.streamEnded(.unavailable(reason: "busy", retryAfterSeconds: 0)))
    #expect(try (250...500).contains(world.delay(.reconnect)))
  }

  @Test func `pushes what waited as soon as the feed answers, and not with every chunk`() {
    var world = World(seed: 1)
    world.handle(.started(unsent: [open], generation: 1, isRecovering: false))
    world.handle(.pushed(open, .unavailable(reason: "gone", retryAfterSeconds: nil)))
    #expect(world.handle(.merged(complete: false, news: true)) == [.push(open)])
    world.handle(.pushed(open, .unavailable(reason: "gone", retryAfterSeconds: nil)))
    #expect(world.handle(.merged(complete: false, news: true)) == [])
    world.handle(.streamEnded(.unavailable(reason: "gone", retryAfterSeconds: nil)))
    world.handle(.timer(.reconnect))
    #expect(world.handle(.merged(complete: false, news: true)) == [.push(open)])
  }

  @Test func `does not push in a tight loop to a hub that forgets what it acknowledged`() {
    var world = World(seed: 1)
    world.handle(.committed([open]))
    #expect(world.handle(.pushed(open, .rewound)) == [.push(open)])
    #expect(world.handle(.pushed(open, .acknowledged(more: true))) == [.push(open)])
    world.handle(.pushed(open, .rewound))
    #expect(world.pushing.isEmpty && world.timers.keys.contains(.push(open)))
  }

  @Test(arguments: [TownSession.FollowMode.stream, .poll], [false, true])
  func `does not ask in a tight loop a hub that ends every answer at once`(
    mode: TownSession.FollowMode, withNews: Bool
  ) throws {
    var world = World(seed: 1)
    world.following(mode)
    var follows = 0
    for _ in 0..<100 where world.isFollowing {
      if withNews { world.handle(.merged(complete: true, news: true)) }
      world.handle(.streamEnded(.finished))
      follows += 1
    }
    #expect(follows <= 3)
    guard !withNews else { return }
    // An answer without a word is a failure like any other.
    for _ in 0..<12 {
      world.handle(.timer(.reconnect))
      world.handle(.streamEnded(.finished))
    }
    #expect(try world.delay(.reconnect) >= 150_000)
    guard case .waiting = world.session.link else {
      Issue.record("the link is \(world.session.link)")
      return
    }
  }

  @Test func `is connected while it polls, and polls on after each answer`() {
    var world = World(seed: 1)
    world.following(.poll)
    for _ in 0..<10 {
      #expect(world.session.link == .connected(.poll))
      world.handle(.streamEnded(.finished))
      #expect(world.session.link == .connected(.poll))
      if !world.isFollowing { world.handle(.timer(.reconnect)) }
      world.handle(.merged(complete: true, news: false))
    }
  }

  @Test func `polls where something buffers, and tries to stream again later`() throws {
    var world = World(seed: 1)
    world.handle(.started(unsent: [], generation: 1, isRecovering: false))
    #expect(world.handle(.streamEnded(.buffered)).contains(.follow(.poll, own: false)))
    #expect(try world.delay(.stream) == 3_600_000)
    world.handle(.merged(complete: true, news: true))
    #expect(world.session.link == .connected(.poll))
    #expect(world.handle(.timer(.stream)) == [])
    #expect(world.handle(.streamEnded(.finished)) == [.follow(.stream, own: false)])
    world.handle(.merged(complete: true, news: true))
    #expect(world.session.link == .connected(.stream))
  }

  @Test func `is alarmed until a chunk verifies again`() throws {
    var world = World(seed: 1)
    world.following()
    world.handle(.streamEnded(.untrusted(reason: "forged")))
    #expect(try world.delay(.reconnect) >= 15_000)
    let later: [TownSession.Event] = [
      .timer(.reconnect), .streamEnded(.unavailable(reason: "gone", retryAfterSeconds: nil)),
      .timer(.reconnect), .streamEnded(.finished), .committed([open]),
      .pushed(open, .unavailable(reason: "gone", retryAfterSeconds: nil)),
      .retryNow(unsent: [open]), .streamEnded(.buffered),
    ]
    for event in later {
      world.handle(event)
      #expect(world.session.link == .alarmed(reason: "forged"))
    }
    world.handle(.merged(complete: false, news: true))
    #expect(world.session.link == .connected(.poll))
  }

  @Test func `states what it merged once, when it has everything`() throws {
    var world = World(seed: 1)
    world.handle(.started(unsent: [], generation: 1, isRecovering: false))
    #expect(world.handle(.merged(complete: false, news: true)) == [])
    world.handle(.merged(complete: true, news: false))
    #expect(try world.delay(.statement) == 1_000)
    #expect(world.handle(.merged(complete: true, news: true)) == [])
    #expect(world.handle(.timer(.statement)) == [.sendStatement])
    // What comes while one is under way is stated after it.
    #expect(world.handle(.merged(complete: true, news: true)) == [])
    #expect(world.handle(.statementSent(true)).contains(.compareStatements))
    #expect(try world.delay(.statement) == 1_000)
    world.handle(.timer(.statement))
    world.handle(.statementSent(true))
    #expect(try world.delay(.statement) == 3_600_000)
    // A heartbeat says nothing new.
    #expect(world.handle(.merged(complete: true, news: false)) == [])
    #expect(world.handle(.timer(.statement)) == [.sendStatement])
  }

  @Test func `sends a statement again that was not delivered, ever more rarely`() throws {
    var world = World(seed: 1)
    world.following()
    var longest: UInt64 = 0
    for _ in 0..<12 {
      #expect(world.handle(.timer(.statement)) == [.sendStatement])
      world.handle(.statementSent(false))
      longest = max(longest, try world.delay(.statement))
      #expect(world.handle(.merged(complete: true, news: true)) == [])
    }
    #expect((150_000...300_000).contains(longest))
  }
}
