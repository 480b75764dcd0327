// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// No effect without authority (I4): what a record shows was written by its creator or the hub, or
/// here on this machine.
enum AuthorityChecker {
  static func check(_ replicas: [ReplicaView], _ world: World) {
    let hub = world.image.hub.identity.member
    for replica in replicas {
      for (id, state) in replica.states.sorted(by: { $0.key < $1.key }) {
        for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key }) where scope != .local {
          for head in part.registers.flatMap(\.value)
          where head.log.member != id.creator && head.log.member != hub {
            world.violated(
              .authority, "\(replica.node): \(head.log) has an effect on \(id), which is not its")
          }
        }
        for entry in replica.entries(of: id) where entry.header.kind == .erase {
          checkDestroyed(by: entry, state, replica, hub, world)
        }
      }
    }
  }

  /// Nobody but the hub destroys what others wrote.
  private static func checkDestroyed(
    by order: ReplicaView.Entry, _ state: RecordState, _ replica: ReplicaView, _ hub: MemberID,
    _ world: World
  ) {
    guard order.log.member != hub else { return }
    let mayDestroy = { (log: LogID) in
      replica.entries(of: state.record).contains {
        ($0.header.kind == .erase || $0.header.kind == .restate)
          && ($0.log.member == log.member || $0.log.member == hub)
      }
    }
    for entry in replica.entries(of: state.record) where state.destroyed.contains(entry.hash) {
      if entry.log.member != order.log.member, !mayDestroy(entry.log) {
        world.violated(
          .authority, "\(replica.node): \(order.log) destroyed \(entry.log)/\(entry.sequence)")
      }
    }
  }
}
