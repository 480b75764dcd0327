// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Logging
import ServiceLifecycle

/// Looks at everything on disk, a small slice now and then: a bit that flipped in what nobody reads
/// shows in the status within the day.
struct ScrubService: Service {
  let store: Store
  let logger: Logger

  /// Between two slices of many rows: a daemon that has nothing else to do sleeps (measured: a slice
  /// takes 9 ms and wakes ten threads).
  private static let pause: Duration = .seconds(12)
  /// Before the other slices, of which there are few.
  private static let shortPause: Duration = .seconds(1)
  /// Between two complete looks; with the pauses between slices less than a day for a million entries
  /// of as many records.
  private static let rest: Duration = .seconds(12 * 3_600)

  func run() async throws {
    try? await cancelWhenGracefulShutdown { try await look() }
  }

  private func look() async throws {
    var known: Set<Damage> = []
    while true {
      var scrub = Scrub()
      while !scrub.isComplete {
        try await Task.sleep(for: scrub.isAmidRows ? Self.pause : Self.shortPause)
        let before = scrub
        do {
          scrub = try await store.read { snapshot in
            var next = before
            try next.slice(snapshot)
            return next
          }
        } catch {
          logger.warning("the look over the disk waits", metadata: ["reason": "\(error)"])
          try await Task.sleep(for: .seconds(60))
        }
        known = report(known)
      }
      store.noteDamages(scrub.found)
      known = report(known)
      logger.info(
        "looked over everything on disk",
        metadata: [
          "entries": "\(scrub.entries)", "records": "\(scrub.records)",
          "damaged": "\(scrub.found.count)",
        ])
      try await Task.sleep(for: Self.rest)
    }
  }

  /// Logs what came since, whoever met it.
  private func report(_ known: Set<Damage>) -> Set<Damage> {
    let now = Set(store.damages)
    for damage in now.subtracting(known).sorted(by: { $0.finding < $1.finding }) {
      logger.error("damaged on disk", metadata: ["what": "\(damage.finding)"])
    }
    return now
  }
}
