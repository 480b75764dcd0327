// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// What stood only in the tail of a closed log is issued again in the next key generation: nothing
/// that somebody was told is durable is lost on the way (I6).
enum ReissueChecker {
  /// Compares the journal with what a town holds of its own logs, once its way into a new generation
  /// is behind it.
  static func check(_ town: TownNode, _ store: Store) throws {
    let held = try ReplicaView.own(store)
    guard try store.blockingRead({ try $0.recovery() }) == .none else {
      return adopt(held, store, town.world, town.instance)
    }
    settle(held, store.identity.member, town.name, town.world, town.instance)
  }

  /// The same of a hub that was lost or set back, in the end, with all the histories that it wrote.
  static func check(_ hub: HubNode, _ store: Store) throws {
    let held = try ReplicaView.own(store).filter { $0.header.kind != .control }
    for instance in 0...hub.instance {
      settle(held, hub.member, "the hub", hub.world, instance)
    }
  }

  /// Takes into the journal what a town on its way committed in its present generation before anybody
  /// could be told: it was there after a power cut.
  private static func adopt(
    _ held: [ReplicaView.Entry], _ store: Store, _ world: World, _ instance: Int
  ) {
    for entry in held
    where entry.log == store.identity.log(entry.log.scope)
      && world.journal.entry(entry.log, entry.sequence, instance) == nil
    {
      world.journal.adopt(entry, instance)
    }
  }

  private static func settle(
    _ held: [ReplicaView.Entry], _ member: MemberID, _ name: String, _ world: World,
    _ instance: Int
  ) {
    var journal = world.journal
    defer { world.journal = journal }
    let hashes = Set(held.map(\.hash))
    // The hub may have shown what one machine wrote to the other with the same key, which then issued
    // it again.
    let known = journal.hashes.subtracting(journal.adopted)
    var fresh = held.filter { !known.contains($0.hash) }
    for entry in journal.entries(of: member, instance) where !hashes.contains(entry.hash) {
      // Another machine with the same key issued it again, and its entry came with the feed.
      if hashes.contains(journal.successor(of: entry.hash)) {
        journal.withdraw(entry, instance)
        continue
      }
      guard entry.header.kind == .write else {
        journal.withdraw(entry, instance)
        continue
      }
      guard let index = fresh.firstIndex(where: { $0.isReissue(of: entry) }) else {
        journal.withdraw(entry, instance)
        if entry.isAcknowledged {
          world.violated(
            .acknowledged, "\(name) did not issue \(entry.log)/\(entry.sequence) again")
        }
        continue
      }
      let new = fresh.remove(at: index)
      journal.replace(
        entry,
        by: Journal.Entry(
          log: new.log, sequence: new.sequence, hash: new.hash, header: new.header,
          values: entry.values, seen: entry.seen, isAcknowledged: true), instance)
      world.count("entries issued again")
    }
    let noted = journal.hashes
    for entry in fresh where !noted.contains(entry.hash) { journal.adopt(entry, instance) }
  }
}

extension ReplicaView.Entry {
  fileprivate func isReissue(of entry: Journal.Entry) -> Bool {
    header.kind == .write && log.scope == entry.log.scope && header.record == entry.header.record
      && header.recordedAt == entry.header.recordedAt
      && header.writes.map(\.register) == entry.header.writes.map(\.register)
      && header.writes.map(\.content) == entry.header.writes.map(\.content)
      && (values == nil || values?.values == entry.values?.values)
  }
}
