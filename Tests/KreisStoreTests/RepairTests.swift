// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

/// Damages of single rows: found, named, and repaired from the hub or from what is held.
@Suite struct RepairTests {
  private func federation() async throws -> Federation {
    let net = try await Federation(towns: 2, seed: 3)
    var ids: [RecordID] = []
    for index in 0..<12 { ids.append(try net.add("Haus \(index)", to: net.towns[index % 2])) }
    try await net.syncAll()
    for (index, id) in ids.enumerated() where index.isMultiple(of: 2) {
      try net.edit(id, "description", "Mo bis Fr", in: net.towns[0])
    }
    _ = try net.add("Kreis", to: net.hub)
    try await net.syncAll()
    return net
  }

  private func damage(_ path: String, _ sql: String) throws {
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(sql: sql)
      #expect(db.totalChangesCount > 0, "\(sql)")
    }
  }

  /// What `resync` does, with the hub's store in place of its network.
  private func resync(_ town: Store, _ net: Federation) async throws -> Scrub {
    let found = try await town.scrub().found
    _ = try await town.repairLocally(found)
    var asked: Set<LogGap> = []
    while true {
      let gaps = try await town.read { try $0.gaps(found) }.filter { !asked.contains($0) }
      if gaps.isEmpty { break }
      for gap in gaps {
        asked.insert(gap)
        let bundle = try await net.hub.read { try $0.bundle(of: gap.log, from: gap.sequence) }
        if let bundle { _ = try await town.repair(gap, with: bundle) }
      }
    }
    _ = try await town.repairLocally(found)
    try await town.reloadMembers()
    try await net.pull(town)
    _ = try await town.write { try $0.rebuild() }
    return try await town.scrub()
  }

  @Test(arguments: [
    "UPDATE entry SET body = CAST(substr(body, 1, 3) || x'55' || substr(body, 5) AS BLOB)"
      + " WHERE entry % 5 = 2",
    "UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)"
      + " WHERE block IS NOT NULL AND entry % 3 = 1",
    "UPDATE entry SET hash = CAST(x'55' || substr(hash, 2) AS BLOB) WHERE entry % 4 = 1",
    "UPDATE entry SET record = 1 WHERE record = 3",
    "UPDATE entry SET block = NULL, commitment = zeroblob(32) WHERE block IS NOT NULL",
    "DELETE FROM entry WHERE entry % 3 = 0 AND record IS NOT NULL",
    "DELETE FROM entry WHERE entry = (SELECT max(entry) FROM entry)",
    "UPDATE log SET hash = zeroblob(32) WHERE sequence > 1",
    "UPDATE log SET sequence = sequence - 1 WHERE sequence > 1",
    "UPDATE log SET signature = zeroblob(64) WHERE sequence > 0",
    "UPDATE feed SET hash = zeroblob(32) WHERE position = 3",
    "UPDATE feed SET last = last + 1 WHERE position = 4",
    "DELETE FROM feed WHERE position >= 3",
    "DELETE FROM feed",
    "UPDATE feed_head SET signature = zeroblob(64)",
    "UPDATE tally SET mark = zeroblob(16)",
    "UPDATE record SET id = CAST(substr(id, 1, 15) || x'00' AS BLOB) WHERE record = 2",
    "UPDATE record SET kind = 3, conflicts = 1 WHERE record = 2",
    "UPDATE organization SET name = 'Haos' WHERE record = 4",
    "DELETE FROM organization WHERE record = 4",
  ])
  func `What is damaged is found and repaired from the hub`(sql: String) async throws {
    let net = try await federation()
    let before = try digests(net.towns[0])
    try damage(net.path("town0"), sql)
    let random = net.random
    let town = try Store.open(
      at: net.path("town0"), key: try net.requiredKey("town0"), random: { random.next() },
      forRepair: true)
    let found = try await town.scrub().found
    #expect(!found.isEmpty)
    // The slices of a scrub, all cores and one reader see the same.
    #expect(Set(try await town.verify().damages) == found)
    #expect(Set(try town.blockingRead { try $0.verify() }.damages) == found)
    let after = try await resync(town, net)
    #expect(after.found.isEmpty, "\(after.found.map(\.finding))")
    #expect(try digests(town) == before)
  }

  @Test func `Values that are gone though nothing destroyed them come from the hub`() async throws {
    let net = try await federation()
    let town = net.towns[0]
    let before = try digests(town)
    let queue = try DatabaseQueue(path: net.path("town0"))
    try await queue.write { db in
      for row in try Row.fetchAll(db, sql: "SELECT entry, block FROM entry WHERE block IS NOT NULL")
      {
        try db.execute(
          sql: "UPDATE entry SET block = NULL, commitment = ? WHERE entry = ?",
          arguments: [Hash256(of: try row.block(1) ?? []).data, try row.integer(0)])
      }
    }
    let found = try await town.scrub().found
    #expect(found.contains { $0.finding.contains("has lost its values") })
    #expect(try await resync(town, net).found.isEmpty)
    #expect(try digests(town) == before)
  }

  @Test func `Own entries that were never sent are named when nobody else has them`() async throws {
    let net = try await federation()
    let town = net.towns[0]
    let id = try net.add("Nur hier", to: town)
    let other = try net.add("Danach", to: town)
    try damage(
      net.path("town0"),
      """
      UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)
      WHERE record = (SELECT max(record) - 1 FROM record)
      """)
    #expect(throws: StoreError.self) { try net.value(id, "name", in: town) }
    #expect(try net.value(other, "name", in: town) == "Danach")
    await #expect(throws: StoreError.self) {
      while let bundle = try await town.nextBundle(of: town.identity.log(.public)) {
        town.acknowledge(bundle.log, through: bundle.last)
      }
    }
    let after = try await resync(town, net)
    #expect(after.found.contains { if case .entry = $0.place { true } else { false } })
    #expect(try net.value(other, "name", in: town) == "Danach")
  }

  @Test func `A damaged entry holds up its own record and no other, and the hub goes on`()
    async throws
  {
    let net = try await federation()
    let town = net.towns[0]
    let id = try net.add("Betroffen", to: town)
    try await net.syncAll()
    try damage(
      net.path("hub"),
      """
      UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)
      WHERE record = (SELECT max(record) FROM record)
      """)
    // A later edit of the damaged record cannot be folded, but it is accepted.
    try net.edit(id, "description", "später", in: town)
    let other = try net.add("Unbeteiligt", to: town)
    try await net.push(town)
    #expect(try net.value(other, "name", in: net.hub) == "Unbeteiligt")
    #expect(throws: StoreError.self) { try net.value(id, "name", in: net.hub) }
    #expect(!net.hub.damages.isEmpty)
    // Who has the entry already gets what follows.
    try await net.pull(net.towns[1])
    #expect(try net.value(other, "name", in: net.towns[1]) == "Unbeteiligt")
  }

  @Test func `A complete look comes to the same in slices as at once, beside writing`() async throws
  {
    let net = try await federation()
    var scrub = Scrub()
    while !scrub.isComplete {
      let before = scrub
      scrub = try await net.towns[0].read { snapshot in
        var next = before
        try next.slice(snapshot)
        return next
      }
      _ = try net.add("Neu", to: net.towns[0])
    }
    #expect(scrub.found.isEmpty, "\(scrub.found.map(\.finding))")
    #expect(scrub.records > 10)
  }

  @Test func `A record that waits for its repair may hide a destruction, also after a restart`()
    async throws
  {
    let net = try await federation()
    let town = net.towns[0]
    let id = try net.add("Betroffen", to: net.hub)
    try await net.syncAll()
    #expect(try town.blockingRead { try !$0.mayHideDestruction() })
    try damage(
      net.path("town0"),
      """
      UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)
      WHERE record = (SELECT max(record) FROM record)
      """)
    try net.edit(id, "description", "später", in: net.hub)
    try await net.pull(town)
    let random = net.random
    let again = try Store.open(
      at: net.path("town0"), key: try net.requiredKey("town0"), random: { random.next() },
      forRepair: true)
    for store in [town, again] {
      #expect(try store.blockingRead { try $0.mayHideDestruction() })
    }
    let after = try await resync(again, net)
    again.noteDamages(after.found)
    #expect(try again.blockingRead { try !$0.mayHideDestruction() })
  }

  @Test(arguments: ["body", "signature"])
  func `A verification looks at what stands beside the logs as well`(what: String) async throws {
    let net = try await federation()
    _ = try await net.fork()
    #expect(try net.hub.blockingRead { try $0.verify() }.isSound)
    #expect(try net.hub.blockingRead { try $0.forks() }.first?.contains("town0 signed two") == true)
    try damage(
      net.path("hub"),
      what == "body"
        ? "UPDATE set_aside SET body = CAST(substr(body, 1, 9) || x'55' || substr(body, 11) AS BLOB)"
        : "UPDATE branch SET signature = zeroblob(64)")
    let report = try net.hub.blockingRead { try $0.verify() }
    #expect(!report.isSound && report.differences.count == 1, "\(report.differences)")
  }
}
