// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// What a node acknowledged is there after it crashed and came back (I1).
enum DurabilityChecker {
  static func check(_ town: TownNode) throws {
    guard let store = town.store else { return }
    if store.identity.generation > 1 { return try ReissueChecker.check(town, store) }
    try check(store, town.name, town.world, town.instance)
  }

  static func check(_ hub: HubNode) throws {
    // One that was lost or restored first collects what there is.
    guard let store = hub.store, !hub.isOther, !store.isGathering, store.halted == nil else {
      return
    }
    let held = try check(
      store, hub.name, hub.world, hub.instance, since: store.identity.generation)
    for (log, last) in hub.world.journal.pushed.sorted(by: { $0.key < $1.key }) {
      guard held[log] ?? 0 < last else { continue }
      hub.world.violated(
        .durability, "the hub acknowledged \(log) to \(last), but holds \(held[log] ?? 0) of it")
    }
  }

  /// Compares a node's own logs with what its people were told, and takes into the journal what was
  /// committed before anybody could be told.
  ///
  /// - Parameter generation: of the key since when: earlier logs may still be in other hands.
  /// - Returns: where each log ends.
  @discardableResult
  private static func check(
    _ store: Store, _ name: String, _ world: World, _ instance: Int, since generation: UInt32 = 1
  ) throws -> [LogID: UInt64] {
    var held: [LogID: UInt64] = [:]
    var journal = world.journal
    var lost: [String] = []
    let member = store.identity.member
    try store.blockingRead { snapshot in
      try snapshot.exportLog { entry in
        held[entry.log] = max(held[entry.log] ?? 0, entry.sequence)
        guard entry.log.member == member, entry.log.generation >= generation,
          entry.header.kind != .control
        else { return }
        if let known = journal.entry(entry.log, entry.sequence, instance) {
          if known.hash != entry.hash { lost.append("\(entry.log)/\(entry.sequence)") }
        } else {
          journal.adopt(ReplicaView.Entry(entry), instance)
        }
      }
    }
    for entry in lost { world.violated(.durability, "\(name) has another entry \(entry) now") }
    for entry in journal.entries(of: member, instance)
    where entry.log.generation >= generation && entry.sequence > held[entry.log] ?? 0
      && entry.isAcknowledged
    {
      world.violated(.durability, "\(name) lost entry \(entry.sequence) of \(entry.log)")
    }
    world.journal = journal
    return held
  }
}
