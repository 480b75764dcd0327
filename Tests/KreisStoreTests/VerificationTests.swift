// SPDX-License-Identifier: EUPL-1.2

import Crypto
import GRDB
import KreisCore
import Testing

@testable import KreisStore

struct VerificationTests {
  /// More records and entries than one part of a verification has.
  private func large() async throws -> Federation {
    let net = try await Federation(towns: 2)
    let kind = try Schema.directory.kind(named: "organization")
    let field = try kind.field(named: "name")
    for town in net.towns {
      try town.blockingWrite { transaction in
        for number in 1...1_100 {
          let id = try transaction.create(
            kind, [Edit(field, .value("Kita \(number)"))], net.occasion())
          _ = try transaction.change(
            id, [Edit(field, .value("Kita Nr. \(number)"))], net.occasion())
        }
      }
    }
    try await net.syncAll()
    return net
  }

  @Test func `All cores find what one reader finds, and hash states in the order of the ids`()
    async throws
  {
    let net = try await large()
    let town = net.towns[0]
    let expected = try town.blockingRead { try $0.verify() }
    #expect(expected.isSound && expected.recordsFolded == 2_200)
    // Control entries besides.
    #expect(expected.entriesHashed > 4_400)
    #expect(expected.entriesHashed == expected.scopes.reduce(0) { $0 + $1.entries })
    var states = SHA256()
    try town.blockingRead { snapshot in
      try snapshot.foldAll { state in
        if let part = state.scopes[.public] {
          states.update(data: part.canonical(of: state.record))
        }
      }
    }
    #expect(
      expected.scopes.first { $0.scope == .public }?.state == Hash256(Array(states.finalize())))
    for store in [town, net.towns[1], net.hub] {
      let report = try await store.verify()
      #expect(report.isSound, "\(report.differences)")
      #expect(report.recordsFolded == 2_200)
      #expect(
        report.scopes.first { $0.scope == .public } == expected.scopes.first { $0.scope == .public }
      )
    }
  }

  @Test func `A verification sees one state while others write`() async throws {
    let net = try await large()
    let town = net.towns[0]
    let writer = Task {
      for number in 1...50 { _ = try net.add("Währenddessen \(number)", to: town) }
    }
    for _ in 1...3 {
      let report = try await town.verify()
      #expect(report.isSound, "\(report.differences)")
    }
    try await writer.value
  }

  @Test(arguments: [
    "UPDATE entry SET body = CAST(substr(body, 1, 3) || x'55' || substr(body, 5) AS BLOB)"
      + " WHERE record = 1500",
    "UPDATE organization SET name = 'Haos' WHERE record = 2100",
    "DELETE FROM entry WHERE record = 999",
  ])
  func `What is damaged in any part is found`(sql: String) async throws {
    let net = try await large()
    try await DatabaseQueue(path: net.path("town1")).write { try $0.execute(sql: sql) }
    let alone = try net.towns[1].blockingRead { try $0.verify() }.damages
    #expect(!alone.isEmpty)
    #expect(try await net.towns[1].verify().damages == alone)
    #expect(net.towns[1].damages == alone)
  }
}
