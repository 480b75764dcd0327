// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore
import Testing

@Suite struct `A forked log` {
  @Test func `is kept as evidence and closed, and both branches go on`() async throws {
    let net = try await Federation(towns: 2)
    let log = net.towns[0].identity.log(.public)
    let id = try await net.fork()

    let evidence = try #require(try net.hub.blockingRead { try $0.branches() }.first)
    #expect(evidence.log == log && evidence.reason == .fork && evidence.first == 2)
    let key = try #require(net.hub.membership.key(of: log.member, generation: 1))
    let signed = SignedHead(
      log: log, head: evidence.head, signature: try #require(evidence.signature))
    #expect(signed.isValid(in: net.realm, by: key))
    #expect(net.hub.membership.closing(of: log) == 2)
    // A repetition changes nothing.
    #expect(try await net.pushAndPull(0) == .needsGeneration)
    #expect(try net.hub.blockingRead { try $0.branches() }.count == 1)

    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.heads(id, "name", in: store) == ["Kita Nord", "Kita Süd"])
      #expect(try digests(store)[.public] == digests(net.hub)[.public])
    }
  }

  @Test func `of a machine that is gone is taken up by its author's next key`() async throws {
    let net = try await Federation(towns: 2)
    let id = try await net.fork { try net.edit($0, "description", "nur hier", in: net.towns[0]) }
    // Both instances are lost; only the hub has what they wrote.
    let key = SigningKey()
    let member = net.towns[0].identity.member
    let granted = try await net.hub.grant(
      member, generation: 2, key: VerifyingKey(of: key), at: net.now
    ).get()
    let random = net.random
    net.keys["town0"] = key
    net.towns[0] = try Store.create(
      at: net.path("fresh"),
      identity: Identity(
        role: .town, realm: net.realm, member: member, generation: granted.generation,
        name: "town0", title: "Town0", ags: "05962012", kreis: "Märkischer Kreis",
        hubURL: "https://127.0.0.1:8443", hubPin: nil), key: key, random: { random.next() })
    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.heads(id, "name", in: store) == ["Kita Nord", "Kita Süd"])
      #expect(try net.value(id, "description", in: store) == "nur hier")
    }
    // Fetched again, it is known.
    try await net.adoptBranches(0)
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .none)
  }

  @Test func `that one town relays is kept as well, but only what it may read`() async throws {
    let net = try await Federation(towns: 3)
    let kind = try Schema.directory.kind(named: "organization")
    let (name, phone) = try (kind.field(named: "name"), kind.field(named: "description"))
    let id = try net.towns[0].blockingWrite {
      try $0.create(
        kind, [Edit(name, .value("Kita")), Edit(phone, .value("intern"), in: .coordination)],
        net.occasion())
    }
    let (town, other) = (net.towns[0], net.towns[1].identity.member)
    let secret = try #require(
      try await town.nextBundle(of: town.identity.log(.coordination(town.identity.member))))
    let shared = try #require(try await town.nextBundle(of: town.identity.log(.public)))
    guard case .refused = try await net.hub.accept(secret, from: other) else {
      Issue.record("a town relayed what it may not read")
      return
    }
    guard case .accepted = try await net.hub.accept(shared, from: other) else {
      Issue.record("a relayed bundle was not taken")
      return
    }
    try await net.settle()
    #expect(try net.value(id, "name", in: net.towns[2]) == "Kita")
  }

  @Test func `is passed on in stretches that fit a bundle each`() async throws {
    let net = try await Federation(towns: 2)
    let kind = try Schema.directory.kind(named: "organization")
    let name = try kind.field(named: "name")
    for part in 0..<3 {
      try net.towns[0].blockingWrite { transaction in
        for index in 0..<1_700 {
          try transaction.create(
            kind, [Edit(name, .value("\(part) \(index)"))], Occasion(at: net.now))
        }
      }
      try await net.push(net.towns[0])
    }
    try await net.pull(net.towns[1], bytes: 4 << 20)
    let log = net.towns[0].identity.log(.public)
    var (next, stretches) = (UInt64(1), [Int]())
    while let bundle = try net.towns[1].blockingRead({ try $0.bundle(of: log, from: next) }) {
      stretches.append(bundle.entries.count)
      next = bundle.last + 1
    }
    #expect(stretches == [1_700, 3_400])
  }
}
