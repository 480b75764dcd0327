// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Synchronization

/// What a checker found.
package struct Violation: Sendable, CustomStringConvertible {
  package let checker: Checker
  package let text: String
  /// Virtual milliseconds.
  package let at: UInt64

  package var description: String { "\(checker.rawValue) at \(at) ms: \(text)" }
}

/// The checkers, one for each promise.
package enum Checker: String, CaseIterable, Sendable {
  /// Every acknowledged write is on every entitled replica, as value or as alternative.
  case acknowledged
  /// What a node acknowledged is there after it crashed and came back.
  case durability
  /// Each log is one prefix chain.
  case chain
  /// Replicas with the same entries are byte-identical.
  case convergence
  /// Incremental application equals the pure fold.
  case fold
  /// No effect without authority.
  case authority
  /// Each attack is detected or harmless, and detection reaches `status`.
  case attack
  /// Memory and queues stay bounded.
  case bounds
  /// No value reaches a node that is not entitled to it.
  case privacy
  /// Of two machines with one key the hub serves one.
  case instances
  /// Once faults stop, everything converges within a bounded number of rounds.
  case liveness
  /// No node meets a state that it cannot explain.
  case soundness
}

/// Virtual time, for code that runs beside the simulation's thread.
final class VirtualTime: Sendable {
  /// Milliseconds.
  let now = Atomic<UInt64>(0)
}

/// What the parts of one simulation share: virtual time, randomness, the trace and the findings.
final class World {
  let seed: UInt64
  let image: RealmImage
  var plan: FaultPlan
  /// Of the network and the faults.
  var random: SeededRandom
  var journal = Journal()
  var attacks = AttackRecord()
  /// In the end: where the logs of revoked members are closed, behind which nothing takes effect.
  var closings: [LogID: UInt64] = [:]
  /// About how many bytes of entries the hub puts into one chunk.
  let chunkBytes: Int
  /// Every record that somebody created.
  private(set) var records: [RecordID] = []
  let time = VirtualTime()
  let errands = Errands()
  /// Errands that wait, to be ended with the simulation.
  private var waiting: [UInt64: () throws -> Void] = [:]
  private var lastWaiting: UInt64 = 0
  private(set) var isOver = false
  private(set) var violations: [Violation] = []
  private(set) var counters: [String: Int] = [:]
  private(set) var trace: Trace
  private var queue = EventQueue()

  init(seed: UInt64, image: RealmImage, plan: FaultPlan, isVerbose: Bool) throws {
    self.seed = seed
    self.image = image
    self.plan = plan
    try Disk.prepare(seed: seed)
    random = SeededRandom(seed, stream: "world")
    chunkBytes = [500, 4_000, 1 << 20][random.below(3)]
    trace = Trace(isShown: isVerbose)
  }

  /// Virtual milliseconds.
  private(set) var now: UInt64 {
    get { time.now.load(ordering: .relaxed) }
    set { time.now.store(newValue, ordering: .relaxed) }
  }

  var pending: Int { queue.count }

  func note(_ line: @autoclosure () -> String) { trace.note(now, line()) }

  func count(_ what: String, _ number: Int = 1) { counters[what, default: 0] += number }

  func countMost(_ what: String, _ number: Int) {
    counters[what] = max(counters[what] ?? 0, number)
  }

  func know(_ record: RecordID) { records.append(record) }

  func violated(_ checker: Checker, _ text: String) {
    note("VIOLATION \(checker.rawValue): \(text)")
    // One broken thing can break thousands; the first few say enough.
    if violations.count < 50 {
      violations.append(Violation(checker: checker, text: text, at: now))
    }
  }

  /// - Parameter delay: milliseconds.
  func plan(after delay: UInt64, _ action: @escaping () throws -> Void) {
    queue.plan(at: now + delay, action)
  }

  /// Lets time pass until `end`, or until nothing is planned before it.
  ///
  /// - Parameter isDone: asked after each event.
  /// - Returns: how many events there were.
  @discardableResult
  func run(until end: UInt64, isDone: () throws -> Bool = { false }) throws -> Int {
    var events = 0
    while let event = queue.next() {
      guard event.at <= end else {
        queue.plan(at: event.at, event.action)
        break
      }
      now = max(now, event.at)
      try event.action()
      events += 1
      if try isDone() { return events }
    }
    now = max(now, end)
    return events
  }

  /// Notes that an errand waits.
  ///
  /// - Returns: under which number.
  func wait(_ abandon: @escaping () throws -> Void) -> UInt64 {
    lastWaiting += 1
    waiting[lastWaiting] = abandon
    return lastWaiting
  }

  /// - Returns: whether it still waits: each is answered once.
  func endWait(_ number: UInt64) -> Bool { waiting.removeValue(forKey: number) != nil }

  /// Ends what still waits, and forgets what was planned: both hold the nodes, which hold the world.
  func end() throws {
    isOver = true
    while let next = waiting.keys.min(), let abandon = waiting.removeValue(forKey: next) {
      try abandon()
    }
    queue = EventQueue()
  }

  /// Whether a message meets this fault now.
  func strikes(_ fault: Fault) -> Bool {
    guard plan.has(fault), random.chance(plan.rate) else { return false }
    count(fault.rawValue)
    return true
  }
}
