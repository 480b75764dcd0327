// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Synchronization

/// Keeps the catalogue as long as no commit changed a record, so that what was erased or hidden is
/// not served again, and makes a new one only when somebody asks.
actor CatalogueSource {
  private let store: Store
  private let now: @Sendable () -> UInt64
  private var current: (changes: Int, catalogue: Catalogue)?
  private var making: Task<(changes: Int, catalogue: Catalogue), any Error>?
  /// What the last catalogue served, and since when. A process that starts anew does not know it, and
  /// counts all as new: clients then fetch more than they must, and never less.
  private var known: [String: Catalogue.Seen] = [:]
  private let stopping = Stopping()

  private let hasPages: Bool

  /// - Parameter hasPages: whether families look for offers here.
  init(_ store: Store, hasPages: Bool, now: @escaping @Sendable () -> UInt64) {
    self.store = store
    self.hasPages = hasPages
    self.now = now
  }

  /// Ends what is being made; there is no catalogue any more.
  nonisolated func stop() { stopping.isSet.withLock { $0 = true } }

  /// What is public now.
  ///
  /// - Throws: `StoreError`, `Catalogue.TooLarge`; `Problem` where a restored replica has not heard
  ///   yet what was erased since, and where the daemon stops.
  func catalogue() async throws -> Catalogue {
    while true {
      let changes = store.commits.changes
      if let current, current.changes == changes { return current.catalogue }
      // One at a time, whoever waits; what began before this change is not taken.
      if let making {
        _ = try? await making.value
        continue
      }
      let task = Task { [known] in try await self.make(changes, known) }
      making = task
      defer { making = nil }
      current = nil
      let made = try await task.value
      current = made
      known = made.catalogue.seen
      return made.catalogue
    }
  }

  private nonisolated func make(
    _ changes: Int, _ known: [String: Catalogue.Seen]
  ) async throws -> (changes: Int, catalogue: Catalogue) {
    // A clock that was set back must not hide from clients what is new.
    let now = known.values.reduce(now()) { max($0, $1.since) }
    let catalogue = try await store.read {
      [stopping, hasPages] snapshot -> Result<Catalogue, any Error> in
      Result {
        if try snapshot.isRestored() { throw Problem.restored }
        return try Catalogue(
          snapshot, now: now, known: known, hasPages: hasPages, check: stopping.check)
      }
    }.get()
    return (changes, catalogue)
  }
}

/// Whether the daemon stops, which it must within seconds whatever is being made.
private final class Stopping: Sendable {
  let isSet = Mutex(false)

  func check() throws {
    if isSet.withLock({ $0 }) { throw Problem.unavailable }
  }
}
