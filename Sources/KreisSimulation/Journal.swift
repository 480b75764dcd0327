import KreisCore

/// What the nodes of a simulation wrote, as they said it when they acknowledged it: what the
/// checkers compare replicas with. It is kept outside of all replicas, and no fault reaches it.
struct Journal {
  struct Entry {
    let log: LogID
    let sequence: UInt64
    let hash: Hash256
    let header: EntryBody
    let values: Values?
    /// The writes that its author was shown, by register: what it replaces.
    let seen: [Register: Set<Hash256>]
    /// Whether its author was told that it is durable.
    let isAcknowledged: Bool
  }

  private(set) var logs: [LogID: [UInt64: Entry]] = [:]
  /// Entries that were withdrawn, by hash.
  private var aside: [Hash256: Entry] = [:]
  /// From entries to what they were issued again as.
  private var reissued: [Hash256: Hash256] = [:]
  private(set) var byReference: [EntryReference: Hash256] = [:]
  /// By log, the last entry that the hub acknowledged to an honest author.
  private(set) var pushed: [LogID: UInt64] = [:]

  var entries: [Entry] {
    logs.sorted { $0.key < $1.key }
      .flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) }
  }

  func last(of log: LogID) -> UInt64 { logs[log]?.keys.max() ?? 0 }

  mutating func note(_ entry: Entry) {
    logs[entry.log, default: [:]][entry.sequence] = entry
    byReference[entry.hash.reference] = entry.hash
  }

  /// Takes an entry whose author cannot tell what it was shown, by what its header claims.
  mutating func adopt(
    _ log: LogID, _ sequence: UInt64, _ hash: Hash256, _ header: EntryBody, _ values: Values?
  ) {
    if let known = aside[hash] { return note(known) }
    var seen: [Register: Set<Hash256>] = [:]
    for write in header.writes where seen[write.register] == nil {
      seen[write.register] = Set(write.bases.compactMap { byReference[$0] })
    }
    note(
      Entry(
        log: log, sequence: sequence, hash: hash, header: header, values: values, seen: seen,
        isAcknowledged: false))
  }

  /// Takes entries of `member` out that its replica does not hold any more. Those that come back
  /// are adopted as they were.
  mutating func withdraw(_ entry: Entry) {
    logs[entry.log]?[entry.sequence] = nil
    aside[entry.hash] = entry
  }

  /// An entry was issued again, as another.
  mutating func replace(_ old: Entry, by new: Entry) {
    withdraw(old)
    note(new)
    reissued[old.hash] = new.hash
  }

  /// What the author of an entry was shown of a register, as it stands now.
  func seen(by entry: Entry, _ register: Register) -> Set<Hash256> {
    Set(
      (entry.seen[register] ?? []).map { hash in
        var hash = hash
        while let next = reissued[hash] { hash = next }
        return hash
      })
  }

  mutating func notePushed(_ log: LogID, through sequence: UInt64) {
    pushed[log] = max(pushed[log] ?? 0, sequence)
  }
}
