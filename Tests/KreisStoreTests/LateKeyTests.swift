// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import Testing

@testable import KreisStore

/// A key that a lost hub had granted, and of which the rebuilt one learns too late: its number is given
/// to another machine, or left out.
@Suite struct `A key generation that a lost hub granted` {
  private struct Past {
    let net: Federation
    let id: RecordID
    let member: MemberID
    let second: SigningKey
  }

  /// The first town is in generation 2, of which only the second town knows; the hub does not any more.
  private func loseGrant() async throws -> (past: Past, copy: Store) {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let copy = try net.clone(0)
    try await net.openNextGeneration(0)
    try net.edit(id, "email", "kita@example.org", in: net.towns[0])
    // What never leaves the machine stands in that generation, too.
    try net.edit(id, "memo", "anrufen", in: net.towns[0])
    for index in [0, 1] { try await net.exchange(index) }
    let past = Past(
      net: net, id: id, member: net.towns[0].identity.member,
      second: try #require(net.keys["town0"]))
    try net.loseHub()
    try await net.relay(2, all: true)
    try net.closeGathering()
    #expect(net.hub.membership.members[past.member]?.generation == 1)
    return (past, copy)
  }

  private func expectNothingLost(_ past: Past) throws {
    let net = past.net
    try net.expectTownsHoldWhatTheHubHolds()
    for store in net.towns + [net.hub] {
      #expect(try net.value(past.id, "email", in: store) == "kita@example.org")
    }
  }

  @Test func `proves what it signed where its number was left out`() async throws {
    let (past, _) = try await loseGrant()
    let net = past.net
    try await net.inviteAgain(0)
    #expect(net.towns[0].identity.generation == 3)
    // What it signed comes from a town that has seen it.
    try await net.exchange(1)
    let membership = net.hub.membership
    #expect(membership.key(of: past.member, generation: 2) == nil)
    #expect(membership.keys(of: past.member, generation: 2) == [VerifyingKey(of: past.second)])
    try await net.settle()
    try await net.settle()
    try expectNothingLost(past)
    #expect(try net.value(past.id, "memo", in: net.towns[0]) == "anrufen")
  }

  @Test func `proves what it signed where another machine was given its number`() async throws {
    let (past, copy) = try await loseGrant()
    let net = past.net
    net.towns.append(copy)
    try await net.openNextGeneration(3)
    try net.edit(past.id, "description", "am Markt", in: copy)
    try await net.exchange(3)
    let membership = net.hub.membership
    #expect(membership.key(of: past.member, generation: 2) != VerifyingKey(of: past.second))
    try await net.exchange(1)
    #expect(net.hub.membership.keys(of: past.member, generation: 2).count == 2)
    // The log of the machine that goes on stays open.
    let log = LogID(member: past.member, generation: 2, scope: .public)
    #expect(net.hub.membership.closing(of: log) == nil)
    net.towns.removeLast()
    try await net.inviteAgain(0)
    #expect(net.towns[0].identity.generation == 3)
    try await net.settle()
    try await net.settle()
    try expectNothingLost(past)
    for store in net.towns + [net.hub] {
      #expect(try net.value(past.id, "description", in: store) == "am Markt")
    }
  }

  @Test func `is kept of a revoked member too, and lets it write nothing`() async throws {
    let (past, _) = try await loseGrant()
    let net = past.net
    try net.hub.revoke(past.member, at: net.now)
    try await net.exchange(1)
    #expect(net.hub.membership.members[past.member]?.generation == 1)
    let log = LogID(member: past.member, generation: 2, scope: .public)
    #expect(net.hub.membership.key(of: past.member, generation: 2) == nil)
    #expect(try net.hub.blockingRead { try $0.bundle(of: log, from: 1) } == nil)
    for index in [1, 2, 1] { try await net.exchange(index) }
    for index in [1, 2] {
      #expect(try net.towns[index].blockingRead { try $0.relayableLogs(all: false) }.isEmpty)
    }
  }
}

@Suite struct `What a member destroyed before it was revoked` {
  @Test func `is taken back where only a history that a lost hub took destroyed it`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Frau Beispiel", to: net.towns[0])
    try await net.settle()
    let machine = try net.clone(0)
    let name = try Schema.directory.kind(named: "organization").field(named: "name")
    try net.towns[0].blockingWrite {
      _ = try $0.change(id, [Edit(name, .value("Kita"))], net.occasion(), forgetting: true)
    }
    for index in [0, 1] { try await net.exchange(index) }
    let town = net.towns[1]
    #expect(try net.value(id, "name", in: town) == "Kita")
    // The rebuilt hub hears of another history, from a machine with the same key.
    try net.loseHub()
    net.towns.append(machine)
    try net.edit(id, "email", "kita@example.org", in: machine)
    for index in [2, 3] { try await net.relay(index, all: true) }
    net.towns.removeLast()
    try net.closeGathering()
    try await net.exchange(1)
    // Its member would issue the destruction again.
    #expect(try town.blockingRead { try $0.valuesLostWithABranch() }.isEmpty)
    try net.hub.revoke(net.towns[0].identity.member, at: net.now)
    try await net.exchange(1)
    let lost = try town.blockingRead { try $0.valuesLostWithABranch() }
    #expect(lost.map(\.sequence) == [1])
    let hub = net.hub
    try await town.takeValuesBack { log, first in
      try await hub.read { try $0.bundle(of: log, from: first) }
    }
    #expect(try town.blockingRead { try $0.valuesLostWithABranch() }.isEmpty)
    for index in [2, 1] { try await net.exchange(index) }
    let expected = try digests(net.hub)
    for index in [1, 2] {
      #expect(try digests(net.towns[index])[.public] == expected[.public])
      #expect(try net.value(id, "name", in: net.towns[index]) == "Frau Beispiel")
    }
  }
}
