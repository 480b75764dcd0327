// SPDX-License-Identifier: EUPL-1.2

import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The destroyable part of an entry: what a person wrote, and as whom and why.
///
///     block = salt 16 ‖ protobuf `Values`
///
/// The header commits to SHA-256(block), so destroying salt and values leaves a header that proves
/// nothing about a person while the chain still verifies (I7).
package struct Values: Hashable, Sendable {
  /// In the order of the writes that carry one, as canonical text.
  package var values: [String]
  /// Who acted, as a role.
  package var role: String
  package var reason: String

  package init(values: [String], role: String = "", reason: String = "") {
    self.values = values
    self.role = role
    self.reason = reason
  }

  /// The block of these values under 16 random bytes of salt.
  package func block(salt: (UInt64, UInt64)) -> [UInt8] {
    var out: [UInt8] = []
    out.appendBigEndian(salt.0)
    out.appendBigEndian(salt.1)
    for value in values { Self.append(value, field: 1, to: &out) }
    if !role.isEmpty { Self.append(role, field: 2, to: &out) }
    if !reason.isEmpty { Self.append(reason, field: 3, to: &out) }
    return out
  }

  /// Length-delimited, as protobuf has it: the one shape that `Values` consists of.
  private static func append(_ text: String, field: UInt8, to out: inout [UInt8]) {
    out.append(field << 3 | 2)
    out.appendVarint(UInt64(text.utf8.count))
    out.append(contentsOf: text.utf8)
  }

  /// Reads a block.
  ///
  /// - Throws: `MalformedBytes` if it is too short, too long or not the message.
  package init(block: [UInt8]) throws(MalformedBytes) {
    guard block.count >= 16, block.count <= Limits.block else {
      throw MalformedBytes("a block of values of \(block.count) bytes")
    }
    if let plain = Values(plain: block) {
      self = plain
      return
    }
    do {
      let message = try WireValues(serializedBytes: Array(block[16...]))
      self.init(values: message.values, role: message.role, reason: message.reason)
    } catch {
      throw MalformedBytes("values that are not the message they should be")
    }
  }

  /// Reads what `block` writes. A later version may write more, which the library reads.
  private init?(plain block: [UInt8]) {
    var values: [String] = []
    var role = ""
    var reason = ""
    var offset = 16
    while offset < block.count {
      let key = block[offset]
      guard let (text, next) = Self.text(in: block, at: offset + 1) else { return nil }
      offset = next
      switch key {
      case 1 << 3 | 2: values.append(text)
      case 2 << 3 | 2: role = text
      case 3 << 3 | 2: reason = text
      default: return nil
      }
    }
    self.init(values: values, role: role, reason: reason)
  }

  /// The text whose length stands at `offset`, and where it ends.
  private static func text(in block: [UInt8], at offset: Int) -> (String, next: Int)? {
    guard offset < block.count else { return nil }
    var length = Int(block[offset])
    var start = offset + 1
    if length >= 0x80 {
      // Longer than two digits of length is rare.
      guard start < block.count, block[start] < 0x80 else { return nil }
      length = length & 0x7f | Int(block[start]) << 7
      start += 1
    }
    guard length <= block.count - start else { return nil }
    return block.withUnsafeBufferPointer { bytes in
      String(exactUTF8: UnsafeBufferPointer(rebasing: bytes[start..<start + length]))
        .map { ($0, start + length) }
    }
  }
}
