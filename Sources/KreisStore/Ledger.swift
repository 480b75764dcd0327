import Foundation
import GRDB
import KreisCore

/// Logs and entries, read and written in one open transaction.
final class Ledger: HeldLogs {
  let db: Database
  private var keys: [LogID: Int64] = [:]
  private var names: [Int64: LogID] = [:]

  init(_ db: Database) { self.db = db }

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
    return key
  }

  func name(of key: Int64) throws -> LogID {
    if let name = names[key] { return name }
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT member, generation, scope, town FROM log WHERE log = ?"),
        arguments: [key]),
      let member = MemberID(UInt64(row[0] as Int64))
    else { throw StoreError.stateUnknown("entries of a log that the database does not name") }
    let name = LogID(
      member: member, generation: UInt32(row[1] as Int64), scope: try row.scope(2))
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
    ).map { (try name(of: $0[0]), UInt64($0[1] as Int64)) }
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
    let sequence = UInt64(row[0] as Int64)
    return sequence == 0 ? nil : LogHead(sequence: sequence, hash: try row.hash(1))
  }

  func hash(of log: LogID, at sequence: UInt64) throws -> Hash256? {
    guard let key = try key(of: log) else { return nil }
    return try Row.fetchOne(
      db.cachedStatement(sql: "SELECT hash FROM entry WHERE entry = ?"),
      arguments: [EntryKey.make(key, sequence)]
    ).map { try $0.hash(0) }
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
    let (block, commitment) = entry.entry.columns
    try db.cachedStatement(
      sql: """
        INSERT INTO entry (entry, record, hash, body, block, commitment) VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      EntryKey.make(key, entry.sequence), record, entry.hash.data, Data(entry.entry.body), block,
      commitment,
    ])
  }

  /// The entries `first...last` of a log, as they travel; at most `bytes` of them but at least one.
  func entries(
    ofKey key: Int64, from first: UInt64, through last: UInt64, bytes: Int = .max
  ) throws -> [Entry] {
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT body, block, commitment FROM entry WHERE entry BETWEEN ? AND ? ORDER BY entry
          """),
      arguments: [EntryKey.make(key, first), EntryKey.make(key, last)])
    var out: [Entry] = []
    var size = 0
    while let row = try rows.next() {
      let entry = try Self.entry(row, 0)
      size += entry.size
      if size > bytes, !out.isEmpty { break }
      out.append(entry)
    }
    return out
  }

  static func entry(_ row: Row, _ column: Int) throws -> Entry {
    let body = try row.bytes(column) ?? []
    if let block = try row.bytes(column + 1) { return Entry(body: body, proof: .block(block)) }
    if let commitment = try row.bytes(column + 2), let hash = Hash256(commitment) {
      return Entry(body: body, proof: .destroyed(hash))
    }
    return Entry(body: body, proof: .none)
  }

  /// Destroys an entry's salt and values, keeping what its header committed to (I7).
  func destroyBlock(ofEntry key: Int64) throws {
    guard
      let block = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT block FROM entry WHERE entry = ?"), arguments: [key])?
        .bytes(0)
    else { return }
    try db.cachedStatement(
      sql: "UPDATE entry SET block = NULL, commitment = ? WHERE entry = ?"
    ).execute(arguments: [Hash256(of: block).data, key])
  }

  // MARK: - Records

  /// The record's key in this database.
  func key(of record: RecordID) throws -> Int64? {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT record FROM record WHERE id = ?"),
      arguments: [Data(record.bytes)])
  }

  /// The record's key, made if no entry named it so far.
  func openKey(of record: RecordID) throws -> (key: Int64, isNew: Bool) {
    // First the insertion: most records that come are new.
    try db.cachedStatement(sql: "INSERT INTO record (id) VALUES (?) ON CONFLICT (id) DO NOTHING")
      .execute(arguments: [Data(record.bytes)])
    if db.changesCount > 0 { return (db.lastInsertedRowID, true) }
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

  /// All entries of a record, with their keys.
  func entries(ofRecord key: Int64) throws -> [(key: Int64, entry: LoggedEntry)] {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT entry, hash, body, block FROM entry WHERE record = ?"),
      arguments: [key])
    var out: [(key: Int64, entry: LoggedEntry)] = []
    while let row = try rows.next() { out.append((row[0], try logged(row))) }
    return out
  }

  /// From the columns entry, hash, body, block.
  private func logged(_ row: Row) throws -> LoggedEntry {
    let key: Int64 = row[0]
    do {
      return LoggedEntry(
        log: try name(of: EntryKey.log(key)), sequence: EntryKey.sequence(key),
        hash: try row.hash(1), header: try EntryBody(decoding: try row.bytes(2) ?? []),
        values: try row.bytes(3).map { try Values(block: $0) })
    } catch let error as MalformedBytes {
      throw StoreError.stateUnknown("a damaged entry (\(error)); 'kreisnetz log verify' names it")
    }
  }

  // MARK: - Feeds

  func fed(_ log: LogID) throws -> UInt64 {
    guard let key = try key(of: log) else { return 0 }
    return try fed(ofKey: key)
  }

  func fed(ofKey key: Int64) throws -> UInt64 {
    UInt64(
      try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT pushed FROM log WHERE log = ?"), arguments: [key]) ?? 0)
  }

  func feedGeneration() throws -> UInt32 {
    UInt32(
      try Int64.fetchOne(db.cachedStatement(sql: "SELECT feed_generation FROM replica")) ?? 0)
  }

  func feedEnd(of scope: Scope) throws -> FeedPosition? {
    let columns = scope.columns
    return try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT position, hash FROM feed WHERE scope = ? AND town = ?
          ORDER BY position DESC LIMIT 1
          """), arguments: [columns.kind, columns.town]
    ).map { FeedPosition(position: UInt64($0[0] as Int64), hash: try $0.hash(1)) }
  }

  func feedHash(of scope: Scope, at position: UInt64) throws -> Hash256? {
    let columns = scope.columns
    return try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT hash FROM feed WHERE scope = ? AND town = ? AND position = ?"),
      arguments: [columns.kind, columns.town, Int64(position)]
    ).map { try $0.hash(0) }
  }

  func appendToFeed(
    _ position: FeedPosition, of scope: Scope, log key: Int64, last: UInt64
  ) throws {
    let columns = scope.columns
    try db.cachedStatement(
      sql: """
        INSERT INTO feed (scope, town, position, log, last, hash) VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      columns.kind, columns.town, Int64(position.position), key, Int64(last), position.hash.data,
    ])
    try db.cachedStatement(sql: "UPDATE log SET pushed = max(pushed, ?) WHERE log = ?")
      .execute(arguments: [Int64(last), key])
  }

  /// Keeps an author's verified signature: a bundle can end there.
  func keep(_ signature: [UInt8], under last: UInt64, ofKey key: Int64) throws {
    try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO signature (log, last, signature) VALUES (?, ?, ?)"
    ).execute(arguments: [key, Int64(last), Data(signature)])
  }

  /// The author's signature under entry `last`, if one is kept.
  func signature(under last: UInt64, ofKey key: Int64) throws -> [UInt8]? {
    try Row.fetchOne(
      db.cachedStatement(sql: "SELECT signature FROM signature WHERE log = ? AND last = ?"),
      arguments: [key, Int64(last)])?.bytes(0)
  }

  /// The first entry of the bundle that ends at `last`: after the log's previous one in the feed.
  func firstEntry(ofBundleEndingAt last: UInt64, log key: Int64) throws -> UInt64 {
    let previous = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT max(last) FROM feed WHERE log = ? AND last < ?"),
      arguments: [key, Int64(last)])
    return UInt64(previous ?? 0) + 1
  }

  /// Forgets the feeds of a hub generation that was replaced; the logs stay.
  func forgetFeeds() throws {
    try db.execute(sql: "DELETE FROM feed")
    try db.execute(sql: "DELETE FROM feed_head")
    try db.execute(sql: "UPDATE log SET pushed = 0")
  }

  func setFeedHead(_ head: FeedHead) throws {
    let columns = head.scope.columns
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO feed_head (scope, town, hub_generation, position, hash, signature)
        VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      columns.kind, columns.town, Int64(head.hubGeneration), Int64(head.at.position),
      head.at.hash.data, Data(head.signature),
    ])
  }

  // MARK: - Control

  /// All control entries of the hub's public logs: those of the member that the realm's root key
  /// certifies.
  func control(of realm: RealmID) throws -> [ControlEntry] {
    let rows = try Row.fetchCursor(
      db, sql: "SELECT entry, body FROM entry WHERE record IS NULL ORDER BY entry")
    var byAuthor: [MemberID: [ControlEntry]] = [:]
    var hub: MemberID?
    while let row = try rows.next() {
      let key: Int64 = row[0]
      let log = try name(of: EntryKey.log(key))
      guard log.scope == .public, let bytes = try row.bytes(1),
        let header = try? EntryBody(decoding: bytes), header.kind == .control,
        let control = try? Control(decoding: header.control)
      else { continue }
      if case .root(let certificate) = control, certificate.isValid, certificate.realm == realm,
        certificate.hub == log.member
      {
        hub = log.member
      }
      byAuthor[log.member, default: []].append(
        ControlEntry(
          hubGeneration: log.generation, sequence: EntryKey.sequence(key), control: control))
    }
    return hub.flatMap { byAuthor[$0] } ?? []
  }
}
