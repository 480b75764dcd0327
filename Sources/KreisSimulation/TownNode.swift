import Crypto
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// A town: the real session machine and store, its actions carried out over the simulation's
/// network as the daemon carries them out over HTTPS.
final class TownNode: MortalNode {
  let world: World
  let index: Int
  let replica: RealmImage.Replica
  private(set) var store: Store?
  private(set) var session = TownSession()
  var clock = NodeClock()
  /// Reasons of alarms that `status` showed.
  private(set) var alarms: Set<String> = []
  /// Requests of this virtual minute.
  private(set) var requestsThisMinute = 0
  private var minute: UInt64 = 0
  var disk: Disk
  /// By generation; they lie beside the database, and no backup has them.
  var keys: [UInt32: SigningKey]
  var backup: Disk?
  var wasRestored = false
  /// An admin restores a machine once.
  var isToBeRestored = false
  /// How often it started: what an earlier process asked for is of no interest to the next.
  private(set) var starts = 0
  private(set) var pushes: [LogID: Int] = [:]
  private(set) var connections = 0
  private let network: Network
  private let entropy: Entropy
  var random: SeededRandom
  private var timers: [TownSession.Timer: UInt64] = [:]
  private var lastTimer: UInt64 = 0
  private var hubTime: (seconds: UInt64, at: UInt64)?

  init(_ world: World, _ network: Network, _ index: Int) throws {
    self.world = world
    self.network = network
    self.index = index
    replica = world.image.towns[index]
    entropy = Entropy(SeededRandom(world.seed, stream: "town\(index)"))
    random = SeededRandom(world.seed, stream: "session\(index)")
    disk = Disk(copying: replica.disk)
    keys = [1: replica.key]
  }

  var name: String { "town\(index)" }
  var longestAbsence: Int { 60_000 }
  var member: MemberID { replica.identity.member }
  var timerCount: Int { timers.count }

  /// Seconds since 1970, by its own clock.
  var seconds: UInt64 { clock.seconds(at: world.now) }

  // MARK: - Life

  func start() throws {
    guard store == nil else { return }
    starts += 1
    if world.plan.has(.powerCut), world.random.chance(10) { endanger() }
    do {
      let entropy = entropy
      let generation = try Store.identity(at: disk.database).generation
      guard let key = keys[generation] else {
        throw SimulationError("town\(index) has no key of generation \(generation)")
      }
      let store = try Store.open(at: disk.database, key: key, random: { entropy.next() })
      self.store = store
      session = TownSession()
      timers = [:]
      pushes = [:]
      connections = 0
      hubTime = nil
      world.note("town\(index) starts")
      try DurabilityChecker.check(self)
      let unsent = try waiting { try await store.unsent() }
      try handle(
        .started(
          unsent: unsent.keys.sorted(), generation: store.identity.generation,
          isRecovering: try waiting { try await store.read { try $0.recovery() } } != .none))
    } catch let error as StoreError { try failedToStart(error) }
  }

  func end() {
    store = nil
    starts += 1
  }

  /// Plans what only this process does.
  private func plan(after delay: UInt64, _ action: @escaping () throws -> Void) {
    let current = starts
    world.plan(after: delay) { [self] in
      if current == starts, store != nil { try action() }
    }
  }

  /// Somebody wrote at this town.
  func committed(_ logs: [LogID]) throws {
    guard !(try isStruck()), !logs.isEmpty else { return }
    try handle(.committed(logs))
  }

  /// An admin wants everything tried at once.
  func retryNow() throws {
    guard let store else { return }
    do {
      let unsent = try waiting { try await store.unsent() }
      try handle(.retryNow(unsent: unsent.keys.sorted()))
    } catch let error as StoreError { try failed(error) }
  }

  // MARK: - The session

  func handle(_ event: TownSession.Event) throws {
    let actions = session.handle(event, random: random.next())
    world.note("town\(index) \(event)")
    if case .alarmed(let reason) = session.link { alarms.insert(reason) }
    BoundsChecker.check(self)
    for action in actions {
      // Each is a task of its own in the daemon: none runs within another.
      plan(after: 0) { [self] in try perform(action) }
    }
  }

  private func perform(_ action: TownSession.Action) throws {
    guard let store, !(try isStruck()) else { return }
    do {
      switch action {
      case .push(let log): try push(log, store)
      case .follow(let mode, let own): try follow(mode, own, store)
      case .sendStatement: try sendStatements(store)
      // Not part of the simulated protocol.
      case .compareStatements: try handle(.statementsCompared)
      case .openGeneration: try openGeneration(store)
      case .reissue: try handle(.reissued(try reissue(store)))
      case .gather: try handle(.gathered)
      case .relay: try handle(.relayed(done: true))
      case .setTimer(let timer, let milliseconds):
        lastTimer += 1
        let id = lastTimer
        timers[timer] = id
        plan(after: milliseconds) { [self] in
          guard timers[timer] == id else { return }
          timers[timer] = nil
          try handle(.timer(timer))
        }
      }
    } catch let error as StoreError { try failed(error) }
  }

  // MARK: - Requests

  private var hubSeconds: UInt64 {
    guard let hubTime else { return seconds }
    return hubTime.seconds + (world.now - hubTime.at) / 1_000
  }

  /// - Returns: by how many seconds it changed what was known.
  private func learn(_ date: UInt64) -> UInt64 {
    let before = hubSeconds
    hubTime = (date, world.now)
    return before > date ? before - date : date - before
  }

  private func signed(
    _ method: String, _ path: String, _ query: String, _ body: [UInt8], _ store: Store
  ) throws -> Request {
    if world.now / 60_000 != minute { (minute, requestsThisMinute) = (world.now / 60_000, 0) }
    requestsThisMinute += 1
    let fields = try RequestSignature.sign(
      method: method, path: path, query: query, body: body, realm: world.image.realm,
      member: member, generation: store.identity.generation, key: key(of: store),
      created: hubSeconds, nonce: (random.next(), random.next()))
    return Request(
      method: method, path: path, query: query, body: body,
      fields: Dictionary(
        fields.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }

  /// Sends; a refusal for the time of the signature is answered with the time just learned, once.
  func send(
    _ path: String, _ body: [UInt8], _ store: Store, isSecond: Bool = false,
    _ then: @escaping (Answer) throws -> Void
  ) throws {
    let current = starts
    PrivacyChecker.checkSent(body, by: index, world)
    network.send(try signed("POST", path, "", body, store), from: index) { [self] answer in
      guard current == starts, self.store != nil, !(try isStruck()) else { return }
      if case .response(let response) = answer {
        let correction = learn(response.date)
        if response.status == 401, correction > 0, !isSecond {
          return try send(path, body, store, isSecond: true, then)
        }
      }
      do { try then(answer) } catch let error as StoreError { try failed(error) }
    }
  }

  // MARK: - Push, as `LogPusher` does

  private func push(_ log: LogID, _ store: Store) throws {
    guard let bundle = try waiting(for: { try await store.nextBundle(of: log) }) else {
      return try handle(.pushed(log, .acknowledged(more: false)))
    }
    pushes[log, default: 0] += 1
    ChainChecker.sent(bundle, world)
    try send("/v1/bundles", try WireBundle(bundle).serializedBytes(), store) { [self] answer in
      pushes[log, default: 1] -= 1
      try handle(.pushed(log, try result(of: answer, bundle, store)))
    }
  }

  private func result(
    of answer: Answer, _ bundle: UnverifiedBundle, _ store: Store
  ) throws -> TownSession.PushResult {
    do { return try outcome(of: answer, bundle, store) } catch StoreError.retryLater(let reason)
      where disk.hasPower
    { return .unavailable(reason: reason, retryAfterSeconds: nil) }
  }

  private func outcome(
    of answer: Answer, _ bundle: UnverifiedBundle, _ store: Store
  ) throws -> TownSession.PushResult {
    guard case .response(let response) = answer else {
      guard case .failed(let reason) = answer else { return .rewound }
      return .unavailable(reason: reason, retryAfterSeconds: nil)
    }
    let log = bundle.log
    switch response.status {
    case 200:
      store.acknowledge(log, through: bundle.last)
      world.journal.notePushed(log, through: bundle.last)
      return .acknowledged(more: try waiting { try await store.unsent()[log] != nil })
    case 409:
      let held: SignedHead?
      do {
        let wire = try WireSignedHead(serializedBytes: response.body)
        held = wire.sequence > 0 ? try SignedHead(wire) : nil
      } catch {
        return .unavailable(reason: "the hub's answer cannot be read", retryAfterSeconds: nil)
      }
      if let held, held.log != log { return .diverged }
      return try waiting { try await store.rewind(log, to: held?.head) } ? .rewound : .diverged
    default: return TownSession.PushResult(response.refusal)
    }
  }

  // MARK: - Statements

  private func sendStatements(_ store: Store) throws {
    let heads = try waiting { try await store.read { try $0.feedHeads() } }
    guard !heads.isEmpty else { return try handle(.statementSent(true)) }
    var message = WireStatements()
    for head in heads {
      message.statements.append(
        try FeedStatement(
          realm: world.image.realm, member: member, generation: store.identity.generation,
          head: head, foldVersion: foldVersion, protocolVersion: 1, at: seconds,
          software: "simulation"
        ).signed(with: key(of: store)))
    }
    try send("/v1/statements", try message.serializedBytes(), store) { [self] answer in
      if case .response(let response) = answer, response.status == 204 {
        try handle(.statementSent(true))
      } else {
        try handle(.statementSent(false))
      }
    }
  }

  // MARK: - The feed

  private func follow(
    _ mode: TownSession.FollowMode, _ own: Bool, _ store: Store
  ) throws {
    let (cursors, hubGeneration) = try waiting {
      try await store.read { (try $0.feedCursors(), $0.feedGeneration) }
    }
    let query = FeedQuery(
      after: cursors, hubGeneration: max(1, hubGeneration),
      follow: mode == .stream ? .stream : .poll, includeOwn: own)
    try open(query, store, isSecond: false)
  }

  private func open(_ query: FeedQuery, _ store: Store, isSecond: Bool) throws {
    connections += 1
    let reading = FeedReading(self, store, query, starts)
    let request = try signed("GET", "/v1/feed", query.text, [], store)
    reading.connection = network.open(
      request, from: index,
      Connection.Listener(
        onRefusal: { [self] response in
          guard reading.isCurrent else { return }
          let correction = learn(response.date)
          if response.status == 401, correction > 0, !isSecond {
            connections -= 1
            reading.isOver = true
            return try open(query, store, isSecond: true)
          }
          try reading.end(
            TownSession.StreamEnd(response.refusal, askedBy: store.identity.generation))
        },
        onPiece: { [self] piece in
          guard reading.isCurrent, !(try isStruck()) else { return }
          do { try reading.take(piece) } catch let error as StoreError { try failed(error) }
        },
        onEnd: { try reading.finish($0) }))
    reading.watch()
  }

  func merged(complete: Bool, news: Bool) throws {
    try handle(.merged(complete: complete, news: news))
    _ = try isStruck()
  }

  func streamEnded(_ end: TownSession.StreamEnd) throws {
    connections -= 1
    try handle(.streamEnded(end))
  }
}
