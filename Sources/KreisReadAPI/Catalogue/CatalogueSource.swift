// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore
import Synchronization

/// Keeps the catalogue up to date from the start on, in parts that take little time, so that hardly anybody
/// waits for it.
///
/// What it serves was complete at some moment. What changed of a record that it serves anything of is never
/// served as it was: what was erased or hidden is gone with the commit that says so.
actor CatalogueSource {
  /// What is served.
  struct Served: Sendable {
    let catalogue: Catalogue
    /// Whether records have come since which it does not have yet.
    let isBehind: Bool
  }

  private struct Current {
    let catalogue: Catalogue
    /// All changes up to this one are in it.
    let number: Int
    /// All changes up to this one of records that it knows are in it.
    let urgent: Int
  }

  private let store: Store
  private let now: @Sendable () -> UInt64
  private let hasPages: Bool
  private let pending = PendingChanges()
  private let keeper = Workroom()
  private let stopping = Stopping()
  private var current: Current?
  private var making: Task<Void, Never>?
  private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  private var waiterCount = 0
  private var failure: (count: Int, error: (any Error)?) = (0, nil)
  /// Objects to be made anew although nothing changed: their words about hours are those of another day.
  private var stale: ArraySlice<RecordID> = []
  private var day: CivilDate?

  /// Records that are looked at in one part.
  private static let partSize = 1_000
  /// For so long, commits are gathered before they are looked at unasked.
  private static let pause: Duration = .milliseconds(500)

  /// - Parameter hasPages: whether families look for offers here.
  init(_ store: Store, hasPages: Bool, now: @escaping @Sendable () -> UInt64) {
    self.store = store
    self.hasPages = hasPages
    self.now = now
    store.commits.observe { [weak pending] in pending?.note($0) }
  }

  // MARK: - Life

  /// Makes the catalogue, and looks after it until the task is cancelled.
  func run() async {
    let (commits, sleeper) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    store.commits.wake(sleeper)
    let clock = Task { [weak self] in
      while true {
        try await Task.sleep(for: .seconds(60))
        await self?.lookAtDay()
      }
    }
    defer { clock.cancel() }
    begin()
    for await _ in commits {
      guard (try? await Task.sleep(for: Self.pause)) != nil else { return }
      begin()
    }
  }

  /// Ends what is being made; there is no catalogue any more.
  nonisolated func stop() { stopping.isSet.withLock { $0 = true } }

  /// Words about office hours are those of a day.
  private func lookAtDay() {
    let today = BerlinTime.local(Int(clamping: now())).date
    // While a part is being made, what it makes is not to be had without waiting: next time.
    guard making == nil, let day, day != today, stale.isEmpty else { return }
    self.day = today
    stale = ArraySlice(keeper.content.withLock { $0?.objects ?? [] })
    begin()
  }

  // MARK: - Asking

  /// What is public now.
  ///
  /// - Parameter patience: how long to wait at most. What has come anew may be missing then, which the
  ///   answer says.
  /// - Throws: `StoreError`, `Catalogue.TooLarge`; `Problem` where there is nothing to serve in that time,
  ///   where a restored replica has not heard yet what was erased since, and where the daemon stops.
  func served(patience: Duration) async throws -> Served {
    let wanted = pending.number
    let failures = failure.count
    let deadline = ContinuousClock.now + patience
    while true {
      if let current, current.number >= wanted {
        return Served(catalogue: current.catalogue, isBehind: false)
      }
      if failure.count > failures, let error = failure.error { throw error }
      if ContinuousClock.now >= deadline {
        guard let current, current.urgent >= wanted else { throw Problem.preparing }
        return Served(catalogue: current.catalogue, isBehind: true)
      }
      begin()
      await wait(until: deadline)
    }
  }

  private func wait(until deadline: ContinuousClock.Instant) async {
    waiterCount += 1
    let id = waiterCount
    let timer = Task { [weak self] in
      try await Task.sleep(until: deadline)
      await self?.wake(id)
    }
    await withCheckedContinuation { waiters[id] = $0 }
    timer.cancel()
  }

  private func wake(_ id: Int) { waiters.removeValue(forKey: id)?.resume() }

  // MARK: - Making

  /// One at a time, whoever waits.
  private func begin() {
    guard making == nil else { return }
    making = Task { await self.work() }
  }

  private func work() async {
    defer { making = nil }
    while current == nil || current?.number != pending.number || !stale.isEmpty {
      do { try await makePart() } catch {
        failure = (failure.count + 1, error)
        keeper.content.withLock { $0 = nil }
        pending.forget()
        current = nil
        stale = []
        wakeAll()
        return
      }
      wakeAll()
    }
  }

  private func wakeAll() {
    let all = waiters.values
    waiters = [:]
    for waiter in all { waiter.resume() }
  }

  private func makePart() async throws {
    let part = pending.take(Self.partSize) { id in keeper.content.withLock { $0?.knows(id) == true }
    }
    let stale = part.isEverything ? [] : stale.prefix(Self.partSize - part.records.count)
    let now = now()
    let catalogue = try await store.read {
      [keeper, stopping, hasPages] snapshot -> Result<Catalogue, any Error> in
      Result {
        if try snapshot.isRestored() { throw Problem.restored }
        return try keeper.content.withLock { keeper in
          if part.isEverything {
            keeper = nil
            keeper = try CatalogueKeeper(
              snapshot, now: now, hasPages: hasPages, check: stopping.check)
          } else {
            try keeper?.update(
              snapshot, changed: part.records, stale: stale, now: now, check: stopping.check)
          }
          return keeper?.catalogue ?? Catalogue()
        }
      }
    }.get()
    if part.isEverything { day = BerlinTime.local(Int(clamping: now)).date }
    self.stale = part.isEverything ? [] : self.stale.dropFirst(stale.count)
    current = Current(
      catalogue: catalogue, number: part.leavesNothing ? part.number : current?.number ?? 0,
      urgent: part.leavesNothingKnown ? part.number : current?.urgent ?? 0)
  }
}

/// What the parts of the work pass on from one to the next.
private final class Workroom: Sendable {
  let content = Mutex<CatalogueKeeper?>(nil)
}

/// What changed since the catalogue was last brought up to date.
private final class PendingChanges: Sendable {
  private struct State {
    /// Of commits that changed something.
    var number = 1
    var isEverything = true
    var records: Set<RecordID> = []
  }

  struct Part: Sendable {
    /// The last change that was there when this was taken.
    let number: Int
    let isEverything: Bool
    let records: Set<RecordID>
    let leavesNothing: Bool
    let leavesNothingKnown: Bool
  }

  private let state = Mutex(State())

  var number: Int { state.withLock { $0.number } }

  func note(_ commit: Commit) {
    guard !commit.records.isEmpty || commit.destroyed else { return }
    state.withLock { state in
      state.number += 1
      if commit.records.isEmpty { state.isEverything = true }
      if !state.isEverything { state.records.formUnion(commit.records) }
    }
  }

  /// Says that nothing is known any more.
  func forget() {
    state.withLock { state in
      state.isEverything = true
      state.records = []
    }
  }

  /// Takes some of it, and what is known to be served first.
  func take(_ limit: Int, isKnown: (RecordID) -> Bool) -> Part {
    state.withLock { state in
      if state.isEverything {
        state.isEverything = false
        state.records = []
        return Part(
          number: state.number, isEverything: true, records: [], leavesNothing: true,
          leavesNothingKnown: true)
      }
      guard state.records.count > limit else {
        defer { state.records = [] }
        return Part(
          number: state.number, isEverything: false, records: state.records, leavesNothing: true,
          leavesNothingKnown: true)
      }
      let known = state.records.filter(isKnown)
      let records = Set(
        known.count >= limit
          ? Array(known.prefix(limit))
          : Array(known) + Array(state.records.subtracting(known).prefix(limit - known.count)))
      state.records.subtract(records)
      return Part(
        number: state.number, isEverything: false, records: records, leavesNothing: false,
        leavesNothingKnown: known.count <= limit)
    }
  }
}

/// Whether the daemon stops, which it must within seconds whatever is being made.
private final class Stopping: Sendable {
  let isSet = Mutex(false)

  func check() throws {
    if isSet.withLock({ $0 }) { throw Problem.unavailable }
  }
}
