// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import Testing

/// Change requests and stewards as the stores keep them.
@Suite struct FeedbackStoreTests {
  private func request(
    _ net: Federation, _ subject: RecordID, by store: Store, toSteward: Bool = true
  ) throws -> RecordID {
    try store.blockingWrite {
      try $0.request(
        RequestDraft(
          subject: subject, fields: [], proposal: "", remark: "Bitte prüfen", toSteward: toSteward),
        net.occasion())
    }
  }

  private func status(_ id: RecordID, in store: Store) throws -> RequestStatus? {
    try store.blockingRead { try $0.changeRequests() }.first { $0.request.id == id }?.status
  }

  private func duties(_ net: Federation) async throws -> [RecordID] {
    net.now += 1
    return try await net.hub.doAllHubDuties(at: net.now)
  }

  @Test func `A request is passed on once, and again after each change, whoever was told`()
    async throws
  {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    let asked = try request(net, id, by: net.towns[1])
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[0]) == nil)
    #expect(try await duties(net) == [asked])
    #expect(try await duties(net) == [])
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[0]) == .open)
    #expect(try status(asked, in: net.towns[2]) == nil)
    try net.towns[0].blockingWrite {
      try $0.answer(asked, .question, "Warum?", net.occasion())
    }
    try await net.syncAll()
    #expect(try await duties(net).count == 1)
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[1]) == .question)
    try net.towns[1].blockingWrite {
      try $0.reply(to: asked, "Darum", withdraws: false, net.occasion())
    }
    try await net.syncAll()
    #expect(try await duties(net) == [asked])
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[0]) == .open)
    try net.towns[0].blockingWrite {
      try $0.answer(asked, .question, "Und wann?", net.occasion())
    }
    #expect(try status(asked, in: net.towns[0]) == .question)
    // Deleted by its sender, it goes everywhere.
    try net.towns[1].blockingWrite { try $0.delete(asked, net.occasion()) }
    try await net.syncAll()
    _ = try await duties(net)
    #expect(try await duties(net) == [])
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[0]) == nil)
    #expect(try digests(net.towns[2])[.public] == digests(net.hub)[.public])
  }

  @Test func `An answer by somebody who never kept the record does not count`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    let asked = try request(net, id, by: net.towns[1], toSteward: false)
    try await net.syncAll()
    #expect(throws: StoreError.self) {
      try net.towns[2].blockingWrite { try $0.answer(asked, .declined, "nein", net.occasion()) }
    }
    // As another program might write it.
    let kind = try Schema.directory.kind(named: "request_answer")
    let edits = [
      Edit(try kind.field(named: "request_id"), .value(asked.description)),
      Edit(try kind.field(named: "status"), .value("accepted")),
    ]
    try net.towns[2].blockingWrite { _ = try $0.create(kind, edits, net.occasion()) }
    try await net.syncAll()
    for store in net.towns + [net.hub] { #expect(try status(asked, in: store) == .open) }
    try net.hub.blockingWrite { try $0.answer(asked, .declined, "nein", net.occasion()) }
    try await net.syncAll()
    for store in net.towns + [net.hub] { #expect(try status(asked, in: store) == .declined) }
  }

  @Test func `A transfer counts once the hub answered, and what was written before stands`()
    async throws
  {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    let next = net.towns[1].identity.member
    #expect(throws: StoreError.self) {
      try net.towns[1].blockingWrite { try $0.transfer(id, to: next, net.occasion()) }
    }
    try net.towns[0].blockingWrite { try $0.transfer(id, to: next, net.occasion()) }
    // Written before the hub answered, and sent with it.
    try net.edit(id, "name", "Kita Nord", in: net.towns[0])
    try await net.push(net.towns[0])
    #expect(try await duties(net) == [id])
    #expect(try await duties(net) == [])
    try await net.syncAll()
    for store in net.towns + [net.hub] {
      #expect(store.membership.steward(of: id) == next)
      #expect(try net.value(id, "name", in: store) == "Kita Nord")
    }
    #expect(throws: StoreError.self) { try net.edit(id, "name", "Alt", in: net.towns[0]) }
    try net.edit(id, "name", "Kita Süd", in: net.towns[1])
    // Back, and on to the third: each knows only its own stretches.
    for (from, to) in [(1, 0), (0, 2), (2, 0)] {
      let member = net.towns[to].identity.member
      try net.towns[from].blockingWrite { try $0.transfer(id, to: member, net.occasion()) }
      try await net.syncAll()
      #expect(try await duties(net) == [id])
      try await net.syncAll()
      try net.edit(id, "name", "Kita \(to)", in: net.towns[to])
      try await net.syncAll()
      for store in net.towns + [net.hub] {
        #expect(store.membership.steward(of: id) == member)
        #expect(try net.value(id, "name", in: store) == "Kita \(to)")
      }
    }
    #expect(try net.hub.blockingRead { try $0.state(of: id) }?.inert.isEmpty == true)
    let expected = try digests(net.hub)[.public]
    for store in net.towns { #expect(try digests(store)[.public] == expected) }
  }

  @Test func `What the hub asks the steward alone goes on to the next one`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    let asked = try request(net, id, by: net.hub)
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[0]) == .open)
    try net.hub.blockingWrite {
      try $0.transfer(id, to: net.towns[1].identity.member, net.occasion())
    }
    #expect(try await duties(net) == [asked])
    #expect(try await duties(net) == [])
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[1]) == .open)
    #expect(try status(asked, in: net.towns[2]) == nil)
    try net.hub.blockingWrite {
      try $0.reply(to: asked, nil, withdraws: true, net.occasion())
    }
    _ = try await duties(net)
    try await net.syncAll()
    #expect(try status(asked, in: net.towns[1]) == .withdrawn)
  }

  @Test func `A record with too long a list of stewards stays where it is, and others do not wait`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    let other = try net.add("Hort", to: net.towns[0])
    _ = try net.add("Haus", to: net.towns[1])
    try await net.syncAll()
    let (owner, next) = (net.towns[0].identity.member, net.towns[1].identity.member)
    var list = [Steward(member: owner, logs: [])]
    for last: UInt64 in [1 << 39, 1] {
      let past = Steward(
        member: owner,
        logs: [Steward.Stretch(generation: 1, scope: .public, from: last / 2 + 1, to: last)])
      while try Control.stewards(id, [past] + list).encoded().count <= Limits.control {
        list.insert(past, at: 0)
      }
    }
    try net.hub.blockingWrite { try $0.append(.stewards(id, list), at: net.now) }
    // A town that has not heard of the list yet asks for what the hub cannot do.
    try net.towns[0].blockingWrite { try $0.transfer(id, to: next, net.occasion()) }
    try net.towns[0].blockingWrite { try $0.transfer(other, to: next, net.occasion()) }
    try await net.syncAll()
    #expect(try await duties(net) == [id, other].sorted())
    #expect(try await duties(net) == [])
    try await net.syncAll()
    for store in net.towns + [net.hub] {
      #expect(store.membership.steward(of: id) == owner)
      #expect(store.membership.steward(of: other) == next)
    }
    let reasons = try net.towns[0].blockingRead { try $0.history(of: id) }
      .compactMap(\.values?.reason)
    #expect(reasons.contains { $0.contains("kreisnetz merge") })
    #expect(throws: StoreError.self) {
      try net.towns[0].blockingWrite { try $0.transfer(id, to: next, net.occasion()) }
    }
  }

  @Test func `What the former steward wrote without knowing, and sent later, has no effect`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let id = try net.add("Kita", to: net.towns[0])
    try await net.syncAll()
    try net.hub.blockingWrite {
      try $0.transfer(id, to: net.towns[1].identity.member, net.occasion())
    }
    try net.edit(id, "name", "Zu spät", in: net.towns[0])
    try await net.syncAll()
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita")
      #expect(
        try store.blockingRead { try $0.state(of: id) }?.inert.values.allSatisfy {
          $0 == .notSteward
        } == true)
    }
  }
}
