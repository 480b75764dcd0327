// SPDX-License-Identifier: EUPL-1.2

import CRest
import KreisStore
import ServiceLifecycle

/// Gives back the memory that was needed for something large, such as an import or the look through all
/// records at a start: a daemon has nothing to do most of the time.
struct RestService: Service {
  let store: Store

  private static let interval: Duration = .seconds(60)
  /// The time until SQLite, between two transactions, has freed what it should.
  private static let pause: Duration = .seconds(1)
  /// What the allocator may keep for the next need.
  private static let spareBytes = 1 << 20

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while true {
        try await Task.sleep(for: Self.interval)
        if store.releaseMemory() { try await Task.sleep(for: Self.pause) }
        rest_trim_memory(Self.spareBytes)
      }
    }
  }
}
