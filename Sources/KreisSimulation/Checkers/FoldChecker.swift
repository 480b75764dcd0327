// SPDX-License-Identifier: EUPL-1.2

import KreisStore

/// Incremental application equals the pure fold (I3): the directory tables are what the logs make.
enum FoldChecker {
  static func check(_ replicas: [ReplicaView], _ world: World) {
    for replica in replicas {
      for difference in replica.verification.differences where concerns(difference) {
        world.violated(.fold, "\(replica.node): \(difference)")
      }
    }
  }

  /// Whether a difference that verification found is one between logs and tables.
  static func concerns(_ difference: String) -> Bool {
    difference.hasPrefix("record ") || difference.hasPrefix("table ")
  }
}
