// SPDX-License-Identifier: EUPL-1.2

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
  let world: World
  let hub: HubNode
  let network: Network
  let towns: [TownNode]
  let copies = Copies()
  let split: SplitView
  let attacker: MaliciousTown?
  var random: SeededRandom
  /// Virtual milliseconds in which faults strike.
  let safety: UInt64
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
    split = SplitView(world, network, hub)
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

  mutating func run() throws -> SimulationReport {
    for town in towns where world.plan.faults.contains(.olderVersion) && random.chance(40) {
      town.schema = Self.olderVersion
    }
    try hub.start()
    for town in towns { try town.start() }
    try planWork()
    planFaults()
    attend()
    do {
      try world.run(until: safety)
      try settle()
      try check()
    } catch let error as StoreError {
      // A replica that refuses to be read has found the damage by itself.
      world.violated(.soundness, error.description)
    }
    // Their connections hold them.
    for town in machines { town.end() }
    hub.end()
    try world.end()
    return SimulationReport(
      seed: world.seed, towns: towns.count,
      faults: world.plan.faults.sorted { $0.rawValue < $1.rawValue },
      trace: world.trace.digest, elapsed: world.now, counters: world.counters,
      violations: world.violations)
  }

  // MARK: - Safety

  /// People come and go at the same hours, so that edits meet.
  mutating func busyHour() -> UInt64 { random.pick(hours) ?? 0 }

  private mutating func planWork() throws {
    for index in -1..<towns.count {
      var editor = try Editor(index < 0 ? .hub : .town(index), seed: world.seed)
      if index < 0 { editor.instance = { [hub] in hub.instance } }
      for _ in 0..<(index < 0 ? random.within(6...16) : random.within(2...9)) {
        let at = busyHour() + UInt64(random.below(10_000))
        world.plan(after: at) { [self] in
          if index < 0 { try act(&editor) } else { try act(&editor, at: towns[index]) }
        }
      }
    }
  }

  func act(_ editor: inout Editor, at town: TownNode) throws {
    guard let store = town.store else { return }
    do {
      try town.committed(
        try editor.act(on: store, town.schema, at: town.seconds, in: world))
    } catch let error as StoreError { try town.failed(error) }
  }

  private func act(_ editor: inout Editor) throws {
    guard let store = hub.store else { return }
    do {
      if !(try editor.act(on: store, .directory, at: hub.clock, in: world)).isEmpty { hub.wake() }
    } catch let error as StoreError { try hub.failed(error) }
  }
}
