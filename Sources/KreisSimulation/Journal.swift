// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

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

  /// Of two machines with one key, each writes a history of its own.
  private struct Book: Hashable, Comparable {
    let log: LogID
    let instance: Int

    static func < (left: Book, right: Book) -> Bool {
      (left.log, left.instance) < (right.log, right.instance)
    }
  }

  private var books: [Book: [UInt64: Entry]] = [:]
  /// Entries that were withdrawn, by hash.
  private var aside: [Hash256: Entry] = [:]
  /// From entries to what they were issued again as.
  private var reissued: [Hash256: Hash256] = [:]
  private(set) var byReference: [EntryReference: Hash256] = [:]
  /// Entries of which, when a hub was lost or set back, only their author was left with a copy.
  private var endangered: Set<Hash256> = []
  /// By log, the last entry that the hub acknowledged to an honest author.
  private(set) var pushed: [LogID: UInt64] = [:]

  /// Each once, also if two machines hold it.
  var entries: [Entry] {
    var seen: Set<Hash256> = []
    return books.sorted { $0.key < $1.key }
      .flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) }
      .filter { seen.insert($0.hash).inserted }
  }

  /// Everything that was ever noted.
  var allEntries: [Entry] { entries + aside.values.sorted { $0.hash < $1.hash } }

  func entries(of member: MemberID, _ instance: Int) -> [Entry] {
    books.filter { $0.key.log.member == member && $0.key.instance == instance }
      .sorted { $0.key < $1.key }
      .flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) }
  }

  func entry(_ log: LogID, _ sequence: UInt64, _ instance: Int) -> Entry? {
    books[Book(log: log, instance: instance)]?[sequence]
  }

  func last(of log: LogID, _ instance: Int) -> UInt64 {
    books[Book(log: log, instance: instance)]?.keys.max() ?? 0
  }

  mutating func note(_ entry: Entry, _ instance: Int) {
    books[Book(log: entry.log, instance: instance), default: [:]][entry.sequence] = entry
    byReference[entry.hash.reference] = entry.hash
    aside[entry.hash] = nil
  }

  /// Takes an entry whose author cannot tell what it was shown, by what its header claims.
  mutating func adopt(_ entry: ReplicaView.Entry, _ instance: Int) {
    if let known = aside[entry.hash] { return note(known, instance) }
    var seen: [Register: Set<Hash256>] = [:]
    for write in entry.header.writes where seen[write.register] == nil {
      seen[write.register] = Set(write.bases.compactMap { byReference[$0] })
    }
    note(
      Entry(
        log: entry.log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
        values: entry.values, seen: seen, isAcknowledged: false), instance)
  }

  /// Takes an entry out that its author's machine does not hold any more. Those that come back are
  /// adopted as they were.
  mutating func withdraw(_ entry: Entry, _ instance: Int) {
    let book = Book(log: entry.log, instance: instance)
    guard books[book]?[entry.sequence]?.hash == entry.hash else { return }
    books[book]?[entry.sequence] = nil
    aside[entry.hash] = entry
  }

  /// Takes out what nobody can bring any more of a revoked member's shared logs.
  ///
  /// - Parameter isCopied: whether two machines had the member's key; else only what it alone had left
  ///   when a hub was lost.
  mutating func withdraw(fromRevoked member: MemberID, allBut held: Set<Hash256>, isCopied: Bool) {
    for (book, entries) in books where book.log.member == member && book.log.scope != .local {
      for entry in entries.values
      where !held.contains(entry.hash) && (isCopied || endangered.contains(entry.hash)) {
        withdraw(entry, book.instance)
      }
    }
  }

  /// The hub lost what nobody else but the author holds.
  mutating func endanger(of member: MemberID, allBut held: Set<Hash256>) {
    for (book, entries) in books where book.log.member == member && book.log.scope != .local {
      endangered.formUnion(entries.values.map(\.hash).filter { !held.contains($0) })
    }
  }

  /// An entry was issued again, as another.
  mutating func replace(_ old: Entry, by new: Entry, _ instance: Int) {
    withdraw(old, instance)
    note(new, instance)
    reissued[old.hash] = new.hash
  }

  /// What stands for an entry now.
  func successor(of hash: Hash256) -> Hash256 {
    var hash = hash
    while let next = reissued[hash] { hash = next }
    return hash
  }

  /// Whether an entry stands for one that others may have seen before.
  func isReissue(_ hash: Hash256) -> Bool { reissued.values.contains(hash) }

  /// What the author of an entry was shown of a register, as it stands now.
  func seen(by entry: Entry, _ register: Register) -> Set<Hash256> {
    Set((entry.seen[register] ?? []).map(successor))
  }

  /// A machine was copied: what it holds of `member`, its copy holds as well.
  mutating func copy(
    of member: MemberID, holding held: Set<Hash256>, from old: Int, to instance: Int
  ) {
    for entry in entries(of: member, old) where held.contains(entry.hash) { note(entry, instance) }
  }

  /// Of what nobody was told of: among it may be what somebody else's entry was issued again as.
  var adopted: Set<Hash256> {
    let taken = Set(reissued.values)
    return books.values.reduce(into: []) { hashes, book in
      for entry in book.values where !entry.isAcknowledged && !taken.contains(entry.hash) {
        hashes.insert(entry.hash)
      }
    }
  }

  /// Of what is in some book.
  var hashes: Set<Hash256> {
    books.values.reduce(into: []) { hashes, book in
      for entry in book.values { hashes.insert(entry.hash) }
    }
  }

  /// A machine is gone for good, with what never left it.
  mutating func dropLocal(of member: MemberID, _ instance: Int) {
    for entry in entries(of: member, instance) where entry.log.scope == .local {
      withdraw(entry, instance)
    }
  }

  mutating func notePushed(_ log: LogID, through sequence: UInt64) {
    pushed[log] = max(pushed[log] ?? 0, sequence)
  }

  /// The hub was replaced by one that knows nothing of what it acknowledged.
  mutating func forgetPushed() { pushed = [:] }
}
