import KreisCore
import KreisStore

/// What stood only in the tail of a closed log is issued again in the next key generation: nothing
/// that somebody was told is durable is lost on the way (I6).
enum ReissueChecker {
  /// Compares the journal with what a town holds of its own logs, once its way into a new generation
  /// is behind it.
  static func check(_ town: TownNode, _ store: Store) throws {
    guard try store.blockingRead({ try $0.recovery() }) == .none else {
      return try adopt(town, store)
    }
    let member = store.identity.member
    var fresh: [ReplicaView.Entry] = []
    var held: Set<Hash256> = []
    let known = Set(town.world.journal.entries.filter { $0.log.member == member }.map(\.hash))
    try store.blockingRead { snapshot in
      try snapshot.exportLog { entry in
        guard entry.log.member == member else { return }
        held.insert(entry.hash)
        guard !known.contains(entry.hash) else { return }
        fresh.append(
          ReplicaView.Entry(
            log: entry.log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
            values: entry.values))
      }
    }
    for entry in town.world.journal.entries
    where entry.log.member == member && !held.contains(entry.hash) {
      settle(entry, &fresh, town)
    }
    for entry in fresh {
      town.world.journal.adopt(
        entry.log, entry.sequence, entry.hash, entry.header, entry.values)
    }
  }

  /// Takes into the journal what a town on its way committed in its present generation before anybody
  /// could be told: it was there after a power cut.
  private static func adopt(_ town: TownNode, _ store: Store) throws {
    var journal = town.world.journal
    try store.blockingRead { snapshot in
      try snapshot.exportLog { entry in
        guard entry.log == store.identity.log(entry.log.scope),
          journal.logs[entry.log]?[entry.sequence] == nil
        else { return }
        journal.adopt(entry.log, entry.sequence, entry.hash, entry.header, entry.values)
      }
    }
    town.world.journal = journal
  }

  /// Finds what an entry that is gone was issued again as.
  private static func settle(
    _ entry: Journal.Entry, _ fresh: inout [ReplicaView.Entry], _ town: TownNode
  ) {
    guard entry.header.kind == .write else { return town.world.journal.withdraw(entry) }
    let index = fresh.firstIndex { $0.isReissue(of: entry) }
    guard let index else {
      town.world.journal.withdraw(entry)
      if entry.isAcknowledged {
        town.world.violated(
          .acknowledged, "town\(town.index) did not issue \(entry.log)/\(entry.sequence) again")
      }
      return
    }
    let new = fresh.remove(at: index)
    town.world.journal.replace(
      entry,
      by: Journal.Entry(
        log: new.log, sequence: new.sequence, hash: new.hash, header: new.header,
        values: entry.values, seen: entry.seen, isAcknowledged: true))
    town.world.count("entries issued again")
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
