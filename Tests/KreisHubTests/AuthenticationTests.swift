// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore
import KreisTransport
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct AuthenticationTests {
    /// The status and problem of a feed request that is signed in some wrong way.
    private func outcome(_ town: TestTown, _ signing: TestTown.Signing) async throws -> String {
      let answer = try await town.hub.server.client.send(
        try town.request(.get, "/v1/feed", query: "own=true", signing: signing))
      return "\(answer.status) \(answer.problem ?? "-")"
    }

    @Test func `A request that the member signed is answered`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        #expect(try await outcome(town, .init()) == "200 -")
      }
    }

    @Test func `What another key, path, query, content or realm was signed for is refused`()
      async throws
    {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        #expect(try await outcome(town, .init(key: SigningKey())) == "401 bad-signature")
        #expect(try await outcome(town, .init(key: other.key)) == "401 bad-signature")
        #expect(try await outcome(town, .init(member: other.member)) == "401 bad-signature")
        #expect(try await outcome(town, .init(path: "/v1/statements")) == "401 bad-signature")
        #expect(try await outcome(town, .init(query: "own=false")) == "401 bad-signature")
        #expect(try await outcome(town, .init(query: "")) == "401 bad-signature")
        let elsewhere = RealmID(Array(repeating: 1, count: 32))
        #expect(try await outcome(town, .init(realm: elsewhere)) == "401 wrong-realm")
        #expect(try await outcome(town, .init(generation: 2)) == "401 unknown-key")
        #expect(try await outcome(town, .init(member: MemberID(1))) == "401 unknown-key")
      }
    }

    @Test func `Content other than the signed one is refused`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let answer = try await hub.server.client.send(
          try town.request(
            .post, "/v1/bundles", body: [1, 2, 3], signing: .init(body: [1, 2, 4])))
        #expect(answer.status == 401 && answer.problem == "bad-digest")
      }
    }

    @Test func `A request without a signature is told which fields it lacks`() async throws {
      try await TestHub.with { hub in
        for path in ["/v1/feed", "/v1/statements", "/v1/bundles/000000000001/1/public?from=1"] {
          let answer = try await hub.server.client.send(ClientRequest(.get, path))
          #expect(answer.status == 401 && answer.problem == "unsigned")
          #expect(answer.fields["www-authenticate"] != nil)
        }
      }
    }

    @Test func `A request that is sent again is refused`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let request = try town.request(.get, "/v1/statements")
        #expect(try await hub.server.client.send(request).status == 200)
        let again = try await hub.server.client.send(request)
        #expect(again.status == 401 && again.problem == "replayed")
      }
    }

    @Test func `A request out of the hub's time is refused, with the time in its Date field`()
      async throws
    {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let now = TestHub.now
        for created in [now - 3_600, now + 3_600, 0] {
          let answer = try await hub.server.client.send(
            try town.request(.get, "/v1/statements", signing: .init(created: created)))
          #expect(answer.status == 401 && answer.problem == "clock-skew")
          #expect(answer.fields["date"] != nil)
        }
        // Within the tolerance, but before the hub's start: what it answered then is forgotten.
        let answer = try await hub.server.client.send(
          try town.request(.get, "/v1/statements", signing: .init(created: now - 100)))
        #expect(answer.problem == "clock-skew")
      }
    }

    @Test func `A revoked member and a closed key generation are turned away`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let next = SigningKey()
        try hub.decide(
          .keyAdded(town.member, generation: 2, key: VerifyingKey(of: next), closes: []))
        #expect(try await outcome(town, .init()) == "403 closed-generation")
        #expect(try await outcome(town, .init(key: next, generation: 2)) == "200 -")
        try hub.decide(.closing(other.member, closes: [], revoked: true))
        #expect(try await outcome(other, .init()) == "403 revoked")
      }
    }

    @Test func `Who asks too often is told when to go on, and the others are not slowed`()
      async throws
    {
      let configuration = HubServerConfiguration.testing {
        $0.requestsPerSecond = 0.1
        $0.requestBurst = 3
      }
      try await TestHub.with(configuration) { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        for _ in 0..<3 { #expect(try await town.get("/v1/statements").status == 200) }
        let answer = try await town.get("/v1/statements")
        #expect(answer.status == 429 && answer.problem == "too-many-requests")
        let wait = try #require(answer.fields["retry-after"].flatMap(Int.init))
        #expect((1...10).contains(wait))
        #expect(try await other.get("/v1/statements").status == 200)
      }
    }

    @Test func `Addresses and methods that do not exist are problems, and health is open to all`()
      async throws
    {
      try await TestHub.with { hub in
        let client = hub.server.client
        #expect(try await client.send(ClientRequest(.get, "/")).problem == "not-found")
        #expect(try await client.send(ClientRequest(.get, "/v2/feed")).problem == "not-found")
        let wrong = try await client.send(ClientRequest(.post, "/v1/feed"))
        #expect(wrong.status == 405 && wrong.problem == "method-not-allowed")
        #expect(try await client.send(ClientRequest(.get, "/healthz")).status == 200)
        #expect(try await client.send(ClientRequest(.get, "/readyz")).status == 200)
      }
    }
  }
}
