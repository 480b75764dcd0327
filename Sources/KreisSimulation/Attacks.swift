// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Who attacks in one simulation, and the lies that are under way.
struct AttackRecord {
  /// Members that are not believed by the checkers.
  var attackers: Set<MemberID> = []
  private var lies: Set<Hash256> = []

  /// Notes a message of the hub that is not what it should be.
  mutating func noteLie(_ message: [UInt8]) { lies.insert(Hash256(of: message)) }

  func isLie(_ message: [UInt8]) -> Bool { !lies.isEmpty && lies.contains(Hash256(of: message)) }
}
