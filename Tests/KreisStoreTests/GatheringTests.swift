// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import Testing

@testable import KreisStore

@Suite struct `A hub's next generation` {
  /// Everything of a realm that people see, of one replica.
  private func states(_ store: Store) throws -> [Scope: Hash256] {
    try digests(store).filter { $0.key != .local }.mapValues(\.state)
  }

  private func expectEqual(_ net: Federation) throws {
    let expected = try digests(net.hub)
    for town in net.towns {
      let found = try digests(town)
      for scope in [Scope.public, .kreis, .coordination(town.identity.member)] {
        #expect(found[scope] == expected[scope], "\(town.identity.name) \(scope)")
      }
      #expect(try town.blockingRead { try $0.recovery() } == .none)
      #expect(try town.blockingRead { try $0.relayableLogs(all: false) }.isEmpty)
      #expect(try town.blockingRead { try $0.unsent() }.isEmpty)
    }
    #expect(expected.values.allSatisfy { $0.missingValues == 0 })
  }

  private func erase(_ id: RecordID, in net: Federation) throws {
    let now = net.now
    try net.hub.blockingWrite { transaction in
      let kind = try #require(try transaction.state(of: id)?.kind)
      try transaction.append(
        EntryBody(recordedAt: now, kind: .erase, recordKind: kind, record: id, writes: []),
        values: Values(values: [], reason: "Art. 17"), to: .public)
    }
  }

  @Test func `rebuilds a lost hub from its members, and erased values stay erased`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    let erased = try net.add("Frau Beispiel", to: net.towns[1])
    let kind = try Schema.directory.kind(named: "organization")
    let note = try kind.field(named: "description")
    try net.towns[0].blockingWrite {
      _ = try $0.change(id, [Edit(note, .value("intern"), in: .coordination)], net.occasion())
    }
    try await net.settle()
    // From now on the third town is away, with a value that is erased meanwhile.
    #expect(try net.value(erased, "name", in: net.towns[2]) == "Frau Beispiel")
    try erase(erased, in: net)
    try net.edit(id, "name", "Kita des Kreises", in: net.hub)
    for index in [0, 1] { try await net.exchange(index) }
    let before = try states(net.hub)

    try net.loseHub()
    await #expect(throws: StoreError.self) {
      try await net.hub.feedChunk(
        for: net.towns[0].identity.member, after: [:], includeOwn: false, bytes: 1_000)
    }
    try await net.relay(2, all: true)
    try await net.relay(0, all: true)
    try await net.relay(1, all: true)
    // A repetition changes nothing.
    try await net.relay(0, all: true)
    #expect(try states(net.hub) == before)
    try net.closeGathering()
    #expect(net.hub.identity.generation == 2)
    try await net.settle()
    try expectEqual(net)
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita des Kreises")
      let values = try store.blockingRead { try $0.history(of: erased) }
        .compactMap { $0.values?.values }.joined()
      #expect(!values.contains("Frau Beispiel"))
    }
    #expect(try net.value(id, "description", in: net.hub) == "intern")
    // And it goes on.
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    try net.edit(id, "description", "vom Kreis", in: net.hub)
    try await net.settle()
    #expect(try net.value(id, "name", in: net.towns[2]) == "Kita Nord")
    try expectEqual(net)
  }

  @Test func `is not needed where only a town knows that the hub was set back`() async throws {
    let net = try await Federation(towns: 1)
    _ = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let backup = try net.backUp("hub")
    let id = try net.add("Beratung", to: net.towns[0])
    let town = net.towns[0]
    let log = town.identity.log(.public)
    let bundle = try #require(try await town.nextBundle(of: log))
    guard case .accepted = try await net.hub.accept(bundle, from: log.member) else {
      Issue.record("the hub does not take the bundle")
      return
    }
    town.acknowledge(log, through: bundle.last)
    #expect(try await town.unsent().isEmpty)
    // Nobody has seen the hub's feed since.
    let acknowledged = town.acknowledgements
    try net.restoreHub(from: backup)
    try await net.settle()
    #expect(try net.value(id, "name", in: net.hub) == nil)
    #expect(try await town.withdraw(acknowledged) == [log])
    #expect(try await town.unsent()[log] == 1)
    try await net.settle()
    #expect(try net.value(id, "name", in: net.hub) == "Beratung")
    // What the feed shows is not pushed again.
    #expect(try await town.withdraw([log: bundle.last]).isEmpty)
  }

  @Test func `is not opened before the hub knows its members again`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    try net.loseHub()
    #expect(throws: StoreError.self) { try net.closeGathering() }
    #expect(net.hub.isGathering)
    try await net.relay(1, all: true)
    try net.closeGathering()
    try await net.settle()
    try expectEqual(net)
    #expect(try net.value(id, "name", in: net.hub) == "Kita")
  }

  @Test func `does not bring back what is erased, but what somebody else had left out`()
    async throws
  {
    let net = try await Federation(towns: 3)
    let kept = try net.add("Kita", to: net.towns[0])
    let erased = try net.add("Frau Beispiel", to: net.towns[0])
    try await net.settle()
    try erase(erased, in: net)
    for index in [0, 1] { try await net.exchange(index) }
    let before = try states(net.hub)
    try net.loseHub()
    // One town brings headers without values, which chain as well.
    let (hub, sender) = (net.hub, net.towns[1].identity.member)
    for log in try net.towns[1].blockingRead({ try $0.relayableLogs(all: true) }) {
      _ = try await net.towns[1].relay(log) { bundle in
        let stripped = UnverifiedBundle(
          log: bundle.log, first: bundle.first,
          entries: bundle.entries.map { entry in
            entry.commitment.map { Entry(body: entry.body, proof: .destroyed($0)) } ?? entry
          }, signature: bundle.signature)
        guard case .gathered = try await hub.accept(stripped, from: sender) else {
          return .held(nil)
        }
        return .taken
      }
    }
    #expect(try net.value(kept, "name", in: net.hub) == nil)
    try await net.relay(0, all: true)
    #expect(try net.value(kept, "name", in: net.hub) == "Kita")
    // The third town still has the value that was erased.
    #expect(try net.value(erased, "name", in: net.towns[2]) == "Frau Beispiel")
    try await net.relay(2, all: true)
    #expect(try states(net.hub) == before)
    try net.closeGathering()
    try await net.settle()
    try expectEqual(net)
    for store in net.towns + [net.hub] {
      let values = try store.blockingRead { try $0.history(of: erased) }
        .compactMap { $0.values?.values }.joined()
      #expect(!values.contains("Frau Beispiel"))
    }
  }

  @Test func `takes up what a town brings that came too late to be gathered`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    // Only the first town sees what the hub and the second wrote last, and a town that joined.
    let other = try net.add("Beratung", to: net.towns[1])
    try await net.exchange(1)
    try await net.addTown("spaet")
    let late = try net.add("Neu dabei", to: net.towns[3])
    try await net.exchange(3)
    try net.edit(id, "name", "Kita des Kreises", in: net.hub)
    try await net.exchange(0)

    try net.loseHub()
    try await net.relay(2, all: true)
    try net.closeGathering()
    #expect(net.hub.membership.members[net.towns[3].identity.member] == nil)
    try await net.exchange(2)
    try await net.exchange(0)
    // The hub has issued again what it had lost of its own.
    #expect(net.hub.membership.members[net.towns[3].identity.member] != nil)
    try await net.settle()
    try expectEqual(net)
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita des Kreises")
      #expect(try net.value(other, "name", in: store) == "Beratung")
      #expect(try net.value(late, "name", in: store) == "Neu dabei")
    }
  }

  @Test func `does not wait for what was closed and is lost with the hub`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let backup = try net.backUp("town0")
    // Nobody but hub and town had this, and both are lost; that its log was closed behind it, all know.
    let note = try Schema.directory.kind(named: "organization").field(named: "description")
    try net.towns[0].blockingWrite {
      _ = try $0.change(id, [Edit(note, .value("intern"), in: .coordination)], net.occasion())
    }
    try await net.push(net.towns[0])
    try net.restore(0, from: backup)
    try net.edit(id, "email", "kita@example.org", in: net.towns[0])
    try await net.openNextGeneration(0)
    try await net.pull(net.towns[1])
    try net.loseHub()
    for index in [0, 1] { try await net.relay(index, all: true) }
    try net.closeGathering()
    let member = net.towns[0].identity.member
    let log = LogID(member: member, generation: 1, scope: .coordination(member))
    #expect(net.hub.membership.closing(of: log) == 1)
    try await net.settle()
    try expectEqual(net)
    #expect(try net.value(id, "email", in: net.towns[1]) == "kita@example.org")
    #expect(try net.value(id, "description", in: net.towns[0]) == nil)
  }

  @Test func `takes in again a town whose key only the lost hub knew`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    // The hub is lost before anybody else learns of the key, or of what it signed.
    try await net.openNextGeneration(0)
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    try await net.push(net.towns[0])
    try net.edit(id, "email", "kita@example.org", in: net.towns[0])
    try net.loseHub()
    try await net.relay(1, all: true)
    try net.closeGathering()
    let member = net.towns[0].identity.member
    #expect(net.hub.membership.members[member]?.generation == 1)
    let now = net.now
    let asked = try await net.hub.write {
      try $0.grantAnew(member, after: .max, key: VerifyingKey(of: SigningKey()), at: now)
    }
    #expect(asked == .failure(.tooFar(member, held: .max, known: 1)))

    try await net.inviteAgain(0)
    #expect(net.towns[0].identity.generation == 3)
    try await net.settle()
    try expectEqual(net)
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita Nord")
      #expect(try net.value(id, "email", in: store) == "kita@example.org")
      // Nobody can write any more with the number that was left out.
      let log = LogID(member: member, generation: 2, scope: .public)
      #expect(store.membership.closing(of: log) == 0)
    }
    try await net.openNextGeneration(0)
    try net.edit(id, "name", "Kita Süd", in: net.towns[0])
    try await net.settle()
    #expect(try net.value(id, "name", in: net.towns[1]) == "Kita Süd")
  }

  @Test func `follows when a hub that was restored learns of what it had signed`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let backup = try net.backUp("hub")
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    try await net.settle()
    let heads = try net.towns[1].blockingRead { try $0.feedHeads() }
    try net.restoreHub(from: backup)
    for head in heads where head.scope == .kreis || head.at.position == 0 {
      #expect(try await !net.hub.examine(head))
    }
    let proof = try #require(heads.first { $0.scope == .public })
    let forged = FeedHead(
      hubGeneration: 1, scope: .public, at: proof.at, signature: [UInt8](repeating: 1, count: 64))
    #expect(try await !net.hub.examine(forged))
    #expect(net.hub.halted == nil)
    #expect(try await net.hub.examine(proof))
    #expect(net.hub.halted != nil)
    #expect(throws: StoreError.self) { try net.edit(id, "name", "Nein", in: net.hub) }
    await #expect(throws: StoreError.self) {
      try await net.hub.feedChunk(
        for: net.towns[0].identity.member, after: [:], includeOwn: false, bytes: 1_000)
    }
    try net.hub.startGathering()
    #expect(throws: StoreError.self) { try net.edit(id, "name", "Nein", in: net.hub) }
  }

  /// A hub restored from an old backup, a town restored as well, new writes on all sides, and a third
  /// town that has seen more than either.
  @Test(arguments: 1...6)
  func `loses nothing when hub and town were both restored`(seed: UInt64) async throws {
    let net = try await Federation(towns: 3, seed: seed)
    var records: [RecordID] = []
    var edits = 0
    var written: [RecordID: [(value: String, replaced: Set<String>)]] = [:]
    func edit(_ id: RecordID, by store: Store) throws {
      edits += 1
      let replaced = Set(try net.heads(id, "name", in: store))
      try net.edit(id, "name", "Fassung \(edits)", in: store)
      written[id, default: []].append(("Fassung \(edits)", replaced))
    }
    func live(_ rounds: Int, exchanging: [Int]) async throws {
      for _ in 0..<rounds {
        let id = records[net.random.next(below: records.count)]
        let owner = net.towns.firstIndex { $0.identity.member == id.creator } ?? 0
        switch net.random.next(below: 4) {
        case 0, 1: try edit(id, by: net.towns[owner])
        case 2: try edit(id, by: net.hub)
        default:
          if let index = exchanging.randomElement(using: &net.generator) {
            try await net.exchange(index, bytes: 400)
          }
        }
      }
    }
    for town in [0, 1] {
      let id = try net.add("Fassung 0.\(town)", to: net.towns[town])
      written[id] = [("Fassung 0.\(town)", [])]
      records.append(id)
    }
    try await net.settle()
    try await live(4, exchanging: [0, 1, 2])
    let (hubBackup, townBackup) = (try net.backUp("hub"), try net.backUp("town0"))
    try await live(8, exchanging: [0, 1])
    // The third town sees all of it, and so it is not lost with the disks.
    for index in [0, 1, 2] { try await net.exchange(index) }
    try net.restoreHub(from: hubBackup)
    try net.restore(0, from: townBackup)
    // The hub writes on before it meets anybody who knows better.
    try edit(records[1], by: net.hub)
    try edit(records[0], by: net.hub)
    try edit(records[0], by: net.towns[0])
    try edit(records[1], by: net.towns[1])
    if seed.isMultiple(of: 2) {
      // The restored town meets the restored hub first: both continue their old logs.
      _ = try? await net.pushAndPull(0)
    }
    let proof = try #require(
      try net.towns[2].blockingRead { try $0.feedHeads() }.first { $0.scope == .public })
    #expect(try await net.hub.examine(proof))
    try net.hub.startGathering()
    for index in [0, 1, 2].shuffled(using: &net.generator) {
      // The last one comes too late.
      if index != Int(seed) % 3 || seed > 3 { try await net.relay(index, all: true) }
    }
    try net.closeGathering()
    // What the members brought of the hub's own is issued again at once.
    let hubID = net.hub.identity.member
    #expect(try net.hub.blockingRead { try $0.branches() }.allSatisfy { $0.log.member != hubID })
    try await net.settle(bytes: 400)
    try await net.settle(bytes: 400)
    try expectEqual(net)
    for (id, writes) in written {
      let replaced = writes.reduce(into: Set<String>()) { $0.formUnion($1.replaced) }
      let expected = writes.map(\.value).filter { !replaced.contains($0) }.sorted()
      for store in net.towns + [net.hub] {
        let found = try net.heads(id, "name", in: store)
        // An entry that its author issued again is not the one that others' bases name, so a value
        // that somebody replaced may come up again beside its successor.
        #expect(Set(found).isSuperset(of: expected), "\(store.identity.name)")
      }
    }
  }
}
