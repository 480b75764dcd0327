// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// The randomness of a simulation: SplitMix64, so that a seed decides everything.
struct SeededRandom: Sendable {
  private var state: UInt64

  /// - Parameter stream: sources of one seed for different purposes, so that one more draw for one
  ///   purpose does not change all others.
  init(_ seed: UInt64, stream: String) {
    state = seed &* 0x9e37_79b9_7f4a_7c15
    for byte in stream.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    _ = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }

  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.upperBound - range.lowerBound + 1)
  }

  /// - Parameter percent: how often it is true.
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  mutating func pick<T>(_ choices: [T]) -> T? {
    choices.isEmpty ? nil : choices[below(choices.count)]
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

/// A node's entropy, as the store takes it.
final class Entropy: Sendable {
  private let random: Mutex<SeededRandom>

  init(_ random: SeededRandom) { self.random = Mutex(random) }

  func next() -> UInt64 { random.withLock { $0.next() } }
}
