// SPDX-License-Identifier: EUPL-1.2

/// A set of small numbers.
struct BitSet: Sendable, Equatable {
  private var words: [UInt64] = []

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  func contains(_ number: Int32) -> Bool {
    let index = Int(number >> 6)
    return index < words.count && words[index] >> UInt64(number & 63) & 1 == 1
  }

  mutating func insert(_ number: Int32) {
    let index = Int(number >> 6)
    if index >= words.count {
      words += [UInt64](repeating: 0, count: index + 1 - words.count)
    }
    words[index] |= 1 << UInt64(number & 63)
  }

  mutating func remove(_ number: Int32) {
    let index = Int(number >> 6)
    if index < words.count { words[index] &= ~(1 << UInt64(number & 63)) }
  }

  mutating func formUnion(_ other: BitSet) {
    if other.words.count > words.count {
      words += [UInt64](repeating: 0, count: other.words.count - words.count)
    }
    for index in other.words.indices { words[index] |= other.words[index] }
  }

  mutating func formIntersection(_ other: BitSet) {
    words.removeLast(max(0, words.count - other.words.count))
    for index in words.indices { words[index] &= other.words[index] }
  }
}
