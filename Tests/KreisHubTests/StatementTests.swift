// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct StatementTests {
    private func state(
      _ town: TestTown, _ statements: [WireSignedStatement]
    ) async throws -> ClientResponse {
      var wire = WireStatements()
      wire.statements = statements
      return try await town.post("/v1/statements", try wire.serializedBytes())
    }

    private func readAll(_ town: TestTown) async throws -> [FeedStatement] {
      let answer = try await town.get("/v1/statements")
      return try WireStatements(serializedBytes: answer.body).statements.map {
        try FeedStatement(verifying: $0, under: town.hub.store.membership)
      }
    }

    /// Those of towns.
    private func read(_ town: TestTown) async throws -> [FeedStatement] {
      try await readAll(town).filter { $0.member != town.hub.hub }
    }

    @Test func `The hub states where its feeds stand and which TLS key it has`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let own = try await readAll(town).filter { $0.member == hub.hub }
        #expect(own.map(\.head.scope) == [.public])
        let end = try await hub.store.read { try $0.feedEnds(for: town.member)[.public] }
        #expect(own.first?.head.at == end)
        #expect(own.first?.tlsKeys.count == 1 && own.first?.lowestProtocolVersion == 1)
      }
    }

    @Test func `A statement is kept and shown to the readers of its scope`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let answer = try await state(
          town, [try await town.statement(.public), try await town.statement(town.coordination)])
        #expect(answer.status == 204)
        #expect(try await read(town).map(\.head.scope) == [.public, town.coordination])
        let seen = try await read(other)
        #expect(seen.map(\.head.scope) == [.public] && seen.first?.member == town.member)
      }
    }

    @Test func `The latest statement about a scope replaces the one before`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        #expect(try await state(town, [try await town.statement(.kreis, at: 1)]).status == 204)
        #expect(try await state(town, [try await town.statement(.kreis, at: 2)]).status == 204)
        #expect(try await read(town).map(\.at) == [2])
      }
    }

    @Test func `A statement made at no possible time is refused`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let answer = try await state(town, [try await town.statement(.public, at: .max)])
        #expect(answer.problem == "statement")
      }
    }

    @Test func `Nobody states for another, or what the hub did not sign`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let good = try await town.statement(.public)
        #expect(try await state(other, [good]).problem == "statement")
        let forged = try await town.statement(.public, key: SigningKey())
        #expect(try await state(town, [forged]).problem == "statement")
        let head = FeedHead(
          hubGeneration: 1, scope: .public,
          at: FeedPosition(position: 9, hash: Hash256(of: [])),
          signature: Array(repeating: 1, count: 64))
        let invented = try FeedStatement(
          realm: hub.realm, member: town.member, generation: 1, head: head, foldVersion: 1,
          protocolVersion: 1, at: 1, software: "test"
        ).signed(with: town.key)
        #expect(try await state(town, [invented]).problem == "statement")
        #expect(try await state(town, Array(repeating: good, count: 17)).status == 400)
        #expect(try await read(town).isEmpty)
      }
    }
  }
}
