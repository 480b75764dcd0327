// SPDX-License-Identifier: EUPL-1.2

/// The merge (I3): from the set of a record's entries to its state, whatever the order of arrival.
///
/// - A register's **heads** are its effective writes that no other effective write reaches through
///   bases, inert and destroyed writes included on the way.
/// - The **winner** among several is a withdrawal, then the latest recorded-at, then the higher
///   header hash. Clocks only break ties (I6).
/// - A register written twice in one entry counts once, the first time.
package enum Fold {
  /// Folds all entries of `record` that a replica holds.
  package static func record(
    _ record: RecordID, _ entries: [LoggedEntry], under membership: Membership
  ) -> RecordState {
    let destruction = Destruction(entries, membership)
    var inert: [Hash256: Inertness] = [:]
    for entry in entries {
      let reason =
        entry.header.kind == .write
        ? membership.inertness(of: entry.log, entry.sequence, on: record)
        : membership.destructionInertness(of: entry.log, entry.sequence)
      if let reason { inert[entry.hash] = reason }
    }
    var scopes: [Scope: ScopeState] = [:]
    let present = Self.scopes(of: entries)
    for scope in present {
      let members = present.count == 1 ? entries : entries.filter { $0.log.scope == scope }
      let writes =
        members.allSatisfy { $0.header.kind == .write }
        ? members : members.filter { $0.header.kind == .write }
      guard let kind = kind(of: writes, inert) else { continue }
      for entry in writes where entry.header.recordKind != kind && inert[entry.hash] == nil {
        inert[entry.hash] = .otherKind
      }
      let restated = Restated(members, inert, destruction.destroyed)
      scopes[scope] = fold(writes, kind, inert, destruction.destroyed, restated)
    }
    return RecordState(
      record: record, scopes: scopes, inert: inert, destroyed: destruction.destroyed,
      erasedIn: destruction.erasedIn, lastOrders: destruction.lastOrders)
  }

  /// Each once; nearly always one or two.
  private static func scopes(of entries: [LoggedEntry]) -> [Scope] {
    var out: [Scope] = []
    for entry in entries where !out.contains(entry.log.scope) { out.append(entry.log.scope) }
    return out
  }

  /// The kind that the earliest effective write states.
  private static func kind(of writes: [LoggedEntry], _ inert: [Hash256: Inertness]) -> UInt32? {
    var first: LoggedEntry?
    for entry in writes where inert[entry.hash] == nil {
      let isFirst = first.map {
        (entry.header.recordedAt, entry.hash) < ($0.header.recordedAt, $0.hash)
      }
      if isFirst ?? true { first = entry }
    }
    return first?.header.recordKind
  }

  /// One write among those of its scope.
  private struct Node {
    let register: Register
    let entry: Int
    /// Among the entry's writes.
    let index: Int
    /// Where its value stands in the entry's block, if it carries one.
    let value: Int
  }

  /// The writes by register, in the order of their entries.
  private static func nodes(of writes: [LoggedEntry]) -> [Node] {
    var nodes: [Node] = []
    nodes.reserveCapacity(writes.reduce(0) { $0 + $1.header.writes.count })
    for (number, entry) in writes.enumerated() {
      var value = 0
      for (index, write) in entry.header.writes.enumerated() {
        nodes.append(Node(register: write.register, entry: number, index: index, value: value))
        if write.content == .value { value += 1 }
      }
    }
    nodes.sort { left, right in
      left.register == right.register
        ? (left.entry, left.index) < (right.entry, right.index) : left.register < right.register
    }
    return nodes
  }

  private static func fold(
    _ writes: [LoggedEntry], _ kind: UInt32, _ inert: [Hash256: Inertness],
    _ destroyed: Set<Hash256>, _ restated: Restated
  ) -> ScopeState {
    let nodes = nodes(of: writes)
    var registers: [RegisterMap<[Head]>.Element] = []
    registers.reserveCapacity(nodes.count)
    var seen: Set<EntryReference> = []
    var end = 0
    while end < nodes.count {
      let (start, register) = (end, nodes[end].register)
      repeat { end += 1 } while end < nodes.count && nodes[end].register == register
      let group = nodes[start..<end]
      let survivors = heads(of: group.count > 1 ? firstOfEach(group) : group, writes, inert)
      guard !survivors.isEmpty else { continue }
      var heads = survivors.map { head($0, writes[$0.entry], destroyed, restated) }
      if heads.count > 1, !isPlanted(.tieBreakByArrival) { heads.sort(by: wins) }
      if heads.count > Limits.heads { heads.removeSubrange(Limits.heads...) }
      registers.append((register, heads))
      if register.tag == RecordKind.deletedTag {
        for node in survivors { seen.formUnion(writes[node.entry].header.writes[node.index].bases) }
      }
    }
    return ScopeState(
      kind: kind, registers: RegisterMap(ascending: registers), seenByDeletion: seen)
  }

  /// A register written twice in one entry counts once, the first time.
  private static func firstOfEach(_ group: ArraySlice<Node>) -> ArraySlice<Node> {
    var last: Int?
    return group.filter { node in
      defer { last = node.entry }
      return node.entry != last
    }[...]
  }

  private static func heads(
    of nodes: ArraySlice<Node>, _ writes: [LoggedEntry], _ inert: [Hash256: Inertness]
  ) -> ArraySlice<Node> {
    let effective =
      inert.isEmpty ? nodes : nodes.filter { inert[writes[$0.entry].hash] == nil }[...]
    guard nodes.count > 1 else { return effective }
    let write = { (node: Node) in writes[node.entry].header.writes[node.index] }
    if isPlanted(.clockDecides) {
      return effective.max {
        writes[$0.entry].header.recordedAt < writes[$1.entry].header.recordedAt
      }.map { [$0] } ?? []
    }
    var bases: [EntryReference: [EntryReference]] = [:]
    for node in nodes { bases[writes[node.entry].hash.reference] = write(node).bases }
    var covered: Set<EntryReference> = []
    var pending = effective.flatMap { write($0).bases }
    if isPlanted(.ignoresBases) { pending = [] }
    while let reference = pending.popLast() {
      guard let next = bases[reference], covered.insert(reference).inserted else { continue }
      pending.append(contentsOf: next)
    }
    return effective.filter { !covered.contains(writes[$0.entry].hash.reference) }[...]
  }

  private static func head(
    _ node: Node, _ entry: LoggedEntry, _ destroyed: Set<Hash256>, _ restated: Restated
  ) -> Head {
    let write = entry.header.writes[node.index]
    var value: String?
    if write.content == .value {
      if let values = entry.values,
        !destroyed.contains(entry.hash) || isPlanted(.resurrectsDestroyed)
      {
        value = values.values[node.value]
      } else {
        value = restated.value(of: write.register, in: entry)
      }
    }
    return Head(
      log: entry.log, sequence: entry.sequence, hash: entry.hash,
      recordedAt: entry.header.recordedAt, content: write.content, value: value)
  }

  private static func wins(_ left: Head, _ right: Head) -> Bool {
    if (left.content == .withdrawn) != (right.content == .withdrawn), !isPlanted(.withdrawalLoses) {
      return left.content == .withdrawn
    }
    return (left.recordedAt, left.hash) > (right.recordedAt, right.hash)
  }
}

extension EntryBody {
  /// Where in the block the value of the write at `index` stands.
  package func valueIndex(of index: Int) -> Int {
    writes[..<index].count { $0.content == .value }
  }
}

/// Which values a record's restate and erase entries destroy (I7). Destroying moves no head: the
/// headers keep their place.
struct Destruction {
  /// Who wrote for whom, whatever the generation of the key.
  struct Writer: Hashable, Sendable {
    let member: MemberID
    let scope: Scope

    init(_ log: LogID) { (member, scope) = (log.member, log.scope) }
  }

  private(set) var destroyed: Set<Hash256> = []
  private(set) var erasedIn: Scope?
  private(set) var lastOrders: [Writer: UInt32] = [:]

  init(_ entries: [LoggedEntry], _ membership: Membership) {
    // The last order covers all that earlier ones do, so nobody can make this quadratic (I5).
    var last: [Writer: (generation: UInt32, sequence: UInt64)] = [:]
    for order in entries
    where (order.header.kind == .restate || order.header.kind == .erase)
      && membership.destructionInertness(of: order.log, order.sequence) == nil
    {
      let at = (order.log.generation, order.sequence)
      let writer = Writer(order.log)
      if last[writer].map({ $0 < at }) ?? true { last[writer] = at }
      if order.header.kind == .erase, order.log.member == membership.hub, order.log.scope != .local
      {
        erasedIn = min(erasedIn ?? order.log.scope, order.log.scope)
      }
    }
    lastOrders = last.mapValues(\.generation)
    // The author's own earlier entries, whatever generation of its key wrote them.
    for entry in entries {
      let others = isPlanted(.destroysForOthers) ? last.values.max { $0 < $1 } : nil
      if let order = last[Writer(entry.log)] ?? others,
        (entry.log.generation, entry.sequence) < order
      {
        destroyed.insert(entry.hash)
      }
    }
    guard let erasedIn else { return }
    for entry in entries where entry.log.scope.kind >= erasedIn.kind {
      if entry.header.kind == .erase, entry.log.member == membership.hub { continue }
      destroyed.insert(entry.hash)
    }
  }
}

/// Values that restate entries supply anew for writes whose own block is gone.
private struct Restated {
  private struct Key: Hashable {
    let author: MemberID
    let origin: EntryReference
    let register: Register
  }

  private var values: [Key: (generation: UInt32, sequence: UInt64, value: String)] = [:]

  init(
    _ entries: [LoggedEntry], _ inert: [Hash256: Inertness], _ destroyed: Set<Hash256>
  ) {
    for entry in entries where entry.header.kind == .restate {
      guard let block = entry.values, inert[entry.hash] == nil, !destroyed.contains(entry.hash)
      else { continue }
      for (write, value) in zip(entry.header.writes, block.values) {
        guard let origin = write.origin else { continue }
        let key = Key(author: entry.log.member, origin: origin, register: write.register)
        if let held = values[key],
          (held.generation, held.sequence) >= (entry.log.generation, entry.sequence)
        {
          continue
        }
        values[key] = (entry.log.generation, entry.sequence, value)
      }
    }
  }

  func value(of register: Register, in entry: LoggedEntry) -> String? {
    if isPlanted(.restateLosesValues) { return nil }
    return values[Key(author: entry.log.member, origin: entry.hash.reference, register: register)]?
      .value
  }
}
