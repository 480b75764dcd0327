// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

@Suite struct `A database of schema version 1` {
  /// Makes a database as version 1 would have left it, with the content of a newer one.
  private func downgrade(_ newer: String, to older: String) throws {
    let queue = try DatabaseQueue(path: older)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: Schema1.sql)
      try db.execute(
        sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('1')")
      try db.execute(sql: "ATTACH ? AS newer", arguments: [newer])
      for table in ["replica", "log", "record", "entry", "feed_head", "statement", "invite"] {
        let columns = try db.columns(in: table).map { "\"\($0.name)\"" }.joined(separator: ", ")
        try db.execute(
          sql: "INSERT INTO main.\(table) (\(columns)) SELECT \(columns) FROM newer.\(table)")
      }
      for row in try Row.fetchAll(db, sql: "SELECT entry, block FROM entry WHERE block IS NOT NULL")
      {
        try db.execute(
          sql: "UPDATE entry SET block = ? WHERE entry = ?",
          arguments: [try row.block(1).map { Data($0) }, row.integer(0)])
      }
      try db.execute(
        sql: """
          INSERT INTO main.feed (arrival, scope, town, position, log, last, hash, signature)
          SELECT arrival, scope, town, position, log, last, hash, signature.signature
          FROM newer.feed LEFT JOIN newer.signature USING (log, last)
          """)
      try db.execute(sql: "UPDATE replica SET tables = ''")
      try db.execute(sql: "DETACH newer")
    }
  }

  @Test(arguments: ["hub", "town0"])
  func `is brought up to date and goes on as before`(name: String) async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita Löwenzahn", to: net.towns[0])
    try await net.syncAll()
    try net.edit(id, "name", "Kita Löwenzahn e. V.", in: net.towns[0])
    let store = name == "hub" ? net.hub : net.towns[0]
    let before = try digests(store)
    let older = net.path("\(name)-1")
    try downgrade(net.path(name), to: older)

    #expect(try Store.identity(at: older) == store.identity)
    #expect(throws: StoreError.self) { try Store.openReadOnly(at: older) }
    let random = net.random
    let opened = try Store.open(
      at: older, key: try net.requiredKey(name), random: { random.next() })
    #expect(try digests(opened) == before)
    #expect(opened.membership == store.membership)
    if name == "hub" { net.hub = opened } else { net.towns[0] = opened }
    try await net.syncAll()
    for replica in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: replica) == "Kita Löwenzahn e. V.")
    }
    #expect(try digests(net.towns[1])[.public] == digests(net.hub)[.public])
  }
}
