// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisTransport
import SwiftProtobuf
import Testing

@testable import KreisHub
@testable import KreisStore

extension HubTests {
  @Suite struct BundleTests {
    @Test func `A push is answered with its position, and the same again when repeated`()
      async throws
    {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let bundle = try await town.write("Beratungsstelle")
        let first = try await town.push(bundle)
        #expect(first.status == 200)
        #expect(first.fields["content-type"] == "application/x-protobuf")
        let position = try WirePushReply(serializedBytes: first.body).position
        let item = try #require(try await town.feed().flatMap(\.items).last)
        #expect(position == item.position)
        #expect(try Scope(item.scope) == bundle.log.scope)
        let again = try await town.push(bundle)
        #expect(again.status == 200)
        #expect(try WirePushReply(serializedBytes: again.body).position == position)
      }
    }

    @Test func `A hub that gathers refuses no log for good, because it knows too little`()
      async throws
    {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let known = try await town.write("Beratungsstelle")
        let log = LogID(member: town.member, generation: 2, scope: .public)
        let bundle = UnverifiedBundle(
          log: log, first: 1, entries: known.entries, signature: known.signature)
        let refused = try await town.push(bundle)
        #expect(refused.status == 422)
        #expect(String(decoding: refused.body, as: UTF8.self).contains("problem:refused"))
        // Halted before, as a hub that was restored.
        try hub.store.blockingWrite { $0.halt("restored") }
        #expect(try await town.push(bundle).problem == "hub-restored")
        try hub.store.startGathering()
        let later = try await town.push(bundle)
        #expect(later.status == 422)
        #expect(later.fields["retry-after"] == "10")
        #expect(String(decoding: later.body, as: UTF8.self).contains("problem:gathering"))
      }
    }

    @Test func `Its own public log a hub takes from strangers too, and nothing else`()
      async throws
    {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let log = LogID(member: hub.store.identity.member, generation: 1, scope: .public)
        let own = try #require(try await hub.store.read { try $0.bundle(of: log, from: 1) })
        for (bundle, status) in [(own, 200), (try await town.write("Beratungsstelle"), 401)] {
          let answer = try await hub.server.client.send(
            try town.request(
              .post, "/v1/bundles", body: WireBundle(bundle).serializedBytes(),
              signing: .init(member: MemberID(1))))
          #expect(answer.status == status)
        }
      }
    }

    @Test func `A push may be compressed, and answered as JSON`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let bytes: [UInt8] = try WireBundle(try await town.write("Familienbüro")).serializedBytes()
        let answer = try await town.post(
          "/v1/bundles", Zstd.compress(bytes),
          fields: ["content-encoding": "zstd", "accept": "application/json"])
        #expect(answer.status == 200)
        #expect(answer.fields["content-type"] == "application/json")
        let reply = try WirePushReply(jsonUTF8Bytes: answer.body)
        #expect(reply.position > 0)
        #expect(
          String(decoding: answer.body, as: UTF8.self) == "{\"position\":\"\(reply.position)\"}")
      }
    }

    @Test func `A bundle that does not continue its log is answered with the head that is held`()
      async throws
    {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let one = try await town.write("Hebammenpraxis")
        let early = UnverifiedBundle(
          log: one.log, first: one.last + 5, entries: one.entries, signature: one.signature)
        let nothing = try await town.push(early)
        #expect(nothing.status == 409)
        let none = try WireSignedHead(serializedBytes: nothing.body)
        #expect(try LogID(none.log) == one.log && none.sequence == 0 && none.hash.isEmpty)

        #expect(try await town.push(one).status == 200)
        let conflict = try await town.push(early)
        #expect(conflict.status == 409)
        let held = try SignedHead(try WireSignedHead(serializedBytes: conflict.body))
        #expect(held.log == one.log && held.head.sequence == one.last)
        #expect(held.isValid(in: hub.realm, by: VerifyingKey(of: town.key)))
      }
    }

    @Test func `What may never be accepted is refused with its reason`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let bundle = try await town.write("Kita Regenbogen")
        let secret = try await town.write("Zuflucht", in: .coordination)
        let foreign = try await other.push(secret)
        #expect(foreign.status == 422 && foreign.problem == "refused")
        let unsigned = UnverifiedBundle(
          log: bundle.log, first: bundle.first, entries: bundle.entries, signature: nil)
        #expect(try await town.push(unsigned).problem == "refused")
        let forged = UnverifiedBundle(
          log: bundle.log, first: bundle.first, entries: bundle.entries,
          signature: Array(repeating: 0, count: 64))
        #expect(try await town.push(forged).problem == "refused")
        let empty = UnverifiedBundle(
          log: bundle.log, first: bundle.first, entries: [], signature: bundle.signature)
        #expect(try await town.push(empty).problem == "refused")
      }
    }

    @Test func `What is no bundle is refused before it is unpacked`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let garbage = try await town.post("/v1/bundles", [0xff, 0xff, 0xff])
        #expect(garbage.status == 400 && garbage.problem == "malformed")
        let zeros: [UInt8] = Array(repeating: 0, count: Limits.messageBytes + 1)
        let large = try await town.post("/v1/bundles", zeros)
        #expect(large.status == 413 && large.problem == "too-large")
        let bomb = try await town.post(
          "/v1/bundles", Zstd.compress(zeros), fields: ["content-encoding": "zstd"])
        #expect(bomb.status == 413 && bomb.problem == "too-large")
        let crowd: [UInt8] = (0...Limits.bundleEntries).flatMap { _ in [0x1a, 0] as [UInt8] }
        let many = try await town.post("/v1/bundles", crowd)
        #expect(many.status == 422 && many.problem == "refused")
        let damaged = try await town.post(
          "/v1/bundles", [1, 2, 3], fields: ["content-encoding": "zstd"])
        #expect(damaged.status == 400 && damaged.problem == "malformed")
        let gzip = try await town.post("/v1/bundles", [1], fields: ["content-encoding": "gzip"])
        #expect(gzip.status == 415 && gzip.problem == "content-encoding")
        let text = try await town.post("/v1/bundles", [1], fields: ["content-type": "text/plain"])
        #expect(text.status == 415 && text.problem == "media-type")
      }
    }

    @Test func `Entries of a log can be fetched again by who may read it`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let bundle = try await town.write("Frühförderstelle", in: .public)
        #expect(try await town.push(bundle).status == 200)
        let path = "/v1/bundles/\(town.member)/1/public"
        let answer = try await other.get(path, "from=\(bundle.first)")
        #expect(answer.status == 200)
        let fetched = try UnverifiedBundle(try WireBundle(serializedBytes: answer.body))
        #expect(fetched == bundle)
        #expect(try await other.get(path, "from=\(bundle.last + 1)").problem == "no-such-entry")
        let unknown = try await other.get("/v1/bundles/\(MemberID(7)!)/1/public", "from=1")
        #expect(unknown.status == 404 && unknown.problem == "no-such-entry")
        let secret = "/v1/bundles/\(town.member)/1/coordination:\(town.member)"
        #expect(try await other.get(secret, "from=1").problem == "not-entitled")
        #expect(try await town.get(secret, "from=1").problem == "no-such-entry")
        #expect(try await town.get("/v1/bundles/\(town.member)/1/local", "from=1").status == 403)
        for (path, query) in [
          (path, ""), (path, "from=0"), (path, "from=x"), ("/v1/bundles/1/1/public", "from=1"),
          ("/v1/bundles/\(town.member)/0/public", "from=1"), ("/v1/bundles/x", "from=1"),
          ("/v1/bundles/\(town.member)/1/secret", "from=1"),
        ] {
          #expect(try await other.get(path, query).problem == "malformed", "\(path)?\(query)")
        }
      }
    }
  }
}
