// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import SwiftProtobuf

/// Each attack is detected or harmless, and detection reaches `status`. What is harmless, the other
/// checkers show; here it is that nobody believes a lie, and that everybody who sees one says so.
enum AttackChecker {
  /// A town found out about a lie.
  static func checkAlarm(of town: TownNode) {
    if case .alarmed = town.session.link { return }
    if town.session.recovery != .none { return }
    town.world.violated(.attack, "town\(town.index) saw a lie of the hub, but its status is calm")
  }

  /// A town took a lie: that is harmless only if it was about what the town had verified before.
  static func checkBelieved(
    _ message: [UInt8], _ town: TownNode, _ cursors: [Scope: FeedPosition]
  ) throws {
    let chunk = try UnverifiedChunk(WireFeedChunk(serializedBytes: message))
    for head in chunk.heads where head.at.position > cursors[head.scope]?.position ?? 0 {
      town.world.violated(
        .attack, "town\(town.index) believed a lie of the hub about the feed of \(head.scope)")
      return
    }
  }
}
