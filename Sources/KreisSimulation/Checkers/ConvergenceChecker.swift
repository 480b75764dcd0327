// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// Replicas with the same entries are byte-identical: logs, feeds, folded state and tables (I3).
enum ConvergenceChecker {
  static func check(_ towns: [ReplicaView], with hub: ReplicaView, _ world: World) {
    for town in towns {
      for (scope, digest) in town.digests.sorted(by: { $0.key < $1.key }) where scope != .local {
        guard let other = hub.digests[scope] else {
          world.violated(.convergence, "\(town.node) holds \(scope), of which the hub has nothing")
          continue
        }
        if digest.entries == other.entries, digest.records == other.records,
          digest.missingValues == other.missingValues, digest.feed == other.feed,
          digest.logs == other.logs, digest.state == other.state
        {
          continue
        }
        world.violated(
          .convergence,
          "\(town.node) and hub differ in \(scope): \(describe(digest)) and \(describe(other))")
      }
      compareRows(town, hub, world)
      if town.verification.scopes.contains(where: { $0.missingValues > 0 }) {
        world.violated(.convergence, "\(town.node) lacks values that nobody destroyed")
      }
    }
  }

  /// What everybody may see must stand in everybody's tables, to the byte.
  private static func compareRows(
    _ town: ReplicaView, _ hub: ReplicaView, _ world: World
  ) {
    for (id, state) in hub.states.sorted(by: { $0.key < $1.key }) {
      let scopes = Set(state.scopes.keys).union(town.states[id]?.scopes.keys ?? [:].keys)
      guard scopes.allSatisfy({ $0 == .public || $0 == .kreis }) else { continue }
      let (left, right) = (town.rows[id.description], hub.rows[id.description])
      guard left != right else {
        world.count("rows compared")
        continue
      }
      world.violated(
        .convergence,
        "\(town.node) and hub show \(id) differently: \(left ?? []) and \(right ?? [])")
    }
  }

  private static func describe(_ digest: ScopeDigest) -> String {
    "\(digest.entries) entries, \(digest.records) records, \(digest.missingValues) missing, feed "
      + "\(digest.feed?.position ?? 0), logs \(digest.logs.reference), state \(digest.state.reference)"
  }
}
