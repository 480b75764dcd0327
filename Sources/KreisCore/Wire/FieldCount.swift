// SPDX-License-Identifier: EUPL-1.2

/// Looks at a message before it is decoded: a message of a few megabytes may name millions of empty
/// parts, and each costs a hundred times its bytes once it is decoded (I5).
package enum FieldCount {
  /// How often a field stands in a message, not counting what is nested in other fields.
  ///
  /// - Throws: `MalformedBytes` if the bytes are not a protobuf message.
  package static func occurrences(of field: UInt64, in bytes: [UInt8]) throws(MalformedBytes) -> Int
  {
    var reader = ByteReader(bytes)
    var count = 0
    while !reader.isAtEnd {
      let tag = try reader.varint()
      if tag >> 3 == field { count += 1 }
      switch tag & 7 {
      case 0: _ = try reader.varint()
      case 1: _ = try reader.take(8)
      case 2: _ = try reader.take(try reader.count(upTo: bytes.count, of: "bytes"))
      case 5: _ = try reader.take(4)
      default: throw MalformedBytes("a field of an unknown kind")
      }
    }
    return count
  }
}
