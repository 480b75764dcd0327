// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import Testing

/// Random histories of one record, written by several members who know more or less of each other.
private struct History {
  var generator: SplitMix
  let hub = MemberID(1)!
  let town = MemberID(2)!
  let stranger = MemberID(3)!
  let realm: RealmID
  let membership: Membership
  let record: RecordID
  var entries: [LoggedEntry] = []
  private var chains: [LogID: LogChain] = [:]

  init(seed: UInt64, closingTown: UInt64? = nil) throws {
    generator = SplitMix(state: seed)
    let root = try SigningKey(rawRepresentation: [UInt8](repeating: 9, count: 32))
    let key = VerifyingKey(of: root)
    realm = RealmID(key.bytes)!
    let certificate = try RootCertificate(
      certifying: key, of: hub, generation: 1, closing: [], title: "Kreis", ags: "05962", with: root
    )
    var control: [Control] = [
      .root(certificate),
      .memberAdded(town, name: "a", title: "A", ags: "05962012", key: key),
      .memberAdded(stranger, name: "b", title: "B", ags: "05962012", key: key),
    ]
    if let closingTown {
      control.append(
        .closing(
          town, closes: [ClosedLog(generation: 1, scope: .public, last: closingTown)],
          revoked: false))
    }
    membership = Membership(
      realm: realm,
      control: control.enumerated().map {
        ControlEntry(hubGeneration: 1, sequence: UInt64($0.offset + 1), control: $0.element)
      })
    record = RecordID(creator: town, random: (seed, seed))
  }

  mutating func append(
    _ kind: EntryKind, by member: MemberID, _ writes: [Write], values: [String], at time: UInt64,
    in scope: Scope = .public
  ) -> LoggedEntry {
    let log = LogID(member: member, generation: 1, scope: scope)
    var chain = chains[log] ?? LogChain(log, in: realm)
    let header = EntryBody(
      recordedAt: time, kind: kind, recordKind: 1, record: record, writes: writes)
    let block = Values(values: values).block(salt: (generator.next(), generator.next()))
    let hash = chain.append(body: header.encoded(), commitment: Hash256(of: block))
    chains[log] = chain
    let entry = LoggedEntry(
      log: log, sequence: chain.head.sequence, hash: hash, header: header,
      values: Values(values: values))
    entries.append(entry)
    return entry
  }

  /// Appends a random write that has seen a random part of the history.
  mutating func appendRandom() {
    let member = [hub, town, town, stranger][Int(generator.next() % 4)]
    let scope: Scope = generator.next() % 3 == 0 ? .kreis : .public
    let known = entries.filter { _ in generator.next() % 4 != 0 }
    var writes: [Write] = []
    var values: [String] = []
    for tag in UInt32(1)...4 where generator.next() % 2 == 0 || tag == 4 {
      let register = Register(tag: tag, element: tag == 3 ? "e\(generator.next() % 2)" : nil)
      let bases = known.filter { entry in
        entry.log.scope == scope && entry.header.writes.contains { $0.register == register }
      }
      let content: Write.Content =
        generator.next() % 5 == 0 ? .withdrawn : tag == 3 || tag == 1 ? .present : .value
      if content == .value { values.append("v\(entries.count)") }
      writes.append(
        Write(
          register: register, content: content,
          bases: bases.suffix(3).map(\.hash.reference)))
    }
    let time = 1_000 + generator.next() % 5
    switch generator.next() % 12 {
    case 0: _ = append(.erase, by: member, [], values: [], at: time, in: scope)
    case 1:
      let own = entries.filter { $0.log.member == member && $0.log.scope == scope }
      guard let last = own.last(where: { $0.header.writes.contains { $0.content == .value } }),
        let write = last.header.writes.first(where: { $0.content == .value })
      else { return }
      _ = append(
        .restate, by: member,
        [Write(register: write.register, content: .value, origin: last.hash.reference)],
        values: ["restated"], at: time, in: scope)
    default: _ = append(.write, by: member, writes, values: values, at: time, in: scope)
    }
  }
}

@Suite struct `The fold` {
  @Test(arguments: UInt64(1)...40)
  func `does not depend on the order in which entries arrived`(seed: UInt64) throws {
    var history = try History(seed: seed, closingTown: seed.isMultiple(of: 3) ? 4 : nil)
    for _ in 0..<25 { history.appendRandom() }
    let expected = Fold.record(history.record, history.entries, under: history.membership)
    for _ in 0..<8 {
      history.entries.shuffle(using: &history.generator)
      #expect(
        Fold.record(history.record, history.entries, under: history.membership) == expected)
    }
  }

  @Test(arguments: UInt64(1)...40)
  func
    `lets every effective write survive as value, as alternative, or be covered by one that saw it`(
      seed: UInt64
    ) throws
  {
    var history = try History(seed: seed)
    for _ in 0..<25 { history.appendRandom() }
    let state = Fold.record(history.record, history.entries, under: history.membership)
    for entry in history.entries
    where entry.header.kind == .write && state.inert[entry.hash] == nil {
      for write in entry.header.writes {
        let heads = state.scopes[entry.log.scope]?.registers[write.register] ?? []
        let isHead = heads.contains { $0.hash == entry.hash }
        let isCovered = covers(history.entries, state, write.register, entry)
        #expect(isHead != isCovered)
      }
    }
  }

  /// An independent, slower way to ask whether another effective write reaches `target`.
  private func covers(
    _ entries: [LoggedEntry], _ state: RecordState, _ register: Register, _ target: LoggedEntry
  ) -> Bool {
    let nodes = entries.filter { entry in
      entry.header.kind == .write && entry.log.scope == target.log.scope
        && entry.header.writes.contains { $0.register == register }
    }
    func reaches(_ from: LoggedEntry) -> Bool {
      let bases = from.header.writes.first { $0.register == register }?.bases ?? []
      return nodes.contains { node in
        bases.contains(node.hash.reference) && (node.hash == target.hash || reaches(node))
      }
    }
    return nodes.contains { state.inert[$0.hash] == nil && $0.hash != target.hash && reaches($0) }
  }

  @Test func `gives strangers' entries no effect and keeps them`() throws {
    var history = try History(seed: 1)
    let own = history.append(
      .write, by: history.town, [Write(register: Register(tag: 4), content: .value)],
      values: ["own"], at: 10)
    let foreign = history.append(
      .write, by: history.stranger,
      [Write(register: Register(tag: 4), content: .value, bases: [own.hash.reference])],
      values: ["foreign"], at: 99)
    let state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.inert == [foreign.hash: .notSteward])
    #expect(state.shown[Register(tag: 4)]?.head.value == "own")
  }

  @Test func `breaks ties by time, then by hash, and lets a withdrawal win`() throws {
    var history = try History(seed: 1)
    let tag = Register(tag: 4)
    _ = history.append(
      .write, by: history.town, [Write(register: tag, content: .value)], values: ["old"], at: 10)
    _ = history.append(
      .write, by: history.hub, [Write(register: tag, content: .value)], values: ["new"], at: 11)
    var state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.scopes[.public]?.registers[tag]?.map(\.value) == ["new", "old"])
    #expect(state.conflicts.count == 1)
    _ = history.append(
      .write, by: history.town, [Write(register: tag, content: .withdrawn)], values: [], at: 1)
    state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.scopes[.public]?.registers[tag]?.first?.content == .withdrawn)
    #expect(state.shown[tag] == nil)
  }

  @Test func `shows the narrowest scope that has a value`() throws {
    var history = try History(seed: 1)
    let tag = Register(tag: 4)
    for (scope, value) in [(Scope.public, "all"), (.coordination(history.town), "few")] {
      _ = history.append(
        .write, by: history.town, [Write(register: tag, content: .value)], values: [value], at: 10,
        in: scope)
    }
    let state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.shown[tag]?.head.value == "few")
    #expect(state.conflicts.isEmpty)
  }

  @Test func `destroys with a restate what the author wrote before, and moves no head`() throws {
    var history = try History(seed: 1)
    let (kept, gone) = (Register(tag: 4), Register(tag: 5))
    let first = history.append(
      .write, by: history.town,
      [Write(register: kept, content: .value), Write(register: gone, content: .value)],
      values: ["kept", "gone"], at: 10)
    let before = Fold.record(history.record, history.entries, under: history.membership)
    _ = history.append(
      .restate, by: history.town,
      [Write(register: kept, content: .value, origin: first.hash.reference)], values: ["kept"],
      at: 20)
    let after = Fold.record(history.record, history.entries, under: history.membership)
    #expect(after.destroyed == [first.hash])
    let heads = after.scopes[.public]?.registers
    #expect(heads?[kept]?.map(\.hash) == before.scopes[.public]?.registers[kept]?.map(\.hash))
    #expect(heads?[kept]?.first?.value == "kept")
    #expect(heads?[gone]?.first?.value == nil)
  }

  @Test func `lets the hub's erase destroy every author there and in narrower scopes for good`()
    throws
  {
    var history = try History(seed: 1)
    let tag = Register(tag: 4)
    for scope in [Scope.public, .kreis, .local] {
      _ = history.append(
        .write, by: history.town, [Write(register: tag, content: .value)], values: ["a"], at: 10,
        in: scope)
    }
    _ = history.append(.erase, by: history.hub, [], values: [], at: 20, in: .kreis)
    _ = history.append(
      .write, by: history.town, [Write(register: tag, content: .value)], values: ["late"], at: 30,
      in: .local)
    let state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.erasedIn == .kreis)
    #expect(state.shown[tag]?.scope == .public)
    #expect(state.destroyed.count == 3)
  }

  @Test func `ignores entries beyond a closing, destructions included`() throws {
    var history = try History(seed: 1, closingTown: 1)
    let tag = Register(tag: 4)
    _ = history.append(
      .write, by: history.town, [Write(register: tag, content: .value)], values: ["in"], at: 10)
    let late = history.append(
      .write, by: history.town, [Write(register: tag, content: .value)], values: ["out"], at: 20)
    let erase = history.append(.erase, by: history.town, [], values: [], at: 30)
    let state = Fold.record(history.record, history.entries, under: history.membership)
    #expect(state.inert == [late.hash: .beyondClosing, erase.hash: .beyondClosing])
    #expect(state.destroyed.isEmpty)
    #expect(state.shown[tag]?.head.value == "in")
  }
}
