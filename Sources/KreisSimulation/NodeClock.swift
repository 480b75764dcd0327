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
