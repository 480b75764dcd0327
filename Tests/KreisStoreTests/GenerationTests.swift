// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore
import Testing

@Suite struct `A key generation` {
  @Test func `is opened once for a key, and the earlier logs end where the feeds hold them`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let town = net.towns[0]
    _ = try net.add("Kita", to: town)
    try await net.syncAll()
    let (member, log) = (town.identity.member, town.identity.log(.public))
    let key = VerifyingKey(of: SigningKey())
    let first = try await net.hub.grant(member, generation: 2, key: key, at: net.now).get()
    let again = try await net.hub.grant(member, generation: 2, key: key, at: net.now).get()
    #expect(first == again && first.generation == 2)
    #expect(net.hub.membership.closing(of: log) == 1)
    let other = VerifyingKey(of: SigningKey())
    #expect(
      try await net.hub.grant(member, generation: 2, key: other, at: net.now)
        == .failure(.notNext(member, asked: 2, next: 3)))
    #expect(
      try await net.hub.grant(member, generation: 3, key: key, at: net.now)
        == .failure(.keyInUse(member)))
    // A closing is never moved.
    _ = try await net.hub.grant(member, generation: 3, key: other, at: net.now).get()
    #expect(net.hub.membership.closing(of: log) == 1)
  }

  @Test func `changes in place, and the town goes on writing at once`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    try await net.openNextGeneration(0)
    #expect(net.towns[0].identity.generation == 2)
    // Before the feed has brought the grant.
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    #expect(try net.value(id, "name", in: net.towns[0]) == "Kita Nord")
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .takingBackUp)
    try net.reopen(0)
    #expect(net.towns[0].identity.generation == 2)
    #expect(try net.value(id, "name", in: net.towns[0]) == "Kita Nord")
    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita Nord")
      #expect(try digests(store)[.public] == digests(net.hub)[.public])
    }
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .none)
  }

  @Test func `does not close what never leaves the machine`() async throws {
    let net = try await Federation(towns: 1)
    let kind = try Schema.directory.kind(named: "organization")
    let (name, note) = try (kind.field(named: "name"), kind.field(named: "description"))
    let id = try net.towns[0].blockingWrite {
      try $0.create(
        kind, [Edit(name, .value("Kita")), Edit(note, .value("nur hier"), in: .local)],
        net.occasion())
    }
    try await net.settle()
    try await net.openNextGeneration(0)
    try await net.settle()
    #expect(try net.value(id, "description", in: net.towns[0]) == "nur hier")
    try net.edit(id, "description", "noch hier", in: net.towns[0])
    #expect(try net.value(id, "description", in: net.towns[0]) == "noch hier")
    #expect(try net.value(id, "description", in: net.hub) == nil)
  }

  @Test func `of a member that lost its key comes with an invite that names it`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try net.add("Kita", to: town)
    try await net.settle()
    #expect(throws: StoreError.self) {
      try net.hub.invite(
        name: "town0", title: "Town0", ags: "05962012", at: net.now,
        secret: [UInt8](repeating: 1, count: 32))
    }
    let invite = try net.hub.inviteAgain(
      name: "town0", at: net.now, secret: [UInt8](repeating: 2, count: 32))
    #expect(invite.name == "town0" && invite.title == "Town0")
    let key = SigningKey()
    for _ in 0..<2 {
      let member = try await net.hub.join(
        name: "town0", key: VerifyingKey(of: key), at: net.now
      ) { $0 == [UInt8](repeating: 2, count: 32) }.get()
      #expect(member.id == town.identity.member && member.generation == 2)
    }
    // A new replica, of nothing but the new key.
    let random = net.random
    let fresh = try Store.create(
      at: net.path("fresh"),
      identity: Identity(
        role: .town, realm: net.realm, member: town.identity.member, generation: 2,
        name: "town0", title: "Town0", ags: "05962012", kreis: "Märkischer Kreis",
        hubURL: "https://127.0.0.1:8443", hubPin: nil), key: key, random: { random.next() })
    #expect(try fresh.blockingRead { try $0.recovery() } == .takingBackUp)
    net.towns[0] = fresh
    try await net.settle()
    try net.edit(id, "name", "Kita Süd", in: fresh)
    try await net.settle()
    #expect(try net.value(id, "name", in: net.hub) == "Kita Süd")
    #expect(try digests(fresh)[.public] == digests(net.hub)[.public])
  }

  @Test func `that was revoked closes all logs, and the hub takes over the records`() async throws {
    let net = try await Federation(towns: 2)
    let town = net.towns[0]
    let id = try net.add("Kita", to: town)
    try await net.settle()
    let member = town.identity.member
    try net.hub.revoke(member, at: net.now)
    #expect(throws: StoreError.self) { try net.hub.revoke(member, at: net.now) }
    #expect(throws: StoreError.self) { try net.hub.revoke(net.hub.identity.member, at: net.now) }
    #expect(
      try await net.hub.grant(
        member, generation: 2, key: VerifyingKey(of: SigningKey()), at: net.now)
        == .failure(.revoked(member)))
    #expect(throws: StoreError.self) {
      try net.hub.inviteAgain(
        name: "town0", at: net.now, secret: [UInt8](repeating: 2, count: 32))
    }
    // What it wrote offline stays without effect.
    try net.edit(id, "name", "Zu spät", in: town)
    let bundle = try #require(try await town.nextBundle(of: town.identity.log(.public)))
    if case .accepted = try await net.hub.accept(bundle, from: member) {
      Issue.record("a revoked member's entry was accepted")
    }
    guard
      case .refused(.notEntitled) = try await net.hub.feedChunk(
        for: member, after: try await town.read { try $0.feedCursors() }, includeOwn: false,
        bytes: 1_000)
    else {
      Issue.record("a revoked member was served")
      return
    }
    try net.edit(id, "name", "Übernommen", in: net.hub)
    try await net.pull(net.towns[1])
    #expect(try net.value(id, "name", in: net.towns[1]) == "Übernommen")
  }

  @Test func `of the hub that was replaced is not followed any more`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    try await net.settle()
    let cursors = try await town.read { try $0.feedCursors() }
    let end = try #require(cursors[.public])
    let older = try FeedHead(
      signing: end, of: .public, in: net.realm, hubGeneration: 0, with: net.hubKey)
    await #expect(throws: ChunkError.olderGeneration(seen: 1, found: 0)) {
      try await town.merge(UnverifiedChunk(items: [], heads: [older], isComplete: true))
    }
    let newer = try FeedHead(
      signing: end, of: .public, in: net.realm, hubGeneration: 2, with: net.hubKey)
    await #expect(throws: ChunkError.newGeneration(2)) {
      try await town.merge(UnverifiedChunk(items: [], heads: [newer], isComplete: true))
    }
  }

  @Test func `is not signed with a key of another one`() async throws {
    let net = try await Federation(towns: 1)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let random = net.random
    net.keys["town0"] = SigningKey()
    try net.reopen(0)
    _ = random
    #expect(throws: StoreError.self) { try net.edit(id, "name", "Fremd", in: net.towns[0]) }
    #expect(try net.value(id, "name", in: net.towns[0]) == "Kita")
  }
}
