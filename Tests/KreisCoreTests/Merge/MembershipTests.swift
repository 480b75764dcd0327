// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import Testing

private let rootKey = try! SigningKey(rawRepresentation: [UInt8](repeating: 9, count: 32))
private let realm = RealmID(VerifyingKey(of: rootKey).bytes)!
private let hub = MemberID(1)!
private let town = MemberID(2)!
private let other = MemberID(3)!
private let record = RecordID(creator: town, random: (1, 1))

private func key(_ number: UInt8) -> VerifyingKey {
  VerifyingKey([UInt8](repeating: number, count: 32))!
}

private func root(
  _ generation: UInt32, closing: [ClosedLog] = [], of member: MemberID = hub
) throws -> Control {
  .root(
    try RootCertificate(
      certifying: key(UInt8(generation)), of: member, generation: generation, closing: closing,
      title: "Kreis", ags: "05962", with: rootKey))
}

private func added(_ member: MemberID, _ name: String) -> Control {
  .memberAdded(
    member, name: name, title: name, ags: "05962012", key: key(UInt8(member.rawValue * 16)))
}

private func log(
  _ member: MemberID, _ generation: UInt32 = 1, _ scope: Scope = .public
) -> LogID { LogID(member: member, generation: generation, scope: scope) }

private func closed(_ generation: UInt32, _ scope: Scope, _ last: UInt64) -> ClosedLog {
  ClosedLog(generation: generation, scope: scope, last: last)
}

/// Control entries of one hub generation, numbered from `first`.
private func entries(
  _ generation: UInt32, from first: UInt64 = 1, _ control: [Control]
) -> [ControlEntry] {
  control.enumerated().map {
    ControlEntry(
      hubGeneration: generation, sequence: first + UInt64($0.offset), control: $0.element)
  }
}

private func entries(_ control: [Control]) -> [ControlEntry] { entries(1, control) }

private func fold(_ entries: [ControlEntry]) -> Membership {
  Membership(realm: realm, control: entries)
}

@Suite struct `The membership` {
  @Test func `closes a log where it was first said to end, and the logs not named before entry 1`()
    throws
  {
    let control = [try root(1), added(town, "a"), added(other, "b")]
    let open = fold(entries(control))
    #expect(open.closing(of: log(town)) == nil)
    #expect(open.inertness(of: log(town), 6, on: record) == nil)
    let late = fold(
      entries(
        control + [
          .keyAdded(town, generation: 2, key: key(40), closes: [closed(1, .public, 5)]),
          .closing(town, closes: [closed(1, .public, 9), closed(1, .kreis, 9)], revoked: false),
        ]))
    #expect(late.closing(of: log(town)) == 5)
    #expect(late.closing(of: log(town, 1, .kreis)) == 0)
    #expect(late.closing(of: log(town, 2)) == nil)
    #expect(late.inertness(of: log(town), 5, on: record) == nil)
    #expect(late.inertness(of: log(town), 6, on: record) == .beyondClosing)
    #expect(late.destructionInertness(of: log(town), 6) == .beyondClosing)
    // The record is to be folded anew.
    #expect(late.difference(from: open).authors == [town])
  }

  @Test func `takes key generations only upwards, though some may be left out, and a name once`()
    throws
  {
    let control = [
      try root(1), added(town, "a"),
      .keyAdded(town, generation: 3, key: key(43), closes: []),
      .keyAdded(town, generation: 2, key: key(42), closes: []),
      .keyAdded(town, generation: 2, key: key(41), closes: []),
      .keyAdded(hub, generation: 2, key: key(41), closes: []),
      .memberAdded(town, name: "z", title: "Z", ags: "", key: key(44)),
      .memberAdded(hub, name: "z", title: "Z", ags: "", key: key(44)),
    ]
    let membership = fold(entries(control))
    #expect(membership.key(of: town, generation: 1) == key(32))
    #expect(membership.key(of: town, generation: 2) == nil)
    #expect(membership.key(of: town, generation: 3) == key(43))
    #expect(membership.closing(of: log(town, 2)) == 0)
    #expect(membership.members[town]?.name == "a")
    #expect(membership.hubKey == key(1))
    #expect(membership.inertness(of: log(town, 2), 1, on: record) == .unknownAuthor)
    #expect(membership.inertness(of: log(town, 3), 1, on: record) == nil)
  }

  @Test func `lets stewards write in their stretches, and nobody else but the hub`() throws {
    let stewards: [Steward] = [
      Steward(
        member: town,
        logs: [.init(generation: 1, scope: .public, from: 1, to: 4)]),
      Steward(
        member: other,
        logs: [.init(generation: 1, scope: .public, from: 10, to: nil)]),
    ]
    let before = fold(entries([try root(1), added(town, "a"), added(other, "b")]))
    let after = fold(
      entries([
        try root(1), added(town, "a"), added(other, "b"), .stewards(record, [stewards[0]]),
        .stewards(record, stewards),
      ]))
    #expect(before.inertness(of: log(other), 10, on: record) == .notSteward)
    #expect(before.inertness(of: log(town), 5, on: record) == nil)
    let expected: [(LogID, UInt64, Inertness?)] = [
      (log(town), 4, nil), (log(town), 5, .notSteward),
      // All that are named have ended, so the logs not named have as well.
      (log(town, 1, .kreis), 1, .notSteward),
      (log(other), 9, .notSteward), (log(other), 10, nil), (log(other, 1, .kreis), 1, nil),
      (log(hub), 1, nil), (log(other, 1, .coordination(town)), 1, .foreignScope),
      (log(town, 1, .local), 1, nil),
    ]
    for (log, sequence, reason) in expected {
      #expect(after.inertness(of: log, sequence, on: record) == reason, "\(log) \(sequence)")
    }
    #expect(!after.mayWrite(town, record) && after.mayWrite(other, record))
    #expect(after.difference(from: before).records == [record])
  }

  @Test func `shows a revoked member nothing, and its coordination to the hub alone`() throws {
    let control = [try root(1), added(town, "a"), added(other, "b")]
    let membership = fold(
      entries(
        control + [
          .closing(town, closes: [closed(1, .public, 5)], revoked: true),
          .keyAdded(town, generation: 2, key: key(40), closes: []),
        ]))
    #expect(membership.readableScopes(of: town).isEmpty)
    #expect(membership.readableScopes(of: other) == [.public, .kreis, .coordination(other)])
    #expect(
      membership.readableScopes(of: hub)
        == [.public, .kreis, .coordination(town), .coordination(other)])
    #expect(!membership.mayRead(other, .coordination(town)))
    #expect(!membership.mayRead(MemberID(9)!, .public))
    #expect(!membership.mayRead(hub, .local))
    #expect(membership.closing(of: log(town)) == 5)
    #expect(membership.closing(of: log(town, 1, .coordination(town))) == 0)
    // What it wrote before still counts.
    #expect(membership.inertness(of: log(town), 5, on: record) == nil)
  }

  @Test func `ends a hub's generation where its next certificate says, and nowhere else`() throws {
    let first = entries([
      try root(1), added(town, "a"), added(other, "b"),
      // Written by somebody who stole the key, after what the next certificate keeps.
      added(MemberID(9)!, "thief"),
      .closing(town, closes: [closed(1, .public, 0)], revoked: true),
    ])
    let second = entries(
      2,
      [
        try root(2, closing: [closed(1, .public, 3), closed(1, .kreis, 8)]),
        added(MemberID(4)!, "d"),
      ])
    let membership = fold(first + second)
    #expect(Set(membership.members.keys) == [hub, town, other, MemberID(4)!])
    #expect(membership.members[town]?.isRevoked == false)
    #expect(membership.hubGeneration == 2 && membership.hubKey == key(2))
    #expect(membership.closing(of: log(hub)) == 3)
    #expect(membership.closing(of: log(hub, 1, .kreis)) == 8)
    #expect(membership.closing(of: log(hub, 1, .coordination(town))) == 0)
    #expect(membership.closing(of: log(hub, 2)) == nil)
    // A certificate that the root did not sign, or that is not entry 1, opens nothing.
    let moved = entries(2, from: 2, [try root(2, closing: [closed(1, .public, 3)])])
    #expect(fold(first + moved).hubGeneration == 1)
    let foreign = entries(
      2,
      [
        .root(
          try RootCertificate(
            certifying: key(2), of: hub, generation: 2, closing: [], title: "", ags: "",
            with: try SigningKey(rawRepresentation: [UInt8](repeating: 8, count: 32))))
      ])
    #expect(fold(first + foreign).hubGeneration == 1)
  }

  @Test(arguments: UInt64(1)...100)
  func `is the same in whatever order control entries come`(seed: UInt64) throws {
    var generator = SplitMix(state: seed)
    func random(_ bound: UInt64) -> UInt64 { generator.next() % bound }
    let members = (UInt64(2)...6).map { MemberID($0)! }
    let scopes: [Scope] = [.public, .kreis, .coordination(members[0])]
    func closings() -> [ClosedLog] {
      (0..<random(3)).map { _ in
        closed(UInt32(1 + random(3)), scopes[Int(random(3))], random(20))
      }
    }
    func act() -> Control {
      let member = members[Int(random(5))]
      switch random(6) {
      case 0: return added(member, "m\(random(100))")
      case 1:
        return .keyAdded(
          member, generation: UInt32(2 + random(2)), key: key(UInt8(random(256))),
          closes: closings())
      case 2: return .closing(member, closes: closings(), revoked: random(3) == 0)
      case 3:
        return .stewards(
          record,
          [
            Steward(
              member: member,
              logs: [.init(generation: 1, scope: .public, from: random(5), to: random(9))])
          ])
      case 4: return .quota(member, entries: random(100), bytes: random(100))
      default: return added(member, "n")
      }
    }
    var control: [ControlEntry] = []
    for generation in UInt32(1)...3 where generation == 1 || random(3) > 0 {
      let closes =
        generation == 1 ? [] : [closed(generation - 1, .public, 5 + random(20))] + closings()
      let acts = (0..<15).map { _ in act() }
      control += entries(generation, [try root(generation, closing: closes)] + acts)
    }
    let expected = fold(control)
    for _ in 0..<20 {
      control.shuffle(using: &generator)
      #expect(fold(control) == expected)
    }
  }
}
