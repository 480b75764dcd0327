// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import Testing

@testable import KreisStore

/// What a hub decided in a history that it lost, it decides again when it comes late; but no closing is
/// earlier than what it accepted since.
@Suite struct `A closing that a rebuilt hub states again` {
  private struct Past {
    let net: Federation
    let id: RecordID
    let log: LogID
    let last: UInt64
  }

  /// A town whose log the lost hub closed, of which only the second town knows.
  private func loseClosing(
    by close: (Federation) async throws -> Void
  ) async throws -> (Past, machine: Store) {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let machine = try net.clone(0)
    let log = LogID(
      member: net.towns[0].identity.member, generation: 1, scope: .public)
    let last = try #require(try machine.blockingRead { try $0.ledger.head(of: log) }).sequence
    try await close(net)
    #expect(net.hub.membership.closing(of: log) == last)
    try await net.exchange(1)
    try net.loseHub()
    try await net.relay(2, all: true)
    try net.closeGathering()
    #expect(net.hub.membership.closing(of: log) == nil)
    return (Past(net: net, id: id, log: log, last: last), machine)
  }

  /// The machine with the old key writes on, and the rebuilt hub takes it; then the closing comes.
  private func writeOn(_ past: Past, _ machine: Store) async throws {
    let net = past.net
    net.towns.append(machine)
    try net.edit(past.id, "description", "am Markt", in: machine)
    try await net.exchange(3)
    try await net.exchange(2)
    #expect(net.hub.membership.closing(of: past.log) == nil)
    try await net.exchange(1)
    #expect(net.hub.membership.closing(of: past.log) == past.last + 1)
    for index in [2, 1] { try await net.exchange(index) }
    for store in [net.hub, net.towns[1], net.towns[2]] {
      #expect(store.membership.closing(of: past.log) == past.last + 1)
      #expect(try net.value(past.id, "description", in: store) == "am Markt")
      #expect(try store.blockingRead { try $0.verify() }.differences.isEmpty)
    }
  }

  @Test func `of a revocation covers what was accepted since`() async throws {
    let (past, machine) = try await loseClosing { net in
      try net.hub.revoke(net.towns[0].identity.member, at: net.now)
    }
    #expect(past.net.hub.membership.members[past.log.member]?.isRevoked == false)
    try await writeOn(past, machine)
    #expect(past.net.hub.membership.members[past.log.member]?.isRevoked == true)
  }

  @Test func `of a grant covers what was accepted since, and the next key counts`() async throws {
    let (past, machine) = try await loseClosing { try await $0.openNextGeneration(0) }
    let net = past.net
    try net.edit(past.id, "email", "kita@example.org", in: net.towns[0])
    try await writeOn(past, machine)
    #expect(net.hub.membership.members[past.log.member]?.generation == 2)
    net.towns.removeLast()
    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.value(past.id, "email", in: store) == "kita@example.org")
    }
  }
}
