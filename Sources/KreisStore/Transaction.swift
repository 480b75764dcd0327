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
  private(set) var changedRecords: Set<RecordID> = []
  /// Of what was folded, the records that may ask something of this member.
  private(set) var concerning: Set<RecordID> = []
  /// What was met on the way and holds up only what it concerns.
  private(set) var damages: [Damage] = []
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
  }

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
    chains[log] = own
    try record(chained, log: log, key: own.key)
    return chained
  }

  private func openOwnLog(_ log: LogID) throws -> OwnLog {
    try replica.checkServing()
    if let closing = membership.closing(of: log) {
      throw StoreError.rejected(
        "this replica's log of \(log.scope) was closed by the hub after entry \(closing); "
          + "it needs its next key generation before it can write")
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
        "too many changes at once: at most \(Limits.writes) fields and elements of a record")
    }
    guard header.writes.reduce(0, { $0 + $1.bases.count }) <= Limits.bases else {
      throw StoreError.rejected("the change replaces more than \(Limits.bases) earlier writes")
    }
    if case .block(let block) = proof, block.count > Limits.block {
      throw StoreError.rejected("the values of one change exceed \(Limits.block) bytes")
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
    // In a fixed order, so that equal work leaves equal files.
    for (record, note) in touched.sorted(by: { $0.key < $1.key }) {
      try foldUnlessDamaged(record, note.id, note.all, isNew: note.isNew)
      changedRecords.insert(note.id)
    }
    touched.removeAll(keepingCapacity: true)
    // Folding may have destroyed values.
    latest = nil
  }

  /// Folds one record anew. One with a damaged entry cannot be folded: it waits for its repair,
  /// unreadable so long, and holds up nothing else.
  ///
  /// - Parameters:
  ///   - all: its entries, if they are at hand.
  ///   - isNew: whether it certainly was never folded before.
  func foldUnlessDamaged(
    _ record: Int64, _ id: RecordID, _ all: [LoggedEntry]? = nil, isNew: Bool = false
  ) throws {
    do {
      try fold(record, id, all ?? ledger.entries(ofRecord: record), isNew: isNew)
    } catch StoreError.damaged(let damage) {
      damages.append(damage)
      try setAside(record)
    }
  }

  /// Folds one record anew.
  ///
  /// - Parameter isNew: whether it certainly was never folded before.
  func fold(
    _ record: Int64, _ id: RecordID, _ entries: [LoggedEntry], isNew: Bool = false
  ) throws {
    let state = Fold.record(id, entries, under: membership)
    if RecordDuties.mayArise(from: entries)
      || identity.role == .hub && state.mayConcernHub(membership)
    {
      concerning.insert(id)
    }
    for entry in entries
    where entry.values != nil && state.destroyed.contains(entry.hash) && !isPlanted(.keepsDestroyed)
      && !(isPlanted(.republishesDestroyed) && replica.isGathering)
    {
      try ledger.destroyBlock(ofEntry: entry)
      hasDestroyed = true
    }
    try destroyAside(record, state)
    let old = isNew ? nil : try foldedBefore(record)
    let row = tables.row(record, state)
    if !isPlanted(.staleTable) || isNew {
      try tables.write(record, row, oldKind: old?.kind ?? 0, in: ledger)
    }
    var sum = Mark()
    for entry in entries { sum.toggle(entry.hash) }
    let new = Folded(
      kind: state.kind ?? 0, isShown: row != nil, conflicts: Int64(state.conflicts.count),
      seal: RecordSeal(
        id: id, entries: sum, kind: state.kind ?? 0, isDeleted: state.isDeleted,
        conflicts: Int64(state.conflicts.count), row: row?.values
      ).mark)
    let update = try ledger.prepared(.updateRecord)
    update.bind(1, Int64(new.kind))
    update.bind(2, state.isDeleted ? 1 : 0)
    update.bind(3, new.conflicts)
    update.bind(4, sum)
    update.bind(5, new.seal)
    update.bind(6, new.isShown ? 1 : 0)
    update.bind(7, record)
    try update.run()
    ledger.unfolded[record] = nil
    try old.map { try count($0) { $0.remove($1) } }
    try count(new) { $0.add($1) }
  }

  /// What of a record's row the sums are about.
  private struct Folded {
    let kind: UInt32
    let isShown: Bool
    let conflicts: Int64
    let seal: Mark
  }

  /// `nil` if the record was not folded, or is in no sum because it could not be.
  private func foldedBefore(_ record: Int64) throws -> Folded? {
    let query = try ledger.prepared(.foldedRecord)
    query.bind(1, record)
    return try query.first { row in
      try row.mark(3).map { seal in
        Folded(
          kind: UInt32(truncatingIfNeeded: try row.integer(0)), isShown: try row.integer(1) != 0,
          conflicts: try row.integer(2), seal: seal)
      }
    } ?? nil
  }

  private func count(_ folded: Folded, _ change: (inout Tally, Mark) -> Void) throws {
    try ledger.change(.records) { change(&$0, folded.seal) }
    if folded.isShown { try ledger.change(.kind(folded.kind)) { change(&$0, folded.seal) } }
    if folded.conflicts > 0 { try ledger.change(.conflicts) { change(&$0, folded.seal) } }
  }

  /// Makes a record unreadable that could not be folded with all its entries: the row is out of date.
  private func setAside(_ record: Int64) throws {
    guard let old = try foldedBefore(record) else { return }
    try count(old) { $0.remove($1) }
    try db.execute(sql: "UPDATE record SET seal = NULL WHERE record = ?", arguments: [record])
  }

  /// Folds anew what a change of membership concerns (I3): records whose stewards changed, and
  /// records that a member with a new key or closing wrote on.
  func foldConcerned(by older: Membership) throws {
    let (records, authors) = membership.difference(from: older)
    var keys: Set<Int64> = []
    for id in records { if let key = try ledger.key(of: id) { keys.insert(key) } }
    for author in authors {
      let logs = try Int64.fetchAll(
        db, sql: "SELECT log FROM log WHERE member = ?", arguments: [Int64(author.rawValue)])
      for log in logs {
        keys.formUnion(
          try Int64.fetchAll(
            db,
            sql: """
              SELECT DISTINCT record FROM entry
              WHERE entry BETWEEN ? AND ? AND record IS NOT NULL
              """,
            arguments: [EntryKey.all(of: log).lowerBound, EntryKey.all(of: log).upperBound]))
      }
    }
    for key in keys.sorted() {
      let id = try ledger.id(of: key)
      try foldUnlessDamaged(key, id)
      changedRecords.insert(id)
    }
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
          + "\(identity.generation)")
    }
    for (log, own) in chains.sorted(by: { $0.key < $1.key }) {
      let head = own.chain.head
      let isPushed = log.scope != .local
      let signature =
        isPushed
        ? try SignedHead(signing: head, of: log, in: identity.realm, with: key).signature : nil
      try ledger.setHead(head, signature: signature, ofKey: own.key)
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
