// SPDX-License-Identifier: EUPL-1.2

/// A 256-bit hash, held inline so that the millions a catch-up handles cost no allocation.
package struct Hash256: Hashable, Sendable, Comparable {
  private let a: UInt64
  private let b: UInt64
  private let c: UInt64
  private let d: UInt64

  /// Takes exactly 32 bytes; `nil` for any other number.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var index = 0
    for byte in bytes {
      switch index >> 3 {
      case 0: words.0 = words.0 << 8 | UInt64(byte)
      case 1: words.1 = words.1 << 8 | UInt64(byte)
      case 2: words.2 = words.2 << 8 | UInt64(byte)
      default: words.3 = words.3 << 8 | UInt64(byte)
      }
      index += 1
    }
    (a, b, c, d) = words
  }

  /// The 32 bytes, most significant first.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(32)
    append(to: &out)
    return out
  }

  /// Appends the 32 bytes to `out`.
  package func append(to out: inout [UInt8]) {
    out.appendBigEndian(a)
    out.appendBigEndian(b)
    out.appendBigEndian(c)
    out.appendBigEndian(d)
  }

  /// The first 16 bytes, by which later writes name the entry.
  package var reference: EntryReference { EntryReference(high: a, low: b) }

  package static func < (lhs: Hash256, rhs: Hash256) -> Bool {
    (lhs.a, lhs.b, lhs.c, lhs.d) < (rhs.a, rhs.b, rhs.c, rhs.d)
  }
}

extension Hash256: CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  package var description: String { Hex.encode(bytes) }
}

/// The first 16 bytes of a header's hash: how a write names the writes it replaces.
package struct EntryReference: Hashable, Sendable, Comparable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package static func < (lhs: EntryReference, rhs: EntryReference) -> Bool {
    (lhs.high, lhs.low) < (rhs.high, rhs.low)
  }
}

extension EntryReference: CustomStringConvertible {
  /// 32 lower-case hexadecimal digits.
  package var description: String {
    var out: [UInt8] = []
    out.appendBigEndian(high)
    out.appendBigEndian(low)
    return Hex.encode(out)
  }
}

/// Lower-case hexadecimal text.
package enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  /// Two digits a byte.
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var out: [UInt8] = []
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes of an even number of hexadecimal digits of either case; `nil` for anything else.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let input = Array(text.utf8)
    guard input.count.isMultiple(of: 2) else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(input.count / 2)
    for index in stride(from: 0, to: input.count, by: 2) {
      guard let high = value(input[index]), let low = value(input[index + 1]) else { return nil }
      out.append(high << 4 | low)
    }
    return out
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 97...102: digit - 87
    case 65...70: digit - 55
    default: nil
    }
  }
}

extension [UInt8] {
  /// Appends eight bytes, most significant first.
  package mutating func appendBigEndian(_ value: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
  }

  /// Appends a base-128 varint in its shortest form, least significant group first.
  package mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}
