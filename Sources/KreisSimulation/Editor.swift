// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// People at a town or at the hub who keep the directory: what they do, a seed decides, and what
/// they were told is durable, the journal keeps.
struct Editor {
  let node: Node
  /// Of two machines with one key, which.
  var instance: () -> Int
  private var random: SeededRandom
  private let organization: RecordKind
  private let document: RecordKind

  init(_ node: Node, instance: Int = 0, seed: UInt64) throws {
    self.node = node
    self.instance = { instance }
    random = SeededRandom(seed, stream: "editor \(node)" + (instance == 0 ? "" : " copy"))
    organization = try Schema.directory.kind(named: "organization")
    document = try Schema.directory.kind(named: "document")
  }

  /// What somebody does at `store`.
  ///
  /// - Parameters:
  ///   - schema: what the program there knows.
  ///   - now: seconds since 1970 by the node's clock.
  /// - Returns: the logs that grew.
  /// - Throws: `StoreError` other than a refusal.
  mutating func act(
    on store: Store, _ schema: Schema, at now: UInt64, in world: World
  ) throws -> [LogID] {
    let occasion = Occasion(at: now)
    let all = random.chance(node == .hub ? 100 : 15)
    let known = world.records.filter { all || $0.creator == store.identity.member }
    // Half of all edits meet on one record of each member, where they conflict.
    let popular = known.filter { record in
      record == world.records.first { $0.creator == record.creator }
    }
    guard let id = random.pick(random.chance(85) ? popular : known), random.chance(85) else {
      return try create(store, schema, occasion, world)
    }
    let before = try store.blockingRead { try $0.state(of: id) }
    // What a hub issued again since is not written now.
    let held = Set(try store.blockingRead { try $0.history(of: id) }.map(\.hash))
    guard let before, let tag = before.kind else {
      return try create(store, schema, occasion, world)
    }
    // What a newer version wrote, an older one leaves alone.
    guard let kind = schema.kind(tag: tag) else { return [] }
    do {
      let conflict = before.conflicts.first {
        !$0.againstDeletion && kind.field(tag: $0.register.tag) != nil
      }
      switch before.isDeleted ? 0 : random.below(20) {
      case 0:
        try store.blockingWrite {
          if before.isDeleted { try $0.restore(id, occasion) } else { try $0.delete(id, occasion) }
        }
      case 2...7 where conflict != nil:
        guard let conflict, let field = kind.field(tag: conflict.register.tag) else { break }
        let choice = random.within(1...conflict.heads.count)
        try store.blockingWrite {
          try $0.resolve(
            id, field, element: conflict.register.element, with: .take(choice), occasion)
        }
      case 8, 9: try destroy(id, before, store, occasion)
      default:
        let edits = try edits(of: before, kind, store, world)
        try store.blockingWrite { _ = try $0.change(id, edits, occasion) }
      }
    } catch let error as StoreError {
      try refused(error, world)
      return []
    }
    world.count("edits")
    return try journal(id, before, held, store, world)
  }

  /// People are told why not, and go on.
  private func refused(_ error: StoreError, _ world: World) throws {
    switch error {
    case .rejected(let reason, _):
      world.count("edits refused")
      world.note("\(node) cannot: \(reason)")
    case .retryLater(let reason): world.note("\(node) cannot now: \(reason)")
    default: throw error
    }
  }

  // MARK: - Records

  /// Writes something new, as everybody sees it.
  mutating func write(on store: Store, at now: UInt64, in world: World) throws -> [LogID] {
    try create(
      store, Schema.directory.without(kinds: ["document"], fields: []), Occasion(at: now), world)
  }

  private mutating func create(
    _ store: Store, _ schema: Schema, _ occasion: Occasion, _ world: World
  ) throws -> [LogID] {
    let count = random.chance(10) ? random.within(5...25) : 1
    var ids: [RecordID] = []
    do {
      let isDocument = random.chance(20) && schema.kind(tag: document.tag) != nil
      let kind = isDocument ? document : organization
      var edits: [[Edit]] = []
      for _ in 0..<count {
        let name = world.token(.public, on: nil, store)
        edits.append([Edit(try kind.field(named: "name"), .value(name))])
        if random.chance(30) {
          let note = world.token(.coordination, on: nil, store)
          edits[edits.count - 1].append(Edit(try kind.field(named: "note"), .value(note)))
        }
      }
      ids = try store.blockingWrite { transaction in
        try edits.map { try transaction.create(kind, $0, occasion) }
      }
    } catch let error as StoreError {
      try refused(error, world)
      return []
    }
    var logs: Set<LogID> = []
    for id in ids {
      world.know(id)
      logs.formUnion(try journal(id, nil, [], store, world))
    }
    world.count("records", count)
    return logs.sorted()
  }

  private mutating func edits(
    of state: RecordState, _ kind: RecordKind, _ store: Store, _ world: World
  ) throws -> [Edit] {
    var edits: [Edit] = []
    var names = ["name", "note", "memo"] + Array(repeating: "description", count: 9)
    names += ["city", "keywords"].filter { name in kind.fields.contains { $0.name == name } }
    for _ in 0...random.below(2) {
      guard let name = random.pick(names) else { break }
      names.removeAll { $0 == name }
      let field = try kind.field(named: name)
      var scope: ScopeKind?
      if random.chance(20), name != "memo", name != "name", name != "note" {
        scope = [.kreis, .coordination, .public][random.below(3)]
      }
      let placed = state.shown[Register(tag: field.tag)].map { ScopeKind($0.scope) }
      let value = world.token(scope ?? placed ?? field.scope, on: state.record, store)
      if field.isSet {
        let element = "term\(random.below(3))"
        let isInsert = random.chance(70)
        edits.append(
          Edit(field, isInsert ? .insert(element: element) : .remove(element: element)))
      } else if random.chance(40), name != "name" {
        edits.append(Edit(field, .withdrawn, in: scope))
      } else {
        edits.append(Edit(field, .value(value), in: scope))
      }
    }
    return edits
  }

  // MARK: - Destruction

  /// Destroys this member's earlier values of a record in one scope, as a restate or erase entry
  /// orders it; a restate supplies anew what is still live.
  private mutating func destroy(
    _ id: RecordID, _ state: RecordState, _ store: Store, _ occasion: Occasion
  ) throws {
    let member = store.identity.member
    guard let scope = random.pick(state.scopes.keys.sorted()), let part = state.scopes[scope],
      store.membership.mayHold(store.identity.log(scope))
    else { return }
    let isErasing = random.chance(40)
    var writes: [Write] = []
    var values: [String] = []
    if !isErasing {
      for (register, heads) in part.registers {
        for head in heads where head.log.member == member && head.content == .value {
          guard let value = head.value else { continue }
          writes.append(
            Write(register: register, content: .value, origin: head.hash.reference))
          values.append(value)
        }
      }
    }
    let header = EntryBody(
      recordedAt: occasion.at, kind: isErasing ? .erase : .restate, recordKind: part.kind,
      record: id, writes: writes)
    let block = Values(values: values)
    try store.blockingWrite { _ = try $0.append(header, values: block, to: scope) }
  }

  // MARK: - Journal

  /// Notes what this member just wrote about a record.
  private func journal(
    _ id: RecordID, _ before: RecordState?, _ held: Set<Hash256>, _ store: Store, _ world: World
  ) throws -> [LogID] {
    var logs: Set<LogID> = []
    let history = try store.blockingRead { try $0.history(of: id) }
    for entry in history.sorted(by: { ($0.log, $0.sequence) < ($1.log, $1.sequence) })
    where entry.log.member == store.identity.member && !held.contains(entry.hash)
      && entry.log.generation == store.identity.generation
      && entry.sequence > world.journal.last(of: entry.log, instance())
    {
      var seen: [Register: Set<Hash256>] = [:]
      for write in entry.header.writes {
        let heads = before?.scopes[entry.log.scope]?.heads(of: write.register) ?? []
        seen[write.register] = Set(heads.map(\.hash))
      }
      world.journal.note(
        Journal.Entry(
          log: entry.log, sequence: entry.sequence, hash: entry.hash, header: entry.header,
          values: entry.values, seen: seen, isAcknowledged: true), instance())
      world.note("\(node) wrote \(entry.log.scope)/\(entry.sequence) \(entry.hash.reference)")
      logs.insert(entry.log)
    }
    return logs.sorted()
  }
}

extension World {
  /// A value that occurs nowhere else, and tells who may see it.
  ///
  /// - Parameter record: `nil`: one that this member is about to create.
  func token(_ scope: ScopeKind, on record: RecordID?, _ store: Store) -> String {
    count("values")
    // All of the same length, so that none is found in another.
    let number = String(1_000_000 + (counters["values"] ?? 0)).dropFirst()
    let own = store.identity.member
    let town = store.identity.role == .hub ? record?.creator ?? own : own
    return switch scope {
    case .public, .kreis: "Wert \(number)"
    case .coordination: "Wert \(number) \(PrivacyChecker.coordination)\(town)"
    case .local: "Wert \(number) \(PrivacyChecker.local)"
    }
  }
}
