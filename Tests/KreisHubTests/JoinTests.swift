// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct JoinTests {
    @Test func `An invite lets one key join, and a retry with it gets the same answer`()
      async throws
    {
      try await TestHub.with { hub in
        let key = SigningKey()
        let secret = try hub.invite("musterstadt")
        let first = try await hub.join("musterstadt", key, secret)
        #expect(first.status == 200)
        let reply = try WireJoinReply(serializedBytes: first.body)
        let member = try #require(MemberID(reply.member))
        #expect(reply.generation == 1 && reply.hub == hub.hub.rawValue)
        #expect(reply.title == "Stadt musterstadt" && reply.kreis == "Beispielkreis")
        #expect(hub.store.membership.key(of: member, generation: 1) == VerifyingKey(of: key))

        let members = hub.store.membership.members.count
        let again = try await hub.join("musterstadt", key, secret)
        #expect(again.status == 200 && again.body == first.body)
        #expect(hub.store.membership.members.count == members)

        let other = try await hub.join("musterstadt", SigningKey(), secret)
        #expect(other.status == 403 && other.problem == "invite-used")
      }
    }

    @Test func `Without the secret, in time and for this name, nobody joins`() async throws {
      try await TestHub.with { hub in
        let secret = try hub.invite("musterstadt")
        let wrong = try await hub.join("musterstadt", SigningKey(), Array(secret.reversed()))
        #expect(wrong.status == 403 && wrong.problem == "invite-proof")
        let name = try await hub.join("nebenstadt", SigningKey(), secret)
        #expect(name.status == 403 && name.problem == "invite-unknown")
        let late = try hub.invite("altstadt", expiresIn: -1)
        let expired = try await hub.join("altstadt", SigningKey(), late)
        #expect(expired.status == 403 && expired.problem == "invite-expired")
        #expect(hub.store.membership.members.count == 1)
      }
    }

    @Test func `A key joins only by its own signature`() async throws {
      try await TestHub.with { hub in
        let key = SigningKey()
        let secret = try hub.invite("musterstadt")
        let proof = JoinProof.make(
          secret: secret, realm: hub.realm, name: "musterstadt", key: VerifyingKey(of: key))
        let stolen = try await hub.join("musterstadt", key, proof: proof, signedBy: SigningKey())
        #expect(stolen.status == 400 && stolen.problem == "malformed")
        #expect(hub.store.membership.members.count == 1)
      }
    }

    @Test func `What is no join request is refused`() async throws {
      try await TestHub.with { hub in
        let client = hub.server.client
        func post(_ body: [UInt8]) async throws -> ClientResponse {
          try await client.send(ClientRequest(.post, "/v1/members", body: body))
        }
        #expect(try await post([]).problem == "malformed")
        #expect(try await post([0xff, 0xff]).problem == "malformed")
        #expect(try await post(Array(repeating: 0, count: 2_000)).problem == "too-large")
        let name = try await hub.join(
          String(repeating: "n", count: 65), SigningKey(), Array(repeating: 1, count: 32))
        #expect(name.problem == "malformed")
      }
    }

    @Test func `Guessing is slowed down`() async throws {
      try await TestHub.with { hub in
        try hub.invite("musterstadt")
        let secret: [UInt8] = Array(repeating: 1, count: 32)
        var statuses: [Int] = []
        for _ in 0..<60 {
          statuses.append(try await hub.join("musterstadt", SigningKey(), secret).status)
        }
        #expect(statuses.first == 403 && statuses.last == 429)
      }
    }
  }
}
