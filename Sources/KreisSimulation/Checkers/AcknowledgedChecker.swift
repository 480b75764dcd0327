// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Every acknowledged write is on every entitled replica, as value or as alternative (I6), unless
/// somebody who had seen it replaced it or its author destroyed it.
///
/// The expectation comes from the journal alone: what each author was shown when it wrote. Bases and
/// the real fold have no part in it.
enum AcknowledgedChecker {
  static func check(_ replicas: [ReplicaView], _ world: World) {
    let oracle = Oracle(world)
    for replica in replicas {
      let expected = oracle.states(visibleTo: replica.member)
      for (place, heads) in expected.sorted(by: { $0.key < $1.key }) {
        let part = replica.states[place.record]?.scopes[place.scope]
        compare(heads, part?.heads(of: place.register) ?? [], at: place, replica, world)
      }
      for (id, state) in replica.states.sorted(by: { $0.key < $1.key }) {
        for (scope, part) in state.scopes {
          for register in part.registers.keys
          where expected[Oracle.Place(record: id, scope: scope, register: register)] == nil {
            world.violated(
              .acknowledged, "\(replica.node) shows \(id) \(scope) \(register), which nobody wrote")
          }
        }
      }
    }
  }

  private static func compare(
    _ expected: [Oracle.Head], _ actual: [Head], at place: Oracle.Place, _ replica: ReplicaView,
    _ world: World
  ) {
    // Its author issued it again, so it is not the one that others saw and replaced: it may come up
    // again beside its successor.
    let expectedHashes = Set(expected.map(\.hash))
    let found = actual.map { Oracle.Head($0) }.filter {
      expectedHashes.contains($0.hash) || !world.journal.isReissue($0.hash)
    }
    guard found != Array(expected.prefix(Limits.heads)) else { return }
    let missing = expected.filter { !found.contains($0) }
    let extra = found.filter { !expected.contains($0) }
    world.violated(
      .acknowledged,
      "\(replica.node), \(place.record) \(place.scope) \(place.register): missing \(missing), "
        + "unexpected \(extra)"
        + (missing.isEmpty && extra.isEmpty ? ", another winner" : ""))
  }
}
