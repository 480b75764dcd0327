// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Logging
import ServiceLifecycle

/// Looks at everything on disk twice a day, a small slice a second: a bit that flipped in what
/// nobody reads shows in the status within the day.
struct ScrubService: Service {
  let store: Store
  let logger: Logger

  /// Between two slices: little enough beside the daemon's own reading and writing.
  private static let pause: Duration = .seconds(1)
  /// Between two complete looks; with the pauses between slices less than a day for a million
  /// entries.
  private static let rest: Duration = .seconds(12 * 3_600)

  func run() async throws {
    try? await cancelWhenGracefulShutdown { try await look() }
  }

  private func look() async throws {
    var known: Set<Damage> = []
    while true {
      var scrub = Scrub()
      while !scrub.isComplete {
        try await Task.sleep(for: Self.pause)
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
