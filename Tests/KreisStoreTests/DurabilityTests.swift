// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore
import KreisStore
import Testing

@Suite struct `A replica on disk` {
  @Test func `writes with synchronous=FULL`() async throws {
    let net = try await Federation(towns: 0)
    let mode = try net.hub.blockingWrite { try $0.synchronousMode() }
    #expect(mode == 2)
  }

  @Test func `is the same after it was closed and opened again`() async throws {
    let net = try await Federation(towns: 1)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    let before = try digests(net.towns[0])
    let again = try Store.openReadOnly(at: net.path("town0"))
    #expect(try digests(again) == before)
    #expect(again.membership == net.towns[0].membership)
    #expect(try net.value(id, "name", in: again) == "Kita")
  }

  @Test func `built anew from the log has the same tables`() async throws {
    let net = try await Federation(towns: 2)
    for index in 0..<20 { _ = try net.add("Kita \(index)", to: net.towns[index % 2]) }
    try await net.syncAll()
    let before = try net.towns[0].blockingRead { try $0.verify() }
    #expect(try net.towns[0].blockingWrite { try $0.rebuild() } == 20)
    let after = try net.towns[0].blockingRead { try $0.verify() }
    #expect(before.scopes == after.scopes)
    #expect(after.differences.isEmpty)
  }

  @Test(arguments: [
    "UPDATE entry SET body = CAST(substr(body, 1, 3) || x'55' || substr(body, 5) AS BLOB)"
      + " WHERE entry = (SELECT max(entry) FROM entry)",
    "UPDATE entry SET block = CAST(substr(block, 1, 20) || x'55' || substr(block, 22) AS BLOB)"
      + " WHERE block IS NOT NULL",
    "UPDATE entry SET hash = zeroblob(32) WHERE entry = (SELECT min(entry) FROM entry)",
    "UPDATE entry SET block = NULL WHERE block IS NOT NULL",
    "DELETE FROM entry WHERE entry = (SELECT max(entry) FROM entry)",
    "UPDATE log SET signature = zeroblob(64) WHERE signature IS NOT NULL",
    "UPDATE log SET sequence = sequence - 1 WHERE sequence > 1",
    "UPDATE feed SET hash = zeroblob(32) WHERE position = 1",
    "UPDATE feed SET last = last + 1",
    "UPDATE feed_head SET signature = zeroblob(64)",
    "DELETE FROM feed WHERE position = 2",
    "UPDATE organization SET name = 'Kits'",
    "UPDATE organization SET minimum_age = 3",
    "DELETE FROM organization",
    "UPDATE record SET conflicts = 1",
    "UPDATE record SET deleted = 1",
    "UPDATE record SET id = CAST(substr(id, 1, 15) || x'00' AS BLOB)",
  ])
  func `that was tampered with is found out`(sql: String) async throws {
    let net = try await Federation(towns: 1)
    for name in ["Kita Eins", "Kita Zwei"] { _ = try net.add(name, to: net.towns[0]) }
    try await net.syncAll()
    #expect(try net.towns[0].blockingRead { try $0.verify() }.differences.isEmpty)
    let queue = try DatabaseQueue(path: net.path("town0"))
    let changed = try await queue.write { db in
      try db.execute(sql: sql)
      return db.changesCount
    }
    #expect(changed > 0)
    let damaged = try Store.openReadOnly(at: net.path("town0"), forRepair: true)
    #expect(try !damaged.blockingRead { try $0.verify() }.differences.isEmpty)
  }

  @Test func `of a newer version is refused, and by name`() async throws {
    let net = try await Federation(towns: 0)
    let queue = try DatabaseQueue(path: net.path("hub"))
    try await queue.write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')")
    }
    #expect {
      try Store.open(at: net.path("hub"), key: SigningKey(), random: { 0 })
    } throws: { error in
      "\(error)".contains("newer version")
    }
  }

  @Test func `is not changed by a transaction that fails`() async throws {
    let net = try await Federation(towns: 1)
    let before = try digests(net.towns[0])
    struct Stop: Error {}
    let kind = try Schema.directory.kind(named: "organization")
    let name = try kind.field(named: "name")
    #expect(throws: StoreError.self) {
      try net.towns[0].blockingWrite { transaction in
        _ = try transaction.create(kind, [Edit(name, .value("Halb"))], net.occasion())
        throw Stop()
      }
    }
    #expect(try digests(net.towns[0]) == before)
    // And the log goes on without a gap.
    _ = try net.add("Ganz", to: net.towns[0])
    try await net.syncAll()
    #expect(try digests(net.towns[0])[.public] == digests(net.hub)[.public])
  }

  @Test func `names all that is wrong with a record before anything is written`() async throws {
    let net = try await Federation(towns: 1)
    let kind = try Schema.directory.kind(named: "organization")
    let ages = try (kind.field(named: "minimum_age"), kind.field(named: "maximum_age"))
    #expect {
      try net.towns[0].blockingWrite {
        _ = try $0.create(
          kind, [Edit(ages.0, .value("9")), Edit(ages.1, .value("3"))], net.occasion())
      }
    } throws: { error in
      "\(error)".contains("name") && "\(error)".contains("maximum_age")
    }
  }

  @Test func `keeps a field in the scope where it is when it is edited without a word`()
    async throws
  {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let kind = try Schema.directory.kind(named: "organization")
    let (name, street) = try (kind.field(named: "name"), kind.field(named: "street"))
    let id = try town.blockingWrite {
      try $0.create(
        kind,
        [Edit(name, .value("Zuflucht")), Edit(street, .value("Hier 1"), in: .coordination)],
        net.occasion())
    }
    try net.edit(id, "street", "Dort 2", in: town)
    let scopes = try #require(try town.blockingRead { try $0.state(of: id) }).scopes
    #expect(scopes[.public]?.registers[Register(tag: street.tag)] == nil)
    try await net.syncAll()
    #expect(try net.value(id, "street", in: town) == "Dort 2")
    #expect(try net.value(id, "street", in: net.hub) == "Dort 2")
  }
}
