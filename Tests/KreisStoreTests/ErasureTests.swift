// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import KreisStore
import Testing

/// What orders to erase, narrowing and periods make of values, on every replica.
@Suite struct `Destruction by duty` {
  private let contact = try! Schema.directory.kind(named: "contact")

  private func person(
    _ name: String, in store: Store, _ net: Federation, _ more: [(String, String, ScopeKind?)] = []
  ) throws -> RecordID {
    let edits = try [
      ("name", name, nil), ("legal_basis", "public_task", nil), ("source", "Liste", nil),
    ].map { (field: String, value: String, scope: ScopeKind?) in
      try Edit(contact.field(named: field), .value(value), in: scope)
    }
    let others = try more.map {
      try Edit(contact.field(named: $0.0), .value($0.1), in: $0.2)
    }
    return try store.blockingWrite { try $0.create(contact, edits + others, net.occasion()) }
  }

  private func edit(
    _ id: RecordID, _ changes: [(String, String?, ScopeKind?)], in store: Store, _ net: Federation,
    forgetting: Bool = false
  ) throws {
    let edits = try changes.map { field, value, scope in
      try Edit(contact.field(named: field), value.map { .value($0) } ?? .withdrawn, in: scope)
    }
    try store.blockingWrite {
      _ = try $0.change(id, edits, net.occasion(), forgetting: forgetting)
    }
  }

  /// Every value and reason that a replica still holds of a record, set-aside entries included.
  private func held(_ id: RecordID, in store: Store) throws -> String {
    try store.blockingRead { try $0.history(of: id) }.compactMap(\.values)
      .map { ($0.values + [$0.role, $0.reason]).joined(separator: "|") }.joined(separator: "|")
  }

  private func duties(_ net: Federation) async throws {
    for store in [net.hub] + net.towns {
      _ = try await store.doAllDuties(at: net.now)
    }
  }

  /// Until nobody has anything more to say.
  private func settle(_ net: Federation) async throws {
    for _ in 0..<3 {
      try await net.syncAll()
      try await duties(net)
    }
    try await net.syncAll()
  }

  @Test func `what came while a hub could not act is done when it can again`() async throws {
    let net = try await Federation(towns: 1)
    let id = try person("Frau Beispiel", in: net.towns[0], net)
    try await net.syncAll()
    try edit(id, [("room", "Zimmer 7", nil)], in: net.hub, net)
    try await net.syncAll()
    var round = DutyRound(net.hub)
    #expect(try await round.act(on: .all, at: net.now)?.written == 0)
    #expect(try await round.act(on: .changed(concerning: []), at: net.now) == nil)
    try net.towns[0].blockingWrite { try $0.erase(id, Occasion(at: net.now, reason: "Art. 17")) }
    try net.hub.startGathering()
    try await net.relay(0, all: true)
    #expect(try await round.act(on: .changed(concerning: [id]), at: net.now) == nil)
    #expect(try held(id, in: net.hub).contains("Zimmer 7"))
    try net.closeGathering()
    // The commit that ends it changes no record.
    #expect(try await round.act(on: .changed(concerning: []), at: net.now)?.written == 1)
    #expect(try held(id, in: net.hub).contains("Zimmer 7") == false)
    #expect(try await round.act(on: .changed(concerning: []), at: net.now) == nil)
  }

  @Test func `a commit names the records that may ask something, and no others`() async throws {
    let net = try await Federation(towns: 1)
    let id = try net.add("Kita Löwenzahn", to: net.towns[0])
    var commits = net.hub.commits.subscribe().makeAsyncIterator()
    try await net.push(net.towns[0])
    let plain = try #require(await commits.next())
    #expect(plain.records.contains(id) && plain.concerning.isEmpty)
    try net.towns[0].blockingWrite { try $0.erase(id, Occasion(at: net.now, reason: "Art. 17")) }
    try await net.push(net.towns[0])
    #expect(try #require(await commits.next()).concerning == [id])
    let request = try net.towns[0].blockingWrite { transaction in
      try transaction.create(
        .changeRequest, [Edit(RecordKind.changeRequest.field(tag: 16)!, .value(id.description))],
        net.occasion())
    }
    try await net.push(net.towns[0])
    #expect(try #require(await commits.next()).concerning == [request])
  }

  @Test func `a steward's order is answered by the hub and obeyed by everybody`() async throws {
    let net = try await Federation(towns: 2)
    let town = net.towns[0]
    let id = try person(
      "Frau Beispiel", in: town, net,
      [("mobile", "0170 4710-1", .coordination), ("memo", "Skat", .local)])
    try await net.syncAll()
    try edit(id, [("room", "Zimmer 7", nil)], in: net.hub, net)
    try edit(id, [("memo", "kennt Frau Beispiel", .local)], in: net.towns[1], net)
    try await net.syncAll()
    try town.blockingWrite {
      try $0.erase(id, Occasion(at: net.now, role: "Koordination", reason: "Art. 17"))
    }
    #expect(try held(id, in: town).contains("Beispiel") == false)
    // The hub's own value stays until the hub answered.
    #expect(try held(id, in: town).contains("Zimmer 7"))
    try await settle(net)
    for store in [net.hub] + net.towns {
      let text = try held(id, in: store)
      #expect(text.contains("Koordination|Art. 17"), "\(store.identity.name)")
      for value in ["Beispiel", "0170", "Skat", "Zimmer", "Liste"] {
        #expect(!text.contains(value), "\(store.identity.name) \(value)")
      }
      #expect(try store.blockingRead { try $0.state(of: id)?.erasedIn } == .kreis)
    }
    let count = try net.hub.blockingRead { try $0.history(of: id).count }
    try await settle(net)
    #expect(try net.hub.blockingRead { try $0.history(of: id).count } == count)
    #expect(throws: StoreError.self) { try edit(id, [("room", "8", nil)], in: town, net) }
  }

  @Test func `an order of somebody who may not give it destroys nothing of others`() async throws {
    let net = try await Federation(towns: 2)
    let id = try person("Frau Beispiel", in: net.towns[0], net)
    try await net.syncAll()
    #expect(throws: StoreError.self) {
      try net.towns[1].blockingWrite { try $0.erase(id, net.occasion()) }
    }
    let now = net.now
    try net.towns[1].blockingWrite { transaction in
      _ = try transaction.append(
        EntryBody(recordedAt: now, kind: .erase, recordKind: 4, record: id, writes: []),
        values: Values(values: []), to: .kreis)
    }
    try await settle(net)
    #expect(try held(id, in: net.towns[0]).contains("Beispiel"))
    #expect(try net.hub.blockingRead { try $0.erasures(at: net.now) }.isEmpty)
  }

  @Test func `what an absent town brings later in a wider scope is erased there too`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let id = try person("Frau Beispiel", in: net.towns[0], net)
    try await net.syncAll()
    // Written before the town hears of the order, which the hub gives.
    try edit(id, [("email", "beispiel@example.org", .public)], in: net.towns[0], net)
    try net.hub.blockingWrite {
      try $0.erase(id, Occasion(at: net.now, reason: "Art. 17"))
    }
    try await settle(net)
    for store in [net.hub] + net.towns {
      #expect(try held(id, in: store).contains("beispiel@") == false)
      #expect(try store.blockingRead { try $0.state(of: id)?.erasedIn } == .public)
    }
  }

  @Test func `a narrowed value is gone from the wider scope, whoever wrote it`() async throws {
    let net = try await Federation(towns: 2)
    let town = net.towns[0]
    let id = try person("Frau Beispiel", in: town, net, [("phone", "0221 4710-100", nil)])
    try await net.syncAll()
    try edit(id, [("phone", "0221 4710-200", nil)], in: net.hub, net)
    try await net.syncAll()
    // At once, and without having seen each other.
    try edit(id, [("phone", "0221 4710-300", nil)], in: net.hub, net)
    try edit(
      id, [("phone", "0221 4710-400", .coordination), ("phone", nil, .kreis)], in: town, net)
    #expect(try held(id, in: town).contains("4710-100") == false)
    try await settle(net)
    for store in [net.hub] + net.towns {
      let text = try held(id, in: store)
      for value in ["4710-100", "4710-200", "4710-300"] {
        #expect(!text.contains(value), "\(store.identity.name) \(value)")
      }
      #expect(text.contains("Frau Beispiel"))
      #expect(text.contains("4710-400") == (store !== net.towns[1]))
      #expect(try store.blockingRead { try $0.state(of: id)?.shown.values.count } ?? 0 > 1)
    }
    let count = try net.hub.blockingRead { try $0.history(of: id).count }
    try await settle(net)
    #expect(try net.hub.blockingRead { try $0.history(of: id).count } == count)
  }

  @Test func `an ordinary withdrawal keeps what it had not seen`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try person("Frau Beispiel", in: town, net, [("phone", "0221 4710-100", nil)])
    try await net.syncAll()
    try edit(id, [("phone", "0221 4710-300", nil)], in: net.hub, net)
    try edit(id, [("phone", nil, nil)], in: town, net)
    try await settle(net)
    #expect(try held(id, in: town).contains("4710-300"))
    #expect(try town.blockingRead { try $0.state(of: id)?.conflicts.count } == 1)
  }

  @Test func `forgetting destroys what an edit replaces, of every author`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try person("Frau Alt", in: town, net)
    try await net.syncAll()
    try edit(id, [("name", "Frau Älter", nil)], in: net.hub, net)
    try await net.syncAll()
    try edit(id, [("name", "Frau Neu", nil)], in: town, net, forgetting: true)
    try await settle(net)
    for store in [net.hub, town] {
      let text = try held(id, in: store)
      #expect(text.contains("Frau Neu"))
      #expect(!text.contains("Frau Alt") && !text.contains("Älter"))
    }
  }

  @Test func `superseded values are destroyed after the period that the hub set`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try person("Frau Alt", in: town, net)
    try edit(id, [("name", "Frau Neu", nil)], in: town, net)
    let policy = try Schema.directory.kind(named: "policy")
    try net.hub.blockingWrite {
      _ = try $0.create(
        policy, [Edit(policy.field(named: "retention_days"), .value("100"))], net.occasion())
    }
    try await settle(net)
    #expect(try town.blockingRead { try $0.policy().retentionDays } == 100)
    net.now += 99 * 86_400
    try await settle(net)
    #expect(try held(id, in: net.hub).contains("Frau Alt"))
    net.now += 2 * 86_400
    try await settle(net)
    for store in [net.hub, town] {
      #expect(try held(id, in: store).contains("Frau Alt") == false)
      #expect(try held(id, in: store).contains("Frau Neu"))
    }
    #expect(try digests(town)[.kreis] == digests(net.hub)[.kreis])
  }

  @Test func `what a town sets for the Kreis counts for nobody`() async throws {
    let net = try await Federation(towns: 1)
    let policy = try Schema.directory.kind(named: "policy")
    try net.towns[0].blockingWrite {
      _ = try $0.create(
        policy, [Edit(policy.field(named: "retention_days"), .value("1"))], net.occasion())
    }
    try await net.syncAll()
    for store in [net.hub] + net.towns {
      #expect(try store.blockingRead { try $0.policy() } == Policy())
    }
  }

  @Test func `a contact whose legal basis expired is erased by rule, with its numbers`()
    async throws
  {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let day = CivilDate(dayNumber: Int(net.now / 86_400) + 10).description
    let id = try person("Frau Beispiel", in: town, net, [("valid_until", day, nil)])
    let phone = try Schema.directory.kind(named: "phone")
    let number = try town.blockingWrite {
      try $0.create(
        phone,
        [
          Edit(phone.field(named: "number"), .value("0221 4710-100")),
          Edit(phone.field(named: "contact_id"), .value(id.description)),
        ], net.occasion())
    }
    net.now += 12 * 86_400
    try await settle(net)
    #expect(try held(id, in: net.hub).contains("Beispiel"))
    #expect(
      try town.blockingRead { try $0.retentionFindings(at: net.now) }.map(\.reason) == [.expired])
    let policy = try Schema.directory.kind(named: "policy")
    try net.hub.blockingWrite {
      _ = try $0.create(
        policy, [Edit(policy.field(named: "erase_expired"), .value("true"))], net.occasion())
    }
    try await settle(net)
    for store in [net.hub, town] {
      #expect(try held(id, in: store).contains("Beispiel") == false)
      #expect(try held(number, in: store).contains("4710") == false)
    }
    #expect(try net.hub.blockingRead { try $0.erasures(at: net.now) }.count == 2)
  }

  @Test func `after a destruction the write-ahead log is empty, also beside idle readers`()
    async throws
  {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try person("Frau Unverwechselbar", in: town, net)
    try town.blockingWrite { try $0.erase(id, Occasion(at: net.now)) }
    _ = try town.blockingRead { try $0.counts() }
    #expect(try town.blockingFinishDestruction())
    for suffix in ["", "-wal", "-shm"] {
      let data = try Data(contentsOf: URL(filePath: net.path("town0") + suffix))
      #expect(data.range(of: Data("Unverwechselbar".utf8)) == nil, "\(suffix)")
    }
    #expect(town.isDestructionComplete)
  }

  @Test func `a reader of older pages holds the receipt up, not the writers`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try person("Frau Beispiel", in: town, net)
    _ = try town.blockingFinishDestruction()
    try town.blockingRead { snapshot in
      _ = try snapshot.counts()
      try town.blockingWrite { try $0.erase(id, Occasion(at: net.now)) }
      #expect(try !town.blockingFinishDestruction())
      #expect(!town.isDestructionComplete)
    }
    #expect(try town.blockingFinishDestruction())
  }

  /// `ReadingIndexes.isShort` finds orders to erase by their length.
  @Test func `An order to erase is among the short entries, however late and of whatever kind`()
    throws
  {
    let record = try #require(RecordID(text: "01990000-0001-8000-8000-000000000001"))
    let order = EntryBody(
      recordedAt: Limits.time - 1, kind: .erase, recordKind: .max,
      record: record, writes: [])
    #expect(order.encoded().count == 32)
  }
}
