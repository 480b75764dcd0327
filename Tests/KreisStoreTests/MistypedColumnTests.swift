// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

/// Columns that hold what nobody wrote: another type, no value, or a number out of its range. A
/// flipped bit in a row's header makes any of them. A replica says that it is damaged and goes on;
/// that a reader traps would end the daemon, and each restart of it.
///
/// If `KREISNETZ_TEST_FLIPS` is set, every column is hit with every value, else those that no hash
/// covers with one of the two worst.
@Suite struct MistypedColumnTests {
  /// In place of what stands there.
  private static let values = ["9223372036854775807", "'x'", "NULL", "-1", "x'00'", "1.5"]
  private static let isLong = ProcessInfo.processInfo.environment["KREISNETZ_TEST_FLIPS"] != nil

  /// A hub and towns with a row in every table: conflicts, forks, entries set aside, statements, an
  /// invite that was used and one that was not.
  private static func federation() async throws -> Federation {
    let net = try await Federation(towns: 2, seed: 21)
    let id = try net.add("Einrichtung", to: net.towns[0])
    try await net.syncAll()
    let backup = try net.backUp("town0")
    try net.edit(id, "name", "Vor dem Rückschritt", in: net.towns[0])
    try await net.push(net.towns[0])
    try net.edit(id, "name", "Süd", in: net.hub)
    // It writes before it notices, so its tail stands beside its log.
    try net.restore(0, from: backup)
    try net.edit(id, "name", "Nach dem Rückschritt", in: net.towns[0])
    try await net.openNextGeneration(0)
    try await net.hub.saveStatements([
      StoredStatement(
        member: net.towns[0].identity.member, scope: .public, position: 1, at: net.now,
        software: "kreisnetz", statement: [1], signature: [2])
    ])
    try net.hub.saveInvite(
      StoredInvite(
        name: "neu", title: "Neu", ags: "05962012", secret: [1], expiresAt: net.now + 9),
      at: net.now)
    return net
  }

  /// Every column of every table that has a row.
  private static func columns(_ path: String) throws -> [(table: String, column: String)] {
    try DatabaseQueue(path: path).read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      var out: [(String, String)] = []
      for table in tables where !table.hasPrefix("grdb") && !table.hasPrefix("sqlite") {
        guard try Row.fetchOne(db, sql: "SELECT * FROM \"\(table)\"") != nil,
          isLong || !Schema.directory.kinds.contains(where: { $0.name == table })
        else { continue }
        out += try db.columns(in: table).map { (table, $0.name) }
      }
      return out
    }
  }

  /// Takes what keeps wrong values out of a table's definition: they come from the disk.
  private static func unguard(_ path: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA writable_schema = ON")
      for guardian in [" STRICT", " NOT NULL", " TEXT", " BLOB", " INTEGER NOT"] {
        // The primary key's type stays: it makes the column the row's number.
        let keeps = guardian == " INTEGER NOT" ? " NOT" : ""
        try db.execute(
          sql: "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table'",
          arguments: [guardian, keeps])
      }
    }
    try queue.close()
  }

  /// Writes `value` into all rows, where they can take it.
  ///
  /// - Returns: whether any did.
  private static func damage(_ path: String, _ table: String, _ column: String, _ value: String)
    throws -> Bool
  {
    let queue = try DatabaseQueue(path: path)
    defer { try? queue.close() }
    return try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
      // A row's number is always a number.
      try? db.execute(sql: "UPDATE OR IGNORE \"\(table)\" SET \"\(column)\" = \(value)")
      return db.totalChangesCount > 0
    }
  }

  /// Does all that a replica can be asked to do. Whatever fails must say so with a `StoreError`.
  private static func exercise(
    _ path: String, _ role: String, _ net: Federation
  ) async throws -> Int {
    var refusals = 0
    func attempt(_ body: () async throws -> Void) async throws {
      do { try await body() } catch is StoreError { refusals += 1 }
    }
    let key = try net.requiredKey(role)
    let random = net.random
    let town = net.towns[0].identity.member
    for forRepair in [false, true] {
      try await attempt {
        let store = try Store.open(
          at: path, key: key, random: { random.next() }, forRepair: forRepair)
        let read = { (body: @escaping @Sendable (Snapshot) throws -> Void) in
          try await attempt { try store.blockingRead(body) }
        }
        try await read { for kind in Schema.directory.kinds { try $0.list(kind) { _ in } } }
        try await read { try $0.foldAll { _ in } }
        try await read { try $0.exportLog { _ in } }
        try await read { _ = try $0.recordsInConflict() }
        try await read { _ = try ($0.counts(), $0.conflictCount(), $0.isRestored()) }
        try await read { _ = try $0.memberOverview() }
        try await read { _ = try ($0.logCompleteness(), $0.renewal()) }
        try await read { _ = try ($0.branches(), $0.recovery()) }
        try await read { _ = try $0.branch(of: town, after: 0) }
        try await read { _ = try $0.feedHeads() }
        try await read { _ = try $0.lookup.record("key:x") }
        try await read { _ = try $0.lookup.deletedRecord(externalID: "x") }
        if !forRepair { try await read { _ = try $0.verify() } }
        try await read { snapshot in
          for log in try snapshot.relayableLogs(all: true) {
            _ = try snapshot.bundle(of: log, from: 1)
          }
        }
        try await attempt { _ = try await store.unsent() }
        try await attempt {
          _ = try await store.feedChunk(for: town, after: [:], includeOwn: true, bytes: 1 << 20)
        }
        try await attempt {
          for log in try await store.read({ try $0.relayableLogs(all: true) }) {
            _ = try await store.relay(log) { _ in .held(nil) }
          }
        }
        try await attempt {
          _ = try await store.join(name: "neu", key: VerifyingKey(of: key), at: 1) { _ in true }
        }
        try await attempt { _ = try net.add("Neu", to: store) }
        try await attempt { _ = try store.blockingWrite { try $0.reissue() } }
        guard forRepair else { return }
        try await attempt {
          let found = try await store.scrub().found
          _ = try await store.read { try $0.gaps(found) }
          _ = try await store.repairLocally(found)
        }
        try await attempt { _ = try store.blockingWrite { try $0.rebuild() } }
      }
    }
    return refusals
  }

  @Test(arguments: ["hub", "town0"])
  func `A column that holds what it cannot is a damage, and ends nothing`(
    replica: String
  ) async throws {
    let net = try await Self.federation()
    let file = try net.backUp(replica)
    let columns = try Self.columns(file)
    #expect(columns.count > 50)
    try Self.unguard(file)
    let original = [UInt8](try Data(contentsOf: URL(filePath: file)))
    let disk = CrashDisk()
    disk.put(original, as: "sound")
    let usual = try await Self.exercise(disk.path("sound"), replica, net)
    var (damaged, noticed) = (0, 0)
    for (index, (table, column)) in columns.enumerated() {
      for value in Self.isLong ? Self.values : [Self.values[index % 2]] {
        let name = "\(damaged)"
        disk.put(original, as: name)
        defer { disk.remove(name) }
        guard try Self.damage(disk.path(name), table, column, value) else { continue }
        damaged += 1
        if try await Self.exercise(disk.path(name), replica, net) > usual { noticed += 1 }
      }
    }
    #expect(noticed > damaged / 2, "\(noticed) of \(damaged)")
    print("\(replica): \(damaged) columns were damaged, \(noticed) made something fail")
  }
}
