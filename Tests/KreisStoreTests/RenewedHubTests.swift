// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import Testing

@testable import KreisStore

/// A hub that a backup sets back to before its own rebuilding: to generation 1, after 2 was opened.
@Suite struct `A hub set back to before its own next generation` {
  private struct Past {
    let net: Federation
    let id: RecordID
    /// What the hub alone wrote in generation 2.
    let second: RecordID
    /// Of a town that joined in generation 2.
    let late: RecordID
  }

  /// - Parameter writes: whether the hub writes on before it meets anybody who knows better.
  private func setBack(writes: Bool) async throws -> Past {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let (backup, key) = (try net.backUp("hub"), net.keys["hub"])
    try net.edit(id, "email", "kita@example.org", in: net.hub)
    try await net.settle()
    try net.loseHub()
    for index in [0, 1, 2] { try await net.relay(index, all: true) }
    try net.closeGathering()
    #expect(net.hub.identity.generation == 2)
    try await net.settle()
    try net.edit(id, "name", "Kita des Kreises", in: net.hub)
    let second = try net.add("Kreisstelle", to: net.hub)
    try await net.addTown("spaet")
    let late = try net.add("Neu dabei", to: net.towns[3])
    try await net.settle()
    net.keys["hub"] = key
    try net.restoreHub(from: backup)
    if writes { try net.edit(id, "description", "Im Kreishaus", in: net.hub) }
    return Past(net: net, id: id, second: second, late: late)
  }

  /// A town shows the hub on what the hub's own signature rests.
  private func show(_ index: Int, in net: Federation) async throws {
    let bundle = try #require(try net.towns[index].blockingRead { try $0.hubsBeginning() })
    let outcome = try await net.hub.accept(bundle, from: net.towns[index].identity.member)
    guard case .refused = outcome else {
      Issue.record("the hub takes it: \(outcome)")
      return
    }
  }

  private func expectNothingLost(_ past: Past, writes: Bool) throws {
    let net = past.net
    try net.expectTownsHoldWhatTheHubHolds()
    for store in net.towns + [net.hub] {
      #expect(try net.heads(past.id, "name", in: store).contains("Kita des Kreises"))
      #expect(try net.value(past.id, "email", in: store) == "kita@example.org")
      #expect(try net.value(past.second, "name", in: store) == "Kreisstelle")
      #expect(try net.value(past.late, "name", in: store) == "Neu dabei")
      if writes { #expect(try net.value(past.id, "description", in: store) == "Im Kreishaus") }
    }
    #expect(net.hub.membership.members[net.towns[3].identity.member] != nil)
  }

  @Test(arguments: [false, true])
  func `stops when a town shows it the certificate, gathers, and opens the generation after`(
    writes: Bool
  ) async throws {
    let past = try await setBack(writes: writes)
    let net = past.net
    let town = net.towns[0]
    let cursors = try await town.read { try $0.feedCursors() }
    let answer = try await net.hub.feedChunk(
      for: town.identity.member, after: cursors, includeOwn: false, bytes: 1_000)
    guard case .refused(.contradiction) = answer else {
      Issue.record("the hub answers \(answer)")
      return
    }
    try await show(0, in: net)
    #expect(try #require(net.hub.halted).contains("generation 2"))
    await #expect(throws: StoreError.self) {
      try await net.hub.feedChunk(
        for: town.identity.member, after: [:], includeOwn: false, bytes: 1_000)
    }
    try net.hub.startGathering()
    // Already before anybody brought anything the number is not given away again.
    let early = try net.hub.blockingRead { try $0.renewal() }
    #expect(early.generation == 3 && early.gathered == 1)
    for index in [1, 0, 2, 3] { try await net.relay(index, all: true) }
    let renewal = try net.hub.blockingRead { try $0.renewal() }
    #expect(renewal.generation == 3 && renewal.gathered == 2)
    try net.closeGathering()
    #expect(net.hub.identity.generation == 3)
    try await net.settle()
    try await net.settle()
    try expectNothingLost(past, writes: writes)
    // The certificate that it keeps beside its log is nothing to wait for.
    #expect(try net.hub.blockingRead { try $0.mayActAlone() })
  }

  @Test(arguments: [false, true])
  func `takes up what it wrote in a generation that nobody brought in time`(
    writes: Bool
  ) async throws {
    let past = try await setBack(writes: writes)
    let net = past.net
    try await show(0, in: net)
    try net.hub.startGathering()
    // An admin who does not wait.
    try net.closeGathering()
    #expect(net.hub.identity.generation == 3)
    let hub = net.hub.identity.member
    let lost = LogID(member: hub, generation: 2, scope: .public)
    #expect(net.hub.membership.closing(of: lost) == 0)
    #expect(net.hub.membership.members[net.towns[3].identity.member] == nil)
    for index in [1, 0, 2] { try await net.exchange(index) }
    #expect(try net.hub.blockingRead { try $0.branches() }.allSatisfy { $0.log.member != hub })
    try await net.settle()
    try await net.settle()
    try expectNothingLost(past, writes: writes)
  }

  @Test func `stops also if it opened the same generation again, and loses neither`() async throws {
    let past = try await setBack(writes: true)
    let net = past.net
    // Nobody was there who knew of the first.
    try net.hub.startGathering()
    try net.closeGathering()
    #expect(net.hub.identity.generation == 2)
    let again = try net.add("Zweitstelle", to: net.hub)
    try await show(2, in: net)
    #expect(net.hub.halted != nil)
    try net.hub.startGathering()
    // What rests on the first is not taken yet: the second counts.
    for index in [2, 0, 1] { try? await net.relay(index, all: true) }
    try net.closeGathering()
    #expect(net.hub.identity.generation == 3)
    for index in [0, 1, 2] { try await net.exchange(index) }
    try await net.settle()
    try await net.settle()
    try expectNothingLost(past, writes: true)
    for store in net.towns + [net.hub] {
      #expect(try net.value(again, "name", in: store) == "Zweitstelle")
    }
  }
}
