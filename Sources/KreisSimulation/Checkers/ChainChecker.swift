// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// Each log is one prefix chain (I2): nobody ever shows two entries at one sequence, and what
/// replicas hold are prefixes of one and the same log.
enum ChainChecker {
  /// An honest author puts entries on the wire.
  static func sent(_ bundle: UnverifiedBundle, by town: TownNode) {
    let world = town.world
    for (offset, entry) in bundle.entries.enumerated() {
      let sequence = bundle.first + UInt64(offset)
      guard let known = world.journal.entry(bundle.log, sequence, town.instance) else {
        world.violated(.chain, "\(bundle.log) shows entry \(sequence), which nobody wrote")
        continue
      }
      if known.header.encoded() != entry.body {
        world.violated(.chain, "\(bundle.log) shows a second entry \(sequence)")
      }
    }
  }

  static func check(_ replicas: [ReplicaView], _ world: World) {
    var first: [LogID: [UInt64: (hash: Hash256, node: Node)]] = [:]
    for replica in replicas {
      for (log, entries) in replica.logs.sorted(by: { $0.key < $1.key }) {
        let sequences = entries.keys.sorted()
        if sequences != Array(1...UInt64(sequences.count)) {
          world.violated(.chain, "\(replica.node) holds \(log) with gaps")
        }
        for sequence in sequences {
          guard let hash = entries[sequence]?.hash else { continue }
          if let known = first[log]?[sequence] {
            guard known.hash != hash else { continue }
            world.violated(
              .chain, "\(known.node) and \(replica.node) hold different entries \(log)/\(sequence)")
          } else {
            first[log, default: [:]][sequence] = (hash, replica.node)
          }
        }
      }
      for damage in replica.verification.damages where !FoldChecker.concerns(damage) {
        world.violated(.chain, "\(replica.node): \(damage.finding)")
      }
    }
  }
}
