// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore

/// A sum over a set of hashes that does not depend on their order and from which one can be taken
/// away again: it tells that rows are missing, which no check of single rows can.
struct Mark: Hashable, Sendable {
  private(set) var high: UInt64 = 0
  private(set) var low: UInt64 = 0

  static let none = Mark()

  init() {}

  /// The first half of a hash.
  init(_ hash: Hash256) {
    let reference = hash.reference
    (high, low) = (reference.high, reference.low)
  }

  init?(_ bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    for byte in bytes[..<8] { high = high << 8 | UInt64(byte) }
    for byte in bytes[8...] { low = low << 8 | UInt64(byte) }
  }

  /// Puts `other` in, or takes it out if it is in.
  mutating func toggle(_ other: Mark) {
    high ^= other.high
    low ^= other.low
  }

  mutating func toggle(_ hash: Hash256) { toggle(Mark(hash)) }

  var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(16)
    out.appendBigEndian(high)
    out.appendBigEndian(low)
    return out
  }

  var data: Data { Data(bytes) }
}

/// How many rows there are of a sort, and the sum of what identifies them.
struct Tally: Hashable, Sendable {
  /// Wraps around, because a damaged one may be any number; then it equals no count of rows.
  var count: Int64 = 0
  var mark = Mark()

  mutating func add(_ other: Mark) {
    count &+= 1
    mark.toggle(other)
  }

  mutating func remove(_ other: Mark) {
    count &-= 1
    mark.toggle(other)
  }
}

/// The names under which the table `tally` keeps its sums.
enum TallyName {
  static let records = "record"
  /// Of records with fields that somebody should look at.
  static let conflicts = "conflict"
  static let control = "control"
  static let logs = "log"

  /// Of records with a row in the table of this kind.
  static func kind(_ tag: UInt32) -> String { "kind \(tag)" }
  /// The end of a feed: position and hash.
  static func feed(_ scope: Scope) -> String {
    "feed \(scope.columns.kind) \(scope.columns.town)"
  }
}
