// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// One write transaction: appends to logs, folds what it touched, and leaves behind what the store
/// must know once it is committed. Lives on the writing connection's queue only.
package final class Transaction {
  let db: Database
  let ledger: Ledger
  let tables: DirectoryTables
  var replica: ReplicaState
  private(set) var key: SigningKey
  private let random: @Sendable () -> UInt64

  private var chains: [LogID: OwnLog] = [:]
  private var grown: Set<LogID> = []
  private var touched: [Int64: Touched] = [:]
  var changedRecords: Set<RecordID> = []
  /// Of what was folded, the records that may ask something of this member.
  var concerning: Set<RecordID> = []
  /// What was met on the way and holds up only what it concerns.
  var damages: [Damage] = []
  /// What was appended to own logs, as it is to be pushed, where that is little.
  private(set) var freshBundles: [LogID: UnverifiedBundle] = [:]
  var movedFeeds = false
  var hasDestroyed = false
  /// Whether anything stands beside the accepted chains; `nil`: nobody asked yet.
  var hasAside: Bool?

  /// Own entries of this transaction in one log.
  private struct OwnLog {
    let key: Int64
    var chain: LogChain
    /// Where bundles end that respect the limits; the last one is open.
    var cuts: [LogHead] = []
    var pendingEntries = 0
    var pendingBytes = 0
    /// The entries, as long as they are few.
    var fresh: [Entry]? = []
  }

  /// Entries of own logs that are few enough to be kept at hand for the push that follows: a live edit's.
  private static let freshEntries = 8

  private struct Touched {
    let id: RecordID
    /// Whether no entry named the record before.
    let isNew: Bool
    /// All entries of the record, if they are at hand.
    var all: [LoggedEntry]?
  }

  /// The entries of the record that was asked for last: mostly it is the one that is written next.
  private var latest: (record: Int64, entries: [LoggedEntry])?

  package var identity: Identity { replica.identity }
  package var membership: Membership { replica.membership }

  init(
    _ db: Database, _ replica: ReplicaState, tables: DirectoryTables, key: SigningKey,
    random: @escaping @Sendable () -> UInt64
  ) {
    self.db = db
    self.replica = replica
    self.tables = tables
    self.key = key
    self.random = random
    ledger = Ledger(db, in: replica.identity.realm)
  }

  /// Logs of this replica that grew.
  var ownLogs: [LogID] { grown.sorted() }

  /// An id for a record that this member is about to create.
  package func newRecordID() -> RecordID {
    RecordID(creator: identity.member, random: (random(), random()))
  }

  /// A random 48-bit id that no member has.
  func newMemberID() -> MemberID {
    while true {
      guard let id = MemberID(random() >> 16), membership.members[id] == nil else { continue }
      return id
    }
  }

  // MARK: - Appending

  /// Appends an entry to this replica's log of `scope`.
  @discardableResult
  package func append(_ header: EntryBody, values: Values?, to scope: Scope) throws -> ChainedEntry
  {
    try append(
      header, values.map { .block($0.block(salt: (random(), random()))) } ?? .none, values,
      to: scope)
  }

  /// Appends an entry whose block is made already, or destroyed; `values` are what it holds.
  @discardableResult
  func append(
    _ header: EntryBody, _ proof: Entry.Proof, _ values: Values?, to scope: Scope
  ) throws -> ChainedEntry {
    let log = identity.log(scope)
    var own = try chains[log] ?? openOwnLog(log)
    let body = header.encoded()
    let entry = Entry(body: body, proof: proof)
    try Self.checkLimits(header, body, proof)
    if own.pendingEntries == Limits.bundleEntries
      || own.pendingBytes + entry.size > Limits.bundleBytes
    {
      own.cuts.append(own.chain.head)
      own.pendingEntries = 0
      own.pendingBytes = 0
    }
    let hash = own.chain.append(body: body, commitment: entry.commitment)
    let chained = ChainedEntry(
      sequence: own.chain.head.sequence, hash: hash, header: header, values: values, entry: entry)
    own.pendingEntries += 1
    own.pendingBytes += entry.size
    own.fresh = own.pendingEntries <= Self.freshEntries ? own.fresh.map { $0 + [entry] } : nil
    chains[log] = own
    try record(chained, log: log, key: own.key)
    return chained
  }

  private func openOwnLog(_ log: LogID) throws -> OwnLog {
    try replica.checkServing()
    if let closing = membership.closing(of: log) {
      throw StoreError.rejected(
        "this replica's log of \(log.scope) was closed by the hub after entry \(closing); "
          + "it needs its next key generation before it can write", .closed)
    }
    let key = try ledger.openKey(of: log, in: identity.realm)
    let head = try ledger.head(ofKey: key)
    return OwnLog(key: key, chain: LogChain(log, in: identity.realm, after: head))
  }

  /// Refuses what `append` would refuse, before anything is written.
  func checkLimits(_ header: EntryBody, _ values: Values) throws {
    try Self.checkLimits(header, header.encoded(), .block(values.block(salt: (0, 0))))
  }

  /// What an honest member commits can never be refused later (I5).
  private static func checkLimits(
    _ header: EntryBody, _ body: [UInt8], _ proof: Entry.Proof
  ) throws {
    guard header.writes.count <= Limits.writes, body.count <= Limits.body else {
      throw StoreError.rejected(
        "too many changes at once: at most \(Limits.writes) fields and elements of a record",
        .tooMuch)
    }
    guard header.writes.reduce(0, { $0 + $1.bases.count }) <= Limits.bases else {
      throw StoreError.rejected(
        "the change replaces more than \(Limits.bases) earlier writes", .tooMuch)
    }
    if case .block(let block) = proof, block.count > Limits.block {
      throw StoreError.rejected("the values of one change exceed \(Limits.block) bytes", .tooMuch)
    }
  }

  /// Stores a chained entry of any log and notes what it touches.
  func record(_ entry: ChainedEntry, log: LogID, key: Int64) throws {
    guard let id = entry.header.record else {
      try ledger.insert(entry, log: key, record: nil)
      return
    }
    let (record, isNew) = try ledger.openKey(of: id)
    try ledger.insert(entry, log: key, record: record)
    touched[
      record, default: Touched(id: id, isNew: isNew, all: isNew ? [] : known(record))
    ].all?.append(
      LoggedEntry(
        log: log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
        values: entry.values))
  }

  private func known(_ record: Int64) -> [LoggedEntry]? {
    latest?.record == record ? latest?.entries : nil
  }

  /// Has a record folded at the end of this transaction.
  func touch(_ record: Int64, _ id: RecordID) {
    touched[record] = Touched(id: id, isNew: false, all: nil)
    latest = nil
  }

  /// Signs with `key` from now on, as the own generation.
  func use(_ key: SigningKey) {
    self.key = key
    replica.key = VerifyingKey(of: key)
  }

  /// Appends a control entry (hub only) and lets it count at once.
  package func append(_ act: Control, at now: UInt64) throws {
    let entry = try append(
      EntryBody(recordedAt: now, control: try act.encoded()), values: nil, to: .public)
    replica.learn([
      ControlEntry(
        hubGeneration: identity.generation, sequence: entry.sequence, control: act)
    ])
  }

  // MARK: - Folding

  /// The state of a record as it stands in this transaction.
  package func state(of id: RecordID) throws -> RecordState? {
    guard let key = try ledger.key(of: id) else { return nil }
    let entries = try touched[key]?.all ?? ledger.entries(ofRecord: key)
    latest = (key, entries)
    return Fold.record(id, entries, under: membership)
  }

  /// Folds every touched record into the directory tables and executes destructions.
  func foldTouched() throws {
    try fold(touched.keys.sorted())
    for note in touched.values { changedRecords.insert(note.id) }
    touched.removeAll(keepingCapacity: true)
    // Folding may have destroyed values.
    latest = nil
  }

  /// What is to be folded of a record.
  func unfolded(_ record: Int64) throws -> UnfoldedRecord {
    let note = touched[record]
    return UnfoldedRecord(
      key: record, id: try note?.id ?? ledger.id(of: record),
      entries: try note?.all ?? ledger.entries(ofRecord: record), isNew: note?.isNew ?? false)
  }

  // MARK: - Sealing

  func sign(_ head: LogHead, of log: LogID) throws -> [UInt8] {
    try SignedHead(signing: head, of: log, in: identity.realm, with: key).signature
  }

  /// Whether a head of this replica's own log is signed with its key.
  func isSigned(_ head: SignedHead) -> Bool {
    head.isValid(in: identity.realm, by: VerifyingKey(of: key))
  }

  /// Signs the heads of own logs and, at the hub, appends what was written to the feeds.
  ///
  /// - Throws: `StoreError.rejected` if the store was opened without the key of its generation.
  func seal() throws {
    guard chains.isEmpty || isSigner else {
      throw StoreError.rejected(
        "this replica cannot write: the key it was opened with is not that of generation "
          + "\(identity.generation)", .closed)
    }
    for (log, own) in chains.sorted(by: { $0.key < $1.key }) {
      let head = own.chain.head
      let isPushed = log.scope != .local
      let signature =
        isPushed
        ? try SignedHead(signing: head, of: log, in: identity.realm, with: key).signature : nil
      try ledger.setHead(head, signature: signature, ofKey: own.key)
      if let signature, own.cuts.isEmpty, let entries = own.fresh {
        freshBundles[log] = UnverifiedBundle(
          log: log, first: head.sequence + 1 - UInt64(entries.count), entries: entries,
          signature: signature)
      }
      if identity.role == .hub, isPushed { try appendOwnToFeed(log, own) }
    }
    grown.formUnion(chains.keys)
    chains = [:]
  }

  /// Signs the head of a log of the own generation, if no signature under it is kept: the feeds of
  /// older databases brought none.
  func signHead(of log: LogID) throws {
    guard isSigner, let key = try ledger.key(of: log), let head = try ledger.head(ofKey: key),
      try ledger.signature(under: head.sequence, ofKey: key) == nil
    else { return }
    let signed = try SignedHead(signing: head, of: log, in: identity.realm, with: self.key)
    try ledger.setHead(head, signature: signed.signature, ofKey: key)
    try ledger.keep(signed.signature, under: head.sequence, ofKey: key)
  }

  private var isSigner: Bool {
    let own = VerifyingKey(of: key)
    if replica.key == nil { replica.key = own }
    return replica.key == own
  }

  private func appendOwnToFeed(_ log: LogID, _ own: OwnLog) throws {
    for cut in own.cuts + [own.chain.head] {
      let signed = try SignedHead(signing: cut, of: log, in: identity.realm, with: key)
      try appendToFeed(signed, key: own.key)
    }
  }

  /// Appends a bundle that this hub accepted to the feed of its scope.
  @discardableResult
  func appendToFeed(_ signed: SignedHead, key: Int64) throws -> FeedPosition {
    let scope = signed.log.scope
    var chain = FeedChain(
      of: scope, in: identity.realm, hubGeneration: identity.generation,
      after: try ledger.feedEnd(of: scope))
    let position = chain.append(signed.log, signed.head)
    try ledger.appendToFeed(position, of: scope, log: key, last: signed.head.sequence)
    try ledger.keep(signed.signature, under: signed.head.sequence, ofKey: key)
    movedFeeds = true
    return position
  }
}
