// SPDX-License-Identifier: EUPL-1.2

/// Why bytes are not the canonical form of what they claim to be.
package struct MalformedBytes: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Reads canonical binary forms. Every read is checked against what is left, so that no length in
/// hostile input can be believed.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func byte() throws(MalformedBytes) -> UInt8 {
    guard offset < bytes.count else { throw MalformedBytes("ends too early") }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func take(_ count: Int) throws(MalformedBytes) -> ArraySlice<UInt8> {
    guard count <= bytes.count - offset else { throw MalformedBytes("ends too early") }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  /// A varint in its shortest form; another form would give one header two hashes (I2).
  mutating func varint() throws(MalformedBytes) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let next = try byte()
      guard shift < 63 || next < 2 else { throw MalformedBytes("a number over 64 bits") }
      value |= UInt64(next & 0x7f) << shift
      if next < 0x80 {
        guard next != 0 || shift == 0 else { throw MalformedBytes("a number not in shortest form") }
        return value
      }
    }
    throw MalformedBytes("a number over 64 bits")
  }

  /// A count or length of at most `limit`.
  mutating func count(upTo limit: Int, of what: String) throws(MalformedBytes) -> Int {
    let value = try varint()
    guard value <= UInt64(limit) else {
      throw MalformedBytes("\(value) \(what), more than the \(limit) allowed")
    }
    return Int(value)
  }

  mutating func reference() throws(MalformedBytes) -> EntryReference {
    EntryReference(high: try word(), low: try word())
  }

  /// Eight bytes, most significant first.
  mutating func word() throws(MalformedBytes) -> UInt64 {
    guard bytes.count - offset >= 8 else { throw MalformedBytes("ends too early") }
    defer { offset += 8 }
    return bytes.withUnsafeBytes { $0.bigEndian(at: offset) }
  }
}
