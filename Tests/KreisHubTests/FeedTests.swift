// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct FeedTests {
    @Test func `A town catches up with what others wrote, and then there is no more`() async throws
    {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let bundle = try await other.write("Lotsenpunkt")
        #expect(try await other.push(bundle).status == 200)
        try await town.pull()
        let cursors = try town.store.blockingRead { try $0.feedCursors() }
        let rest = try await town.feed(FeedQuery(after: cursors, follow: nil).text)
        #expect(rest.count == 1 && rest[0].items.isEmpty && rest[0].complete)
        #expect(rest[0].heads.count == 3)
        #expect(town.store.membership == hub.store.membership)
      }
    }

    @Test func `Own bundles come as heads, or whole for a restore`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let bundle = try await town.write("Elterncafé")
        #expect(try await town.push(bundle).status == 200)
        let held = try await town.feed().flatMap(\.items).compactMap { item in
          if case .held(let head) = item.content { try SignedHead(head) } else { nil }
        }
        #expect(held.map(\.log) == [bundle.log] && held.first?.head.sequence == bundle.last)
        let whole = try await town.feed("own=true").flatMap(\.items).compactMap { item in
          if case .bundle(let wire) = item.content { try UnverifiedBundle(wire) } else { nil }
        }
        #expect(whole.contains(bundle))
      }
    }

    @Test func `A town's coordination reaches nobody else`() async throws {
      try await TestHub.with { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let bundle = try await town.write("Vertrauliches", in: .coordination)
        #expect(bundle.log.scope == town.coordination)
        #expect(try await town.push(bundle).status == 200)
        let scopes = try await other.feed().flatMap { $0.heads + [] }.map { try Scope($0.scope) }
        #expect(Set(scopes) == [.public, .kreis, other.coordination])
        let items = try await other.feed().flatMap(\.items).map { try Scope($0.scope) }
        #expect(!items.contains(town.coordination))
        let nosy = try await other.get(
          "/v1/feed", "after=\(town.coordination).0.\(Hash256(of: []))")
        #expect(nosy.status == 403 && nosy.problem == "not-entitled")
      }
    }

    @Test func `A commit wakes the followers`() async throws {
      // No sign of life gives the commit away within the test's time.
      try await TestHub.with(.testing { $0.heartbeat = .seconds(600) }) { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let stream = try await town.follow("follow=true")
        #expect(stream.response.status == 200)
        let first = try #require(try await stream.next())
        #expect(first.complete && first.heads.count == 3)
        for name in ["Sprachkita", "Beratung"] {
          let bundle = try await other.write(name)
          #expect(try await other.push(bundle).status == 200)
          let chunk = try #require(try await stream.next())
          let bundles = try chunk.items.compactMap { item in
            if case .bundle(let wire) = item.content { try UnverifiedBundle(wire) } else { nil }
          }
          #expect(bundles == [bundle] && chunk.complete)
          // What nothing came of was shown in the first chunk, and is again with the next sign of life.
          #expect(try chunk.heads.map { try Scope($0.scope) } == [.public])
        }
      }
    }

    @Test func `What concerns others alone is not sent, and signs of life are`() async throws {
      try await TestHub.with(.testing { $0.heartbeat = .milliseconds(200) }) { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        let stream = try await town.follow("follow=true")
        let first = try #require(try await stream.next())
        let bundle = try await other.write("Vertrauliches", in: .coordination)
        #expect(try await other.push(bundle).status == 200)
        for _ in 0..<3 {
          let life = try #require(try await stream.next())
          #expect(life.items.isEmpty && life.complete && life.heads == first.heads)
        }
      }
    }

    @Test func `A poll waits for news, but not for ever`() async throws {
      try await TestHub.with(.testing { $0.pollTimeout = .milliseconds(300) }) { hub in
        let town = try await hub.town()
        try await town.pull()
        let query = FeedQuery(
          after: try town.store.blockingRead { try $0.feedCursors() }, follow: .poll)
        let start = ContinuousClock.now
        let empty = try await town.feed(query.text)
        #expect(empty.count == 1 && empty[0].items.isEmpty && empty[0].heads.count == 3)
        #expect(ContinuousClock.now - start >= .milliseconds(290))
      }
      try await TestHub.with(.testing { $0.pollTimeout = .seconds(30) }) { hub in
        let (town, other) = (try await hub.town(), try await hub.town())
        try await town.pull()
        let query = FeedQuery(
          after: try town.store.blockingRead { try $0.feedCursors() }, follow: .poll)
        async let news = town.feed(query.text)
        let bundle = try await other.write("Neues Angebot")
        #expect(try await other.push(bundle).status == 200)
        #expect(try await news.flatMap(\.items).count == 1)
        // What is there already is answered at once.
        #expect(try await town.feed(query.text).flatMap(\.items).count == 1)
      }
    }

    @Test func `A closing cuts the stream`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let stream = try await town.follow("follow=true")
        #expect(try await stream.next() != nil)
        try hub.decide(.closing(town.member, closes: [], revoked: true))
        #expect(try await stream.next() == nil)
      }
    }

    @Test func `A stop ends followers and polls at once`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        try await town.pull()
        let stream = try await town.follow("follow=true")
        #expect(try await stream.next() != nil)
        let cursors = try town.store.blockingRead { try $0.feedCursors() }
        let poll = Task { try await town.feed(FeedQuery(after: cursors, follow: .poll).text) }
        let took = try await hub.server.stop()
        #expect(took < .seconds(2))
        #expect(try await stream.next() == nil)
        _ = try? await poll.value
      }
    }

    @Test func `A position that the hub did not sign is a contradiction`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        for place in ["public.1.\(Hash256(of: []))", "public.999.\(Hash256(of: []))"] {
          let answer = try await town.get("/v1/feed", "after=\(place)")
          #expect(answer.status == 409 && answer.problem == "feed-contradiction")
        }
        for query in ["after=public", "follow=maybe", "before=1", "after=public.1.zz"] {
          let answer = try await town.get("/v1/feed", query)
          #expect(answer.status == 400 && answer.problem == "malformed")
        }
      }
    }

    @Test func `The feed can be read as lines of JSON`() async throws {
      try await TestHub.with { hub in
        let town = try await hub.town()
        let answer = try await town.get("/v1/feed", fields: ["accept": "application/json"])
        #expect(answer.fields["content-type"] == "application/jsonl")
        let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        let chunks = try lines.map { try WireFeedChunk(jsonString: String($0)) }
        #expect(chunks == (try await town.feed()))
      }
    }

    @Test func `A member has a limited number of streams, and may go on when some ended`()
      async throws
    {
      try await TestHub.with(.testing { $0.heartbeat = .milliseconds(100) }) { hub in
        let town = try await hub.town()
        var streams: [FeedStream] = []
        for _ in 0..<8 {
          let stream = try await town.follow("follow=true")
          #expect(try await stream.next() != nil)
          streams.append(stream)
        }
        let refused = try await town.follow("follow=true")
        #expect(refused.response.status == 429)
        for stream in streams { stream.response.cancel() }
        // The hub notices at its next sign of life.
        var status = 429
        while status == 429 { status = try await town.follow("follow=true").response.status }
        #expect(status == 200)
      }
    }
  }
}
