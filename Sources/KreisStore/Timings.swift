// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// How long something took each time, counted in classes of time.
package struct DurationHistogram: Hashable, Sendable {
  /// The upper bounds of the classes, in seconds; what took longer is in the last class.
  package static let bounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

  /// How often it took as long as each class says; one more than `bounds`.
  package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  /// All together, in seconds.
  package private(set) var sum = 0.0

  package init() {}

  package mutating func add(_ seconds: Double) {
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }
}

/// How long the exchange between hub and towns took since the process started. It is measured where it
/// happens, at the store that all parts of a daemon share, and shown by its metrics.
package final class Timings: Sendable {
  package enum Step: String, CaseIterable, Sendable {
    /// A town: one bundle, from its request to the hub's answer. The hub: one bundle, until it is
    /// durable.
    case push
    /// A town: one chunk of the feed that brought something, until it is durable.
    case pull
    /// Signatures, hashes and chains of one bundle or chunk.
    case verify
  }

  private let histograms = Mutex<[Step: DurationHistogram]>([:])

  init() {}

  package subscript(step: Step) -> DurationHistogram {
    histograms.withLock { $0[step] ?? DurationHistogram() }
  }

  /// Counts one step that ends now.
  package func note(_ step: Step, since start: ContinuousClock.Instant) {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    let duration = Double(seconds) + Double(attoseconds) / 1e18
    histograms.withLock { $0[step, default: DurationHistogram()].add(duration) }
  }
}
