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
    guard let mark = bytes.withUnsafeBytes({ Mark($0) }) else { return nil }
    self = mark
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 16 else { return nil }
    high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
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

/// What the table `tally` keeps a sum of.
enum TallyName: Hashable {
  case records
  /// Of records with fields that somebody should look at.
  case conflicts
  case control
  case logs
  /// Of records with a row in the table of this kind.
  case kind(UInt32)
  /// The end of a feed: position and hash.
  case feed(Scope)

  /// As it stands in the table.
  var text: String {
    switch self {
    case .records: "record"
    case .conflicts: "conflict"
    case .control: "control"
    case .logs: "log"
    case .kind(let tag): "kind \(tag)"
    case .feed(let scope): "feed \(scope.columns.kind) \(scope.columns.town)"
    }
  }

  var isFeed: Bool { if case .feed = self { true } else { false } }
}
