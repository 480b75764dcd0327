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
    do {
      let message = try WireValues(serializedBytes: Array(block[16...]))
      self.init(values: message.values, role: message.role, reason: message.reason)
    } catch {
      throw MalformedBytes("values that are not the message they should be")
    }
  }
}
