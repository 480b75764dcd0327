// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore
import KreisTown
import Logging
import Synchronization

/// A town: the daemon's own code over the simulation's network, disk, clock and entropy.
final class TownNode: MortalNode {
  /// What one start of the daemon consists of.
  struct Process {
    let number: Int
    let store: Store
    let actions: SessionActions
    let news: News
  }

  /// What happens while an action goes on.
  final class News: Sendable {
    private let events = Mutex<[TownSession.Event]>([])

    func note(_ event: TownSession.Event) { events.withLock { $0.append(event) } }

    func take() -> [TownSession.Event] {
      events.withLock { events in
        defer { events = [] }
        return events
      }
    }
  }

  let world: World
  let index: Int
  /// 1 for a copy of the machine, made while the first one runs.
  let instance: Int
  let replica: RealmImage.Replica
  private(set) var process: Process?
  private(set) var session = TownSession()
  let sharedClock: SharedClock
  /// Reasons of alarms that `status` showed.
  private(set) var alarms: Set<String> = []
  /// Proofs that the hub showed two histories.
  let evidence: Evidence
  /// Requests of this virtual minute.
  private(set) var requestsThisMinute = 0
  private var minute: UInt64 = 0
  var disk: Disk
  /// They lie beside the database, and no backup has them.
  let keys: KeyRing
  var backup: Disk?
  var wasRestored = false
  /// An admin restores a machine once.
  var isToBeRestored = false
  /// It is switched off until somebody lets it run.
  var isRetired = false
  /// Fields and kinds of the program that runs.
  var schema = Schema.directory
  /// How often it started: what an earlier process asked for is of no interest to the next.
  private(set) var starts = 0
  private(set) var pushes: [LogID: Int] = [:]
  private(set) var connections = 0
  let network: Network
  private let entropy: Entropy
  private let sessionEntropy: Entropy
  private var timers: [TownSession.Timer: UInt64] = [:]
  private var lastTimer: UInt64 = 0
  private var open: [Connection] = []

  convenience init(_ world: World, _ network: Network, _ index: Int) throws {
    let replica = world.image.towns[index]
    try self.init(
      world, network, index, instance: 0, disk: Disk(copying: replica.disk),
      keys: [1: replica.key])
  }

  /// A copy of a machine, keys and all.
  convenience init(copying other: TownNode) throws {
    try self.init(
      other.world, other.network, other.index, instance: 1, disk: Disk(copying: other.disk),
      keys: other.keys.all)
  }

  private init(
    _ world: World, _ network: Network, _ index: Int, instance: Int, disk: Disk,
    keys: [UInt32: SigningKey]
  ) throws {
    self.world = world
    self.network = network
    self.index = index
    self.instance = instance
    self.disk = disk
    replica = world.image.towns[index]
    let stream = instance == 0 ? "\(index)" : "\(index) copy \(instance)"
    entropy = Entropy(SeededRandom(world.seed, stream: "town\(stream)"))
    sessionEntropy = Entropy(SeededRandom(world.seed, stream: "session\(stream)"))
    self.keys = KeyRing(keys, Entropy(SeededRandom(world.seed, stream: "keys\(stream)")))
    evidence = Evidence()
    sharedClock = SharedClock(world.time)
  }

  var name: String { instance == 0 ? "town\(index)" : "copy of town\(index)" }
  var longestAbsence: Int { 60_000 }
  var member: MemberID { replica.identity.member }
  var timerCount: Int { timers.count }
  var store: Store? { process?.store }

  var clock: NodeClock {
    get { sharedClock.current }
    set { sharedClock.current = newValue }
  }

  /// Seconds since 1970, by its own clock.
  var seconds: UInt64 { sharedClock.seconds }

  // MARK: - Life

  func start() throws {
    guard process == nil, !isRetired else { return }
    starts += 1
    if world.plan.has(.powerCut), world.random.chance(10) { endanger() }
    do {
      let entropy = entropy
      let generation = try Store.identity(at: disk.database).generation
      guard let key = keys.key(of: generation) else {
        throw SimulationError("\(name) has no key of generation \(generation)")
      }
      let store = try Store.open(
        at: disk.database, key: key, schema: schema, random: { entropy.next() })
      let news = News()
      process = Process(
        number: starts, store: store, actions: actions(store, news), news: news)
      session = TownSession()
      timers = [:]
      pushes = [:]
      connections = 0
      world.note("\(name) starts")
      try DurabilityChecker.check(self)
      let unsent = try waiting { try await store.unsent() }
      try handle(
        .started(
          unsent: unsent.logs, generation: store.identity.generation,
          isRecovering: try waiting { try await store.read { try $0.mayLackOwn() } }))
    } catch let error as StoreError { try failedToStart(error) }
  }

  private func actions(_ store: Store, _ news: News) -> SessionActions {
    let (time, clock, keys, evidence) = (world.time, sharedClock, keys, evidence)
    let (errands, random) = (world.errands, sessionEntropy)
    let client = HubClient(
      store: store, transport: SimulatedTransport(errands: errands),
      time: HubTime(
        wallClock: { clock.seconds },
        uptime: { .milliseconds(time.now.load(ordering: .relaxed)) }), random: { random.next() })
    return SessionActions(
      client: client, store: store,
      opener: GenerationOpener(client: client, store: store) { keys.made(for: $0) },
      keepEvidence: { name, _, _ in evidence.keep(name) }, software: "simulation",
      logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() },
      now: { clock.seconds }, onNews: { news.note($0) })
  }

  func end() {
    process = nil
    starts += 1
    // The system ends the connections of a process that is gone.
    for connection in open { connection.cancel() }
    open = []
  }

  /// Keeps a connection as long as the process runs.
  func hold(_ connection: Connection) {
    open.removeAll { !$0.isOpenAtTown }
    open.append(connection)
  }

  /// Whether the process with this number still runs. One that lost its power does not.
  func runs(_ number: Int) throws -> Bool {
    guard !world.isOver, let process, process.number == number else { return false }
    guard disk.hasPower else {
      try crash(isPowerCut: true)
      return false
    }
    return true
  }

  /// Plans what only this process does.
  private func plan(after delay: UInt64, _ action: @escaping () throws -> Void) {
    let current = starts
    world.plan(after: delay) { [self] in
      if current == starts, process != nil { try action() }
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
      try handle(.retryNow(unsent: unsent.logs))
    } catch let error as StoreError { try failed(error) }
  }

  /// An admin wants the next key.
  func rotate() throws { if process != nil { try handle(.rotate) } }

  // MARK: - The session

  func handle(_ event: TownSession.Event) throws {
    let actions = session.handle(event, random: sessionEntropy.next())
    world.note("\(name) \(event)")
    if case .alarmed(let reason) = session.link { alarms.insert(reason) }
    BoundsChecker.check(self)
    for action in actions {
      // Each is a task of its own in the daemon: none runs within another.
      plan(after: 0) { [self] in try perform(action) }
    }
  }

  private func perform(_ action: TownSession.Action) throws {
    guard let process, !(try isStruck()) else { return }
    switch action {
    case .setTimer(let timer, let milliseconds): setTimer(timer, milliseconds)
    case .follow(let mode, let own):
      connections += 1
      try FeedReading(self, process, mode).start(own: own)
    default:
      if case .push(let log) = action { pushes[log, default: 0] += 1 }
      let actions = process.actions
      try Errand<TownSession.Event?>(world.errands) { [self] errand, wish in
        try carry(wish, for: errand, action, process)
      } then: { [self] result in
        guard try runs(process.number) else { return }
        if case .push(let log) = action { pushes[log, default: 1] -= 1 }
        try settled(result, process)
      }.start { try await actions.perform(action) }
    }
  }

  private func settled(
    _ result: Result<TownSession.Event?, any Error>, _ process: Process
  ) throws {
    do {
      guard let event = try result.get() else { return }
      if case .reissued(.done) = event { try ReissueChecker.check(self, process.store) }
      try handle(event)
    } catch let error as StoreError { try failed(error) }
  }

  private func setTimer(_ timer: TownSession.Timer, _ milliseconds: UInt64) {
    lastTimer += 1
    let id = lastTimer
    timers[timer] = id
    plan(after: milliseconds) { [self] in
      guard timers[timer] == id else { return }
      timers[timer] = nil
      try handle(.timer(timer))
    }
  }

  func noteRequest() {
    if world.now / 60_000 != minute { (minute, requestsThisMinute) = (world.now / 60_000, 0) }
    requestsThisMinute += 1
  }

  func streamEnded(_ end: TownSession.StreamEnd) throws {
    connections -= 1
    try handle(.streamEnded(end))
  }
}

/// A town's keys, by generation, as files beside its database.
final class KeyRing: Sendable {
  private let keys: Mutex<[UInt32: SigningKey]>
  private let entropy: Entropy

  init(_ keys: [UInt32: SigningKey], _ entropy: Entropy) {
    self.keys = Mutex(keys)
    self.entropy = entropy
  }

  var all: [UInt32: SigningKey] { keys.withLock { $0 } }

  func key(of generation: UInt32) -> SigningKey? { keys.withLock { $0[generation] } }

  func put(_ key: SigningKey, for generation: UInt32) { keys.withLock { $0[generation] = key } }

  func fresh() -> SigningKey {
    let words = (0..<4).map { _ in entropy.next() }
    let bytes = words.flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    do { return try SigningKey(rawRepresentation: bytes) } catch {
      preconditionFailure("any 32 bytes are a key")
    }
  }

  /// The key of a generation, made if there is none.
  func made(for generation: UInt32) -> SigningKey {
    if let key = key(of: generation) { return key }
    let key = fresh()
    put(key, for: generation)
    return key
  }
}

/// Names of the proofs that a town keeps.
final class Evidence: Sendable {
  private let names = Mutex<Set<String>>([])

  var all: Set<String> { names.withLock { $0 } }

  func keep(_ name: String) { names.withLock { _ = $0.insert(name) } }
}
