// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import Testing

@testable import KreisStore

/// What was acknowledged to people, and what each write replaced: the values that must be there.
private struct Journal {
  struct Written {
    let town: Int?
    let record: RecordID
    let value: String
    let replaced: Set<String>
  }

  var writes: [Written] = []

  /// The values of a record's field that no later write has seen and replaced.
  func expected(of record: RecordID) -> [String] {
    let own = writes.filter { $0.record == record }
    let replaced = own.reduce(into: Set<String>()) { $0.formUnion($1.replaced) }
    return own.map(\.value).filter { !replaced.contains($0) }.sorted()
  }
}

@Suite struct `A town that was restored` {
  private static let field = "name"

  private func write(
    _ value: String, on record: RecordID, by town: Int?, in net: Federation,
    _ journal: inout Journal
  ) throws {
    let store = town.map { net.towns[$0] } ?? net.hub
    let replaced = Set(try net.heads(record, Self.field, in: store))
    try net.edit(record, Self.field, value, in: store)
    journal.writes.append(
      Journal.Written(town: town, record: record, value: value, replaced: replaced))
  }

  @Test(arguments: 1...8)
  func `loses nothing that it or others acknowledged, wherever it crashes`(seed: UInt64)
    async throws
  {
    let net = try await Federation(towns: 3, seed: seed)
    var journal = Journal()
    var records: [RecordID] = []
    for town in [0, 0, 1] {
      let value = "neu \(records.count)"
      let id = try net.add(value, to: net.towns[town])
      journal.writes.append(
        Journal.Written(town: town, record: id, value: value, replaced: []))
      records.append(id)
    }
    try await net.settle()
    let crashes = { net.random.next(below: 4) == 0 }

    /// Writes here and there, and exchanges now and then.
    func live(_ rounds: Int, _ name: String, restored: Bool) async throws {
      for round in 0..<rounds {
        let record = records[net.random.next(below: records.count)]
        let owner = record.creator == net.towns[1].identity.member ? 1 : 0
        switch net.random.next(below: 6) {
        case 0, 1, 2:
          try write("\(name) \(round)", on: record, by: owner, in: net, &journal)
        case 3: try write("\(name) Kreis \(round)", on: record, by: nil, in: net, &journal)
        case 4: try await net.exchange([1, 2][net.random.next(below: 2)], bytes: 300)
        default:
          // The restored town has not met the hub yet.
          if !restored { try await net.exchange(0, bytes: 300) }
        }
      }
    }

    try await live(8, "früher", restored: false)
    let backup = try net.backUp("town0")
    try await live(10, "danach", restored: false)
    // What only the lost disk held is lost with it; the rest of the realm knows the others.
    let known = Set(
      try records.flatMap { id in
        try (net.towns + [net.hub]).filter { $0 !== net.towns[0] }.flatMap { store in
          try store.blockingRead { try $0.history(of: id) }.compactMap { $0.values?.values.first }
        }
      })
    try net.restore(0, from: backup)
    let kept = Set(
      try records.flatMap { id in
        try net.towns[0].blockingRead { try $0.history(of: id) }
          .compactMap { $0.values?.values.first }
      })
    journal.writes.removeAll {
      $0.town == 0 && !known.contains($0.value) && !kept.contains($0.value)
    }
    try await live(8, "neuer", restored: true)
    try await net.settle(bytes: 300, crashes: crashes)
    try await live(4, "zuletzt", restored: false)
    try await net.settle()

    for record in records {
      let expected = journal.expected(of: record)
      for store in net.towns + [net.hub] {
        #expect(try net.heads(record, Self.field, in: store) == expected, "\(store.identity.name)")
      }
    }
    let expected = try digests(net.hub)
    for town in net.towns {
      let found = try digests(town)
      #expect(try town.blockingRead { try $0.recovery() } == .none)
      for scope in [Scope.public, .kreis] { #expect(found[scope] == expected[scope]) }
      #expect(found.values.allSatisfy { $0.missingValues == 0 })
    }
  }

  @Test func `issues nothing twice when it is restored again from in between`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("eins", to: net.towns[0])
    try await net.settle()
    let early = try net.backUp("town0")
    try net.edit(id, "name", "zwei", in: net.towns[0])
    try await net.settle()
    try net.restore(0, from: early)
    try net.edit(id, "name", "drei", in: net.towns[0])
    #expect(try await net.pushAndPull(0) == .needsGeneration)
    try await net.openNextGeneration(0)
    _ = try await net.pushAndPull(0)
    // Taken while "drei" waits to be issued again.
    let between = try net.backUp("town0")
    try await net.settle()
    #expect(try net.heads(id, "name", in: net.hub) == ["drei", "zwei"])
    try net.edit(id, "name", "vier", in: net.towns[0])
    try await net.settle()
    try net.restore(0, from: between)
    try await net.openNextGeneration(0)
    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.heads(id, "name", in: store) == ["vier"])
      #expect(try digests(store)[.public] == digests(net.hub)[.public])
    }
  }

  /// Destroys, as an author, all values on the record but the name's head.
  private func restate(
    _ id: RecordID, keeping: String, in store: Store, at now: UInt64
  ) throws {
    let name = try Schema.directory.kind(named: "organization").field(named: "name")
    try store.blockingWrite { transaction in
      let state = try #require(try transaction.state(of: id)?.scopes[.public])
      let head = try #require(
        state.registers[Register(tag: name.tag)]?.first { $0.value == keeping })
      try transaction.append(
        EntryBody(
          recordedAt: now, kind: .restate, recordKind: state.kind, record: id,
          writes: [
            Write(
              register: Register(tag: name.tag), content: .value, origin: head.hash.reference)
          ]), values: Values(values: [keeping]), to: .public)
    }
  }

  @Test(arguments: [false, true])
  func `destroys again what it destroyed, and not what was written meanwhile`(
    knowsFirst: Bool
  ) async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try net.edit(id, "description", "geheim", in: net.towns[0])
    if knowsFirst { try await net.settle() }
    let backup = try net.backUp("town0")
    try await net.settle()
    try net.edit(id, "email", "post@example.org", in: net.towns[0])
    try await net.settle()
    try net.restore(0, from: backup)
    // Written by somebody who does not know of the address.
    try restate(id, keeping: "Kita", in: net.towns[0], at: net.now)
    #expect(try net.value(id, "description", in: net.towns[0]) == nil)
    try await net.settle()
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita")
      #expect(try net.value(id, "email", in: store) == "post@example.org")
      #expect(try net.value(id, "description", in: store) == nil)
      let values = try store.blockingRead { try $0.history(of: id) }
        .flatMap { $0.values?.values ?? [] }
      #expect(!values.contains("geheim"))
      #expect(try digests(store)[.public]?.missingValues == 0)
    }
    #expect(try digests(net.towns[0])[.public] == digests(net.hub)[.public])
  }

  @Test func `destroys what is set aside when the hub erases the record`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let backup = try net.backUp("town0")
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    try await net.settle()
    try net.restore(0, from: backup)
    try net.edit(id, "name", "Frau Beispiel", in: net.towns[0])
    let erasedAt = net.now
    try net.hub.blockingWrite { transaction in
      let kind = try #require(try transaction.state(of: id)?.kind)
      try transaction.append(
        EntryBody(
          recordedAt: erasedAt, kind: .erase, recordKind: kind, record: id, writes: []),
        values: Values(values: [], reason: "Art. 17"), to: .public)
    }
    #expect(try await net.pushAndPull(0) == .needsGeneration)
    try await net.openNextGeneration(0)
    _ = try await net.pushAndPull(0)
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .ready(entries: 1))
    let blocks = try net.towns[0].blockingRead { snapshot in
      try snapshot.ledger.branches().flatMap { try snapshot.ledger.entries(of: $0) }
    }
    #expect(blocks.count == 1)
    for entry in blocks {
      if case .destroyed = entry.proof { continue }
      Issue.record("a value stands in what was set aside")
    }
    try await net.settle()
    #expect(try digests(net.towns[0])[.public] == digests(net.hub)[.public])
  }

  @Test func `says what is missing until its logs are back, and then takes new writes along`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.settle()
    let backup = try net.backUp("town0")
    for round in 0..<6 { try net.edit(id, "name", "Kita \(round)", in: net.towns[0]) }
    try await net.settle()
    try net.restore(0, from: backup)
    try net.edit(id, "description", "neu", in: net.towns[0])
    try await net.openNextGeneration(0)
    #expect(try net.towns[0].blockingRead { try $0.recovery() } == .takingBackUp)
    #expect(throws: StoreError.self) {
      try net.towns[0].blockingWrite { _ = try $0.reissue() }
    }
    try net.edit(id, "email", "post@example.org", in: net.towns[0])
    try await net.settle()
    #expect(try net.towns[0].blockingRead { try $0.branches() }.isEmpty)
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita 5")
      #expect(try net.value(id, "description", in: store) == "neu")
      #expect(try net.value(id, "email", in: store) == "post@example.org")
    }
    #expect(try net.towns[0].blockingWrite { try $0.reissue() } == 0)
  }
}
