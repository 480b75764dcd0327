// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// Logs and entries, read and written in one open transaction.
final class Ledger: HeldLogs {
  let db: Database
  let realm: RealmID
  private var keys: [LogID: Int64] = [:]
  private var names: [Int64: LogID] = [:]
  /// Chains at their beginning.
  private var starts: [Int64: LogChain] = [:]
  /// By record: what was inserted since it was folded.
  var unfolded: [Int64: Mark] = [:]
  /// Sums that changed in this transaction.
  var changedTallies: [TallyName: Tally] = [:]
  /// Own records that no table shows because they are restricted, by kind and external id.
  var restrictedByKey: [UInt32: [String: Set<RecordID>]] = [:]
  /// Whether the index of records was found to be whole.
  var isRecordIndexWhole = false
  /// Whether the database tells of missing entries: from schema version 2 on.
  var hasSums = true
  /// Whether blocks lie in it as `PackedBlock` has them: from schema version 3 on.
  var packsBlocks = true
  private var statements = [HotStatement?](repeating: nil, count: HotSQL.allCases.count)
  /// By kind, those that write the directory tables.
  private var upserts: [UInt32: HotStatement] = [:]

  init(_ db: Database, in realm: RealmID) {
    self.db = db
    self.realm = realm
  }

  func prepared(_ sql: HotSQL) throws -> HotStatement {
    if let statement = statements[sql.rawValue] { return statement }
    let statement = try HotStatement(sql.text, in: db)
    statements[sql.rawValue] = statement
    return statement
  }

  func upsert(kind: UInt32, _ sql: String) throws -> HotStatement {
    if let statement = upserts[kind] { return statement }
    let statement = try HotStatement(sql, in: db)
    upserts[kind] = statement
    return statement
  }

  // MARK: - Logs

  /// The log's key in this database, `nil` if nothing of it is held.
  func key(of log: LogID) throws -> Int64? {
    if let key = keys[log] { return key }
    let scope = log.scope.columns
    let key = try Int64.fetchOne(
      db.cachedStatement(
        sql: "SELECT log FROM log WHERE member = ? AND generation = ? AND scope = ? AND town = ?"),
      arguments: [
        Int64(log.member.rawValue), Int64(log.generation), scope.kind, scope.town,
      ])
    if let key {
      keys[log] = key
      names[key] = log
    }
    return key
  }

  /// The log's key, made if nothing of it was held.
  func openKey(of log: LogID, in realm: RealmID) throws -> Int64 {
    if let key = try key(of: log) { return key }
    let scope = log.scope.columns
    let start = LogChain(log, in: realm).head
    try db.cachedStatement(
      sql: """
        INSERT INTO log (member, generation, scope, town, sequence, hash) VALUES (?, ?, ?, ?, 0, ?)
        """
    ).execute(arguments: [
      Int64(log.member.rawValue), Int64(log.generation), scope.kind, scope.town, start.hash.data,
    ])
    let key = db.lastInsertedRowID
    keys[log] = key
    names[key] = log
    try change(.logs) { $0.add(Mark(start.hash)) }
    return key
  }

  func name(of key: Int64) throws -> LogID {
    if let name = names[key] { return name }
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT member, generation, scope, town FROM log WHERE log = ?"),
        arguments: [key]),
      let member = MemberID(try row.unsigned(0))
    else {
      throw StoreError.damaged(Damage(.table("log"), "does not name a log that has entries"))
    }
    let name = LogID(
      member: member, generation: try row.unsigned32(1), scope: try row.scope(2))
    names[key] = name
    keys[name] = key
    return name
  }

  /// The logs of a member that this replica holds anything of, and where they end here.
  func logs(of member: MemberID) throws -> [(log: LogID, head: UInt64)] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT log, sequence FROM log WHERE member = ? AND sequence > 0
        ORDER BY generation, scope, town
        """, arguments: [Int64(member.rawValue)]
    ).map { (try name(of: $0.integer(0)), try $0.unsigned(1)) }
  }

  func head(of log: LogID) throws -> LogHead? {
    guard let key = try key(of: log) else { return nil }
    return try head(ofKey: key)
  }

  func head(ofKey key: Int64) throws -> LogHead? {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT sequence, hash FROM log WHERE log = ?"), arguments: [key])
    else { return nil }
    let sequence = try row.unsigned(0)
    guard sequence > 0 else { return nil }
    let head = LogHead(sequence: sequence, hash: try row.hash(1))
    // Whatever continues a log continues its last entry.
    guard try hash(ofEntry: EntryKey.make(key, sequence)) == head.hash else {
      throw StoreError.damaged(
        Damage(.log(try name(of: key)), "does not end with the entry that its head names"))
    }
    return head
  }

  func hash(of log: LogID, at sequence: UInt64) throws -> Hash256? {
    guard let key = try key(of: log) else { return nil }
    return try hash(ofEntry: EntryKey.make(key, sequence))
  }

  private func hash(ofEntry key: Int64) throws -> Hash256? {
    let query = try prepared(.hashOfEntry)
    query.bind(1, key)
    return try query.first { try $0.hash(0) }
  }

  /// The signed head of a log, `nil` where nothing is held or signed.
  func signedHead(of log: LogID) throws -> SignedHead? {
    guard let key = try key(of: log), let head = try head(ofKey: key),
      let signature = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT signature FROM log WHERE log = ?"), arguments: [key])?
        .bytes(0)
    else { return nil }
    return SignedHead(log: log, head: head, signature: signature)
  }

  func setHead(_ head: LogHead, signature: [UInt8]?, ofKey key: Int64) throws {
    try db.cachedStatement(
      sql: "UPDATE log SET sequence = ?, hash = ?, signature = ? WHERE log = ?"
    ).execute(arguments: [
      Int64(head.sequence), head.hash.data, signature.map { Data($0) }, key,
    ])
  }

  // MARK: - Entries

  func insert(_ entry: ChainedEntry, log key: Int64, record: Int64?) throws {
    let insertion = try prepared(.insertEntry)
    insertion.bind(1, EntryKey.make(key, entry.sequence))
    insertion.bind(2, record)
    insertion.bind(3, entry.hash)
    insertion.bind(4, entry.entry.body)
    insertion.bindNull(5)
    insertion.bindNull(6)
    switch entry.entry.proof {
    case .none: break
    case .block(let block): insertion.bind(5, PackedBlock.pack(block))
    case .destroyed(let commitment): insertion.bind(6, commitment)
    }
    try insertion.run()
    if let record {
      unfolded[record, default: .none].toggle(entry.hash)
    } else {
      try change(.control) { $0.add(Mark(entry.hash)) }
    }
  }

  /// Takes entries out of the accepted chain.
  func remove(_ keys: ClosedRange<Int64>) throws {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT record, hash FROM entry WHERE entry BETWEEN ? AND ?",
      arguments: [keys.lowerBound, keys.upperBound])
    while let row = try rows.next() {
      let hash = try row.hash(1)
      if row.hasNull(atIndex: 0) {
        try change(.control) { $0.remove(Mark(hash)) }
      } else {
        unfolded[try row.integer(0), default: .none].toggle(hash)
      }
    }
    try db.execute(
      sql: "DELETE FROM entry WHERE entry BETWEEN ? AND ?",
      arguments: [keys.lowerBound, keys.upperBound])
  }

  /// The entries `first...last` of a log, as they travel; at most `bytes` of them but at least one.
  /// Every one was checked against the chain.
  func entries(
    ofKey key: Int64, from first: UInt64, through last: UInt64, bytes: Int = .max
  ) throws -> [Entry] {
    var chain = try chain(ofKey: key, after: first - 1)
    let query = try prepared(.entriesOfLog)
    query.bind(1, EntryKey.make(key, first))
    query.bind(2, EntryKey.make(key, last))
    var out: [Entry] = []
    var size = 0
    var isFull = false
    try query.each { row in
      let entry = try checked(row, continuing: &chain)
      size += entry.size
      isFull = size > bytes && !out.isEmpty
      if !isFull { out.append(entry) }
      return !isFull
    }
    if isFull { return out }
    guard chain.head.sequence == last else { throw missing(key, chain.head.sequence + 1) }
    return out
  }

  /// The chain of a log at its beginning.
  func start(ofKey key: Int64) throws -> LogChain {
    if let start = starts[key] { return start }
    let start = LogChain(try name(of: key), in: realm)
    starts[key] = start
    return start
  }

  /// The chain of a log after the entry at `sequence`; 0: at its beginning.
  func chain(ofKey key: Int64, after sequence: UInt64) throws -> LogChain {
    let start = try start(ofKey: key)
    guard sequence > 0 else { return start }
    guard let hash = try hash(ofEntry: EntryKey.make(key, sequence)) else {
      throw missing(key, sequence)
    }
    return start.continued(after: LogHead(sequence: sequence, hash: hash))
  }

  func missing(_ key: Int64, _ sequence: UInt64) -> any Error {
    do {
      return StoreError.damaged(Damage(.entry(try name(of: key), sequence: sequence), "is missing"))
    } catch { return error }
  }

  static func entry(_ row: Row, _ column: Int) throws -> Entry {
    let body = try row.bytes(column) ?? []
    if let block = try row.block(column + 1) { return Entry(body: body, proof: .block(block)) }
    if let commitment = try row.bytes(column + 2), let hash = Hash256(commitment) {
      return Entry(body: body, proof: .destroyed(hash))
    }
    return Entry(body: body, proof: .none)
  }

  /// Destroys an entry's salt and values, keeping what its header committed to (I7).
  func destroyBlock(ofEntry entry: LoggedEntry) throws {
    guard let log = try key(of: entry.log) else { return }
    let key = EntryKey.make(log, entry.sequence)
    guard
      let block = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT block FROM entry WHERE entry = ?"), arguments: [key])?
        .block(0, isPacked: packsBlocks)
    else { return }
    try db.cachedStatement(
      sql: "UPDATE entry SET block = NULL, commitment = ? WHERE entry = ?"
    ).execute(arguments: [Hash256(of: block).data, key])
  }

  // MARK: - Records

  /// The record's key in this database.
  func key(of record: RecordID) throws -> Int64? {
    let query = try prepared(.keyOfRecord)
    query.bind(1, record)
    return try query.first { try $0.integer(0) }
  }

  /// The record's key, made if no entry named it so far.
  func openKey(of record: RecordID) throws -> (key: Int64, isNew: Bool) {
    // First the insertion: most records that come are new.
    let insertion = try prepared(.insertRecord)
    insertion.bind(1, record)
    try insertion.run()
    if let key = insertion.insertedRow { return (key, true) }
    guard let key = try key(of: record) else {
      throw StoreError.stateUnknown("record \(record) can be neither inserted nor found")
    }
    return (key, false)
  }

  func id(of key: Int64) throws -> RecordID {
    guard
      let bytes = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT id FROM record WHERE record = ?"), arguments: [key])?
        .bytes(0), let id = RecordID(bytes)
    else { throw StoreError.stateUnknown("a record without a valid id") }
    return id
  }
}
