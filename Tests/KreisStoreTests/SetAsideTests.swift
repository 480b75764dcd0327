// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

/// What stands beside logs, and databases that stand beside the present one.
@Suite struct SetAsideTests {
  @Test func `A damaged entry holds up none of those that were set aside with it`() async throws {
    let net = try await Federation(towns: 2)
    let names = ["Kita", "Hort", "Verein"]
    let ids = try names.map { try net.add($0, to: net.towns[0]) }
    try await net.openNextGeneration(0)
    try net.towns[0].blockingWrite { transaction in
      try transaction.db.execute(
        sql: "UPDATE set_aside SET block = zeroblob(30) WHERE sequence = 2")
      #expect(transaction.db.changesCount == 1)
    }
    _ = try await net.pushAndPull(0)
    try net.towns[0].blockingWrite { _ = try $0.reissue() }
    for index in [0, 1] { _ = try await net.pushAndPull(index) }
    for (id, name) in zip(ids, names) {
      #expect(try net.value(id, "name", in: net.towns[1]) == (name == "Hort" ? nil : name))
    }
    // Nothing of it is thrown away, and it is told.
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .ready(entries: 3))
    #expect(!net.towns[0].damages.isEmpty)
  }

  /// A hub that keeps the branch of a forked log, and a copy of its database that was set aside.
  private func forked() async throws -> (Federation, RecordID, copy: String) {
    let net = try await Federation(towns: 1)
    let id = try await net.fork()
    let copy = URL(filePath: net.path("hub")).deletingLastPathComponent()
      .appending(path: "kreisnetz-20261122T041500Z.sqlite").path
    try await DatabaseQueue(path: net.path("hub")).vacuum(into: copy)
    return (net, id, copy)
  }

  private func blocks(in copy: String) throws -> Int {
    try DatabaseQueue(path: copy).read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT (SELECT count(*) FROM set_aside WHERE block IS NOT NULL)
            + (SELECT count(*) FROM entry WHERE record IS NOT NULL AND block IS NOT NULL)
          """) ?? 0
    }
  }

  private func erase(_ id: RecordID, at store: Store) throws {
    let kind = try Schema.directory.kind(named: "organization")
    try store.blockingWrite {
      _ = try $0.append(
        EntryBody(
          recordedAt: 1_800_000_000, kind: .erase, recordKind: kind.tag, record: id, writes: []),
        values: Values(values: [], reason: "Art. 17"), to: .public)
    }
  }

  @Test func `What is erased is destroyed in a database set aside too, beside its logs as well`()
    async throws
  {
    let (net, id, copy) = try await forked()
    #expect(try blocks(in: copy) == 3)
    try erase(id, at: net.hub)
    #expect(try net.hub.blockingFinishDestruction())
    #expect(try blocks(in: copy) == 0)
  }

  @Test func `A database set aside that another program uses is waited for, and not deleted`()
    async throws
  {
    let (net, id, copy) = try await forked()
    try erase(id, at: net.hub)
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: copy, configuration: configuration)
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    #expect(try !net.hub.blockingFinishDestruction())
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    #expect(try net.hub.blockingFinishDestruction())
    #expect(try blocks(in: copy) == 0)
  }
}
