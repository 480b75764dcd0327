// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// A node's own clock, which may be wrong in every way; the simulation's time is right.
struct NodeClock: Sendable {
  private var offset: Int64 = 0
  /// Where it stands still.
  private var frozen: UInt64?

  /// Seconds since 1970 as this node has them.
  ///
  /// - Parameter now: virtual milliseconds.
  func seconds(at now: UInt64) -> UInt64 {
    if let frozen { return frozen }
    let right = Int64(RealmImage.start + now / 1_000)
    return UInt64(max(1, right + offset))
  }

  /// Goes wrong in one of the ways that clocks do.
  mutating func disturb(_ random: inout SeededRandom, at now: UInt64) -> String {
    let year: Int64 = 31_557_600
    switch random.below(5) {
    case 0: offset = year * Int64(random.within(1...90))
    case 1: offset = -year * Int64(random.within(1...50))
    case 2: offset = Int64(random.within(-7_200...7_200))
    case 3:
      frozen = seconds(at: now)
      return "frozen"
    default:
      frozen = nil
      offset = 0
      return "right again"
    }
    frozen = nil
    return "\(offset) s"
  }
}

/// A town's clock, for code that runs beside the simulation's thread.
final class SharedClock: Sendable {
  private let clock = Mutex(NodeClock())
  private let time: VirtualTime

  init(_ time: VirtualTime) { self.time = time }

  var current: NodeClock {
    get { clock.withLock { $0 } }
    set { clock.withLock { $0 = newValue } }
  }

  /// Seconds since 1970.
  var seconds: UInt64 { current.seconds(at: time.now.load(ordering: .relaxed)) }
}
