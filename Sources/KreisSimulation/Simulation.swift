import Foundation
import KreisCore
import KreisStore

/// What a simulation is to do.
package struct SimulationOptions: Sendable {
  package var towns: ClosedRange<Int>
  package var faults: Set<Fault>
  /// Whether every line of the trace is printed.
  package var isVerbose: Bool

  package init(
    towns: ClosedRange<Int> = 3...12, faults: Set<Fault> = Set(Fault.allCases),
    isVerbose: Bool = false
  ) {
    self.towns = towns
    self.faults = faults
    self.isVerbose = isVerbose
  }
}

/// What one seed showed.
package struct SimulationReport: Sendable {
  package let seed: UInt64
  package let towns: Int
  package let faults: [Fault]
  /// Over every line of the trace: equal for equal seeds and options.
  package let trace: String
  /// Virtual milliseconds.
  package let elapsed: UInt64
  package let counters: [String: Int]
  package let violations: [Violation]
}

/// A hub and its towns in one process and one thread, in virtual time: one seed decides topology,
/// work and faults. The session machine, the hub's rules, merge and SQLite are the real ones; only
/// sockets, clocks, entropy and the moment of death are the simulation's.
package struct Simulation {
  private let world: World
  private let hub: HubNode
  private let network: Network
  private let towns: [TownNode]
  private let attacker: MaliciousTown?
  private var random: SeededRandom
  /// Virtual milliseconds in which faults strike.
  private let safety: UInt64
  private let hours: [UInt64]

  /// - Throws: what making its files throws.
  package init(seed: UInt64, _ options: SimulationOptions) throws {
    var random = SeededRandom(seed, stream: "simulation")
    // Small realms find most, and fast; a large one now and then.
    let span = options.towns
    let count =
      random.chance(90)
      ? min(span.upperBound, span.lowerBound + max(0, random.below(5) - 2)) : random.within(span)
    let plan = FaultPlan(options.faults, &random)
    world = try World(
      seed: seed, image: try RealmImage.of(towns: count), plan: plan, isVerbose: options.isVerbose)
    hub = try HubNode(world)
    network = Network(world, hub)
    let (world, network) = (world, network)
    // The last town's key may be in the wrong hands from the beginning.
    attacker =
      plan.faults.contains(.maliciousTown) ? MaliciousTown(world, network, count - 1) : nil
    towns = try (0..<(attacker == nil ? count : count - 1)).map {
      try TownNode(world, network, $0)
    }
    let minutes = random.within(3...15)
    safety = UInt64(minutes) * 60_000
    hours = (0..<random.within(1...3)).map { _ in UInt64(random.below(minutes * 60_000)) }
    self.random = random
  }

  /// Runs one seed, on the calling thread, which blocks: not to be called on Swift's own.
  ///
  /// - Throws: what keeps the simulation itself from running; findings are in the report.
  package static func run(
    seed: UInt64, _ options: SimulationOptions = SimulationOptions()
  ) throws -> SimulationReport {
    var simulation = try Simulation(seed: seed, options)
    return try simulation.run()
  }

  /// The same on a thread of its own, for callers that must not block.
  package static func running(
    seed: UInt64, _ options: SimulationOptions = SimulationOptions()
  ) async throws -> SimulationReport {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread {
        continuation.resume(with: Result { try run(seed: seed, options) })
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  private mutating func run() throws -> SimulationReport {
    try hub.start()
    for town in towns { try town.start() }
    try planWork()
    planFaults()
    do {
      try world.run(until: safety)
      try settle()
      try check()
    } catch let error as StoreError {
      // A replica that refuses to be read has found the damage by itself.
      world.violated(.soundness, error.description)
    }
    try world.end()
    return SimulationReport(
      seed: world.seed, towns: towns.count,
      faults: world.plan.faults.sorted { $0.rawValue < $1.rawValue },
      trace: world.trace.digest, elapsed: world.now, counters: world.counters,
      violations: world.violations)
  }

  // MARK: - Safety

  /// People come and go at the same hours, so that edits meet.
  private mutating func busyHour() -> UInt64 { random.pick(hours) ?? 0 }

  private mutating func planWork() throws {
    for index in -1..<towns.count {
      var editor = try Editor(index < 0 ? .hub : .town(index), seed: world.seed)
      for _ in 0..<(index < 0 ? random.within(6...16) : random.within(2...9)) {
        let at = busyHour() + UInt64(random.below(10_000))
        world.plan(after: at) { [self] in
          if index < 0 { try act(&editor) } else { try act(&editor, at: towns[index]) }
        }
      }
    }
  }

  private func act(_ editor: inout Editor, at town: TownNode) throws {
    guard let store = town.store else { return }
    do {
      try town.committed(try editor.act(on: store, at: town.seconds, in: world))
    } catch let error as StoreError { try town.failed(error) }
  }

  private func act(_ editor: inout Editor) throws {
    guard let store = hub.store else { return }
    do {
      if !(try editor.act(on: store, at: hub.clock, in: world)).isEmpty { hub.wake() }
    } catch let error as StoreError { try hub.failed(error) }
  }

  private mutating func planFaults() {
    let plan = world.plan
    for _ in 0..<random.within(1...4) {
      let at = random.chance(50) ? busyHour() : UInt64(random.below(Int(safety)))
      guard let town = random.pick(towns) else { return }
      if plan.faults.contains(.crash) {
        let isHub = random.chance(30)
        self.plan(.crash, at) { [hub] in
          if isHub {
            try hub.crash(isPowerCut: false)
          } else {
            try town.crash(isPowerCut: false)
          }
        }
      }
      if plan.faults.contains(.powerCut) {
        let isHub = random.chance(30)
        self.plan(.powerCut, at) { [hub] in if isHub { hub.endanger() } else { town.endanger() } }
      }
      if plan.faults.contains(.diskFull) {
        let disk = random.chance(30) ? hub.disk : town.disk
        let room = UInt64(random.within(0...60_000))
        let length = UInt64(random.within(10...300)) * 1_000
        self.plan(.diskFull, at) { [world] in
          disk.setCapacity(disk.size + room)
          world.plan(after: length) { disk.setCapacity(0) }
        }
      }
      if plan.faults.contains(.partition) {
        let length = UInt64(random.within(10...400)) * 1_000
        let isForAll = random.chance(70)
        self.plan(.partition, at) { [network, world, towns] in
          for other in towns where isForAll || other === town {
            network.cut(other.index, until: world.now + length)
          }
        }
      }
      if plan.faults.contains(.rotate) {
        self.plan(.rotate, at) { try town.rotate() }
      }
      if plan.faults.contains(.restore), !town.isToBeRestored {
        town.isToBeRestored = true
        let later = at + UInt64(random.within(1...400)) * 1_000
        self.plan(nil, at) { town.backUp() }
        self.plan(.restore, min(later, safety)) {
          do { try town.restore() } catch let error as StoreError { try town.failed(error) }
        }
      }
      // An admin who is impatient, whatever the state.
      self.plan(nil, at) { try town.retryNow() }
      if plan.faults.contains(.clock) {
        self.plan(.clock, at) { [world] in
          let what = town.clock.disturb(&world.random, at: world.now)
          world.note("town\(town.index) clock \(what)")
        }
      }
    }
    if let attacker {
      for _ in 0..<random.within(3...12) {
        world.plan(after: UInt64(random.below(Int(safety)))) { [world] in
          if world.plan.isActive { try attacker.strike() }
        }
      }
    }
    if plan.faults.contains(.maliciousHub) { planMalice() }
    if plan.faults.contains(.revoke), let town = random.pick(towns) {
      let at = UInt64(random.below(Int(safety)))
      self.plan(.revoke, at) { [self] in
        do { try revoke(town) } catch let error as StoreError { try hub.failed(error) }
      }
    }
  }

  private func plan(_ fault: Fault?, _ at: UInt64, _ strike: @escaping () throws -> Void) {
    world.plan(after: at) { [world] in
      guard world.plan.isActive else { return }
      if let fault { world.count(fault.rawValue) }
      try strike()
    }
  }

  private mutating func planMalice() {
    for _ in 0..<random.within(1...3) {
      guard let kind = random.pick(HubMalice.Kind.allCases) else { return }
      let at = UInt64(random.below(Int(safety)))
      let length = UInt64(random.within(10...120)) * 1_000
      let malice = HubMalice(kind, random)
      _ = random.next()
      world.plan(after: at) { [hub] in hub.malice = malice }
      world.plan(after: at + length) { [hub] in hub.malice = nil }
    }
  }

  /// The hub closes a member's logs where it holds them.
  private func revoke(_ town: TownNode) throws {
    guard let store = hub.store, world.closings.isEmpty else { return }
    let member = town.member
    try store.revoke(member, at: hub.clock)
    for scope in [Scope.public, .kreis, .coordination(member)] {
      let log = LogID(member: member, generation: 1, scope: scope)
      world.closings[log] = store.membership.closing(of: log) ?? 0
    }
    world.note("hub revokes town\(town.index)")
    hub.wake()
  }

  // MARK: - Liveness

  /// Faults stop, and whoever is down comes back.
  private func settle() throws {
    world.note("faults stop")
    world.plan.isActive = false
    hub.malice = nil
    hub.disk.setCapacity(0)
    hub.disk.keepPower()
    if !hub.disk.hasPower { try hub.crash(isPowerCut: true) }
    try hub.start()
    for town in towns {
      town.disk.setCapacity(0)
      town.disk.keepPower()
      if !town.disk.hasPower { try town.crash(isPowerCut: true) }
      try town.start()
      town.clock = NodeClock()
    }
    let (towns, hub, world) = (towns, hub, world)
    var next = world.now
    try world.run(until: world.now + LivenessChecker.limit) {
      guard world.now >= next else { return false }
      next = world.now + 5_000
      return try LivenessChecker.isConverged(towns, hub)
    }
    BoundsChecker.check(world, hub, towns: towns.count)
    try LivenessChecker.check(towns, hub, world)
  }

  /// What attackers wrote, only the hub can tell; and what came from a machine before it was lost.
  private func adopt(_ hub: Store) throws {
    var journal = world.journal
    let restored = Set(towns.filter(\.wasRestored).map(\.member))
    try hub.blockingRead { snapshot in
      try snapshot.exportLog { entry in
        let author = entry.log.member
        guard
          world.attacks.attackers.contains(author)
            || restored.contains(author) && journal.entry(entry.log, entry.sequence, 0) == nil
        else { return }
        journal.adopt(ReplicaView.Entry(entry), 0)
      }
    }
    world.journal = journal
  }

  private func check() throws {
    guard let store = hub.store else { return }
    for town in towns {
      if let own = town.store, own.identity.generation > 1 {
        try ReissueChecker.check(town, own)
      }
    }
    try adopt(store)
    let hubView = try ReplicaView(.hub, store)
    var views: [ReplicaView] = []
    var members: [ReplicaView] = []
    for town in towns {
      guard let own = town.store else { continue }
      let view = try ReplicaView(.town(town.index), own)
      views.append(view)
      if store.membership.mayRead(town.member, .public) { members.append(view) }
    }
    ChainChecker.check([hubView] + views, world)
    FoldChecker.check([hubView] + views, world)
    PrivacyChecker.check([hubView] + views, world)
    AuthorityChecker.check([hubView] + views, world)
    ConvergenceChecker.check(members, with: hubView, world)
    AcknowledgedChecker.check([hubView] + members, world)
    world.count("conflicts", hubView.states.values.reduce(0) { $0 + $1.conflicts.count })
    world.note("state \(hubView.digests.sorted { $0.key < $1.key }.map { "\($0.value.state)" })")
  }
}
