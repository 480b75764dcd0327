// SPDX-License-Identifier: EUPL-1.2

import KreisStore

/// Incremental application equals the pure fold (I3): the directory tables are what the logs make.
enum FoldChecker {
  static func check(_ replicas: [ReplicaView], _ world: World) {
    for replica in replicas {
      for damage in replica.verification.damages where concerns(damage) {
        world.violated(.fold, "\(replica.node): \(damage.finding)")
      }
    }
  }

  /// Whether what verification found is a difference between logs and tables.
  static func concerns(_ damage: Damage) -> Bool {
    switch damage.place {
    case .record, .table: true
    case .entry, .log, .feed, .file: false
    }
  }
}
