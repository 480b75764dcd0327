// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// Where a hub shows two histories, the towns' statements expose it: of two towns that verified
/// different ones, one has the proof, and says so in its status.
enum SplitViewChecker {
  static func check(_ deceived: [TownNode], _ others: [TownNode]) {
    for one in deceived {
      for other in others {
        do { try compare(one, other) } catch {
          one.world.note("\(one.name) and \(other.name) cannot be compared: \(error)")
        }
      }
    }
  }

  private static func compare(_ one: TownNode, _ other: TownNode) throws {
    guard let left = one.store, let right = other.store else { return }
    for scope in [Scope.public, .kreis] {
      let ends = (
        try left.blockingRead { try $0.feedHeads() }, try right.blockingRead { try $0.feedHeads() }
      )
      guard let a = ends.0.first(where: { $0.scope == scope }),
        let b = ends.1.first(where: { $0.scope == scope }),
        a.hubGeneration == b.hubGeneration
      else { continue }
      let position = min(a.at.position, b.at.position)
      let hashes = (
        try left.blockingRead { try $0.feedHash(of: scope, at: position) },
        try right.blockingRead { try $0.feedHash(of: scope, at: position) }
      )
      guard hashes.0 != hashes.1 else { continue }
      one.world.count("histories that differ")
      if one.evidence.all.isEmpty, other.evidence.all.isEmpty {
        one.world.violated(
          .attack,
          "\(one.name) and \(other.name) were shown two histories of \(scope), and nobody says so")
      }
    }
  }
}
