// SPDX-License-Identifier: EUPL-1.2

#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// A 256-bit hash, held inline so that the millions a catch-up handles cost no allocation.
package struct Hash256: Hashable, Sendable, Comparable {
  private let a: UInt64
  private let b: UInt64
  private let c: UInt64
  private let d: UInt64

  /// Takes exactly 32 bytes; `nil` for any other number.
  package init?(_ bytes: some ContiguousBytes) {
    guard let hash = bytes.withUnsafeBytes({ Hash256($0) }) else { return nil }
    self = hash
  }

  /// Takes exactly 32 bytes; `nil` for any other number.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 32 else { return nil }
    a = bytes.bigEndian(at: 0)
    b = bytes.bigEndian(at: 8)
    c = bytes.bigEndian(at: 16)
    d = bytes.bigEndian(at: 24)
  }

  /// The 32 bytes, most significant first.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(32)
    append(to: &out)
    return out
  }

  /// The 32 bytes, most significant first, where they stand.
  package func withUnsafeBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try Swift.withUnsafeBytes(
      of: (a.bigEndian, b.bigEndian, c.bigEndian, d.bigEndian), body)
  }

  /// Appends the 32 bytes to `out`.
  package func append(to out: inout [UInt8]) { withUnsafeBytes { out.append(contentsOf: $0) } }

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
  /// Two digits a byte.
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var out: [UInt8] = []
    for byte in bytes {
      out.append(digit(byte >> 4))
      out.append(digit(byte & 15))
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The bytes of an even number of hexadecimal digits of either case; `nil` for anything else.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    decode(utf8: Array(text.utf8))
  }

  /// The same of the digits' bytes.
  package static func decode(utf8 input: [UInt8]) -> [UInt8]? {
    guard input.count.isMultiple(of: 2) else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(input.count / 2)
    for index in stride(from: 0, to: input.count, by: 2) {
      guard let high = value(input[index]), let low = value(input[index + 1]) else { return nil }
      out.append(high << 4 | low)
    }
    return out
  }

  /// The usual form of a UUID, in lower case.
  ///
  /// - Precondition: these are 16 bytes.
  package static func uuid(_ bytes: [UInt8]) -> String {
    precondition(bytes.count == 16)
    return String(unsafeUninitializedCapacity: 36) { out in
      var length = 0
      for (index, byte) in bytes.enumerated() {
        if index == 4 || index == 6 || index == 8 || index == 10 {
          out[length] = UInt8(ascii: "-")
          length += 1
        }
        out[length] = digit(byte >> 4)
        out[length + 1] = digit(byte & 15)
        length += 2
      }
      return length
    }
  }

  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  /// The value of a digit of either case.
  static func value(_ digit: UInt8) -> UInt8? {
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
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
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

extension UnsafeRawBufferPointer {
  /// The eight bytes from `offset` on, most significant first.
  func bigEndian(at offset: Int) -> UInt64 {
    UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
