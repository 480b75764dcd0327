// SPDX-License-Identifier: EUPL-1.2

/// What destruction asks of one author on one record, beyond what its own entries order already: a
/// pure function like the fold, so that every daemon finds its part by itself, and finds nothing
/// more once it has done it (I7).
package struct Forgetting: Hashable, Sendable {
  /// What a restate supplies anew, of one scope.
  package struct Restate: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
      package let register: Register
      package let head: Head
      package let value: String

      package init(register: Register, head: Head, value: String) {
        self.register = register
        self.head = head
        self.value = value
      }
    }

    package let scope: Scope
    package let kind: UInt32
    package let live: [Item]

    package init(scope: Scope, kind: UInt32, live: [Item]) {
      self.scope = scope
      self.kind = kind
      self.live = live
    }
  }

  /// The scopes in which the author has values that must go, and what of them stays.
  package let restates: [Restate]

  /// - Parameters:
  ///   - author: whose values are looked at; nobody can restate another's.
  ///   - state: the fold of `entries`.
  ///   - retention: how long a superseded value is kept, up to which moment, both in seconds; `nil`:
  ///     not looked at.
  package init(
    of author: MemberID, in entries: [LoggedEntry], _ state: RecordState,
    retention: (period: UInt64, now: UInt64)? = nil
  ) {
    var restates: [Restate] = []
    for (scope, members) in Dictionary(grouping: entries, by: \.log.scope)
    where !state.isErased(in: scope) {
      guard let part = state.scopes[scope] else { continue }
      let held = members.filter {
        $0.log.member == author && $0.values != nil && !state.destroyed.contains($0.hash)
          && !$0.header.writes.isEmpty
      }
      guard !held.isEmpty else { continue }
      let gone = Gone(members, part, state, retention)
      // A full register may have more heads than the state shows, which a restate would not supply.
      guard held.contains(where: gone.concerns),
        part.registers.values.allSatisfy({ $0.count < Limits.heads })
      else { continue }
      restates.append(
        Restate(scope: scope, kind: part.kind, live: gone.live(of: author, in: part)))
    }
    self.restates = restates.sorted { $0.scope < $1.scope }
  }
}

/// The writes of one scope whose values must go.
private struct Gone {
  private struct Place: Hashable {
    let register: Register
    let write: EntryReference
  }

  private var places: Set<Place> = []

  init(
    _ entries: [LoggedEntry], _ part: ScopeState, _ state: RecordState,
    _ retention: (period: UInt64, now: UInt64)?
  ) {
    let writes = entries.filter { $0.header.kind == .write }
    forget(writes, entries, part, state)
    if let retention { expire(writes, part, state, retention) }
  }

  func concerns(_ entry: LoggedEntry) -> Bool {
    entry.header.writes.contains { write in
      guard write.content == .value else { return false }
      return places.contains(
        Place(register: write.register, write: write.origin ?? entry.hash.reference))
    }
  }

  func live(of author: MemberID, in part: ScopeState) -> [Forgetting.Restate.Item] {
    var out: [Forgetting.Restate.Item] = []
    for (register, heads) in part.registers {
      for head in heads where head.log.member == author && head.content == .value {
        guard let value = head.value,
          !places.contains(Place(register: register, write: head.hash.reference))
        else { continue }
        out.append(Forgetting.Restate.Item(register: register, head: head, value: value))
      }
    }
    return out
  }

  /// A write that its author restated in the same act is meant to be all that is left of what it
  /// replaces; one that withdraws, of everything beside it too.
  private mutating func forget(
    _ writes: [LoggedEntry], _ entries: [LoggedEntry], _ part: ScopeState, _ state: RecordState
  ) {
    let restates = entries.filter { $0.header.kind == .restate && state.inert[$0.hash] == nil }
    guard !restates.isEmpty else { return }
    var bases: [Place: [EntryReference]] = [:]
    for entry in writes {
      for write in entry.header.writes {
        let place = Place(register: write.register, write: entry.hash.reference)
        if bases[place] == nil { bases[place] = write.bases }
      }
    }
    for entry in writes where state.inert[entry.hash] == nil {
      guard restates.contains(where: { Self.belong($0, to: entry) }) else { continue }
      for write in entry.header.writes {
        reach(write.register, write.bases, bases)
        let heads = part.heads(of: write.register)
        guard write.content == .withdrawn, heads.contains(where: { $0.hash == entry.hash }) else {
          continue
        }
        for head in heads where head.content == .value {
          places.insert(Place(register: write.register, write: head.hash.reference))
        }
      }
    }
  }

  private static func belong(_ restate: LoggedEntry, to entry: LoggedEntry) -> Bool {
    restate.log.member == entry.log.member
      && restate.header.recordedAt == entry.header.recordedAt
      && (restate.log.generation, restate.sequence) > (entry.log.generation, entry.sequence)
  }

  private mutating func reach(
    _ register: Register, _ start: [EntryReference], _ bases: [Place: [EntryReference]]
  ) {
    var pending = start
    while let reference = pending.popLast() {
      let place = Place(register: register, write: reference)
      guard places.insert(place).inserted else { continue }
      pending += bases[place] ?? []
    }
  }

  /// What was replaced longer ago than the period, and what was deleted so long ago.
  private mutating func expire(
    _ writes: [LoggedEntry], _ part: ScopeState, _ state: RecordState,
    _ retention: (period: UInt64, now: UInt64)
  ) {
    var writtenAt: [EntryReference: UInt64] = [:]
    for entry in writes { writtenAt[entry.hash.reference] = entry.header.recordedAt }
    // A clock that ran behind must not make a value older than it is.
    let isOver = { (base: EntryReference, replacedAt: UInt64) in
      max(replacedAt, writtenAt[base] ?? 0) + retention.period <= retention.now
    }
    for entry in writes where state.inert[entry.hash] == nil {
      for write in entry.header.writes where write.register.tag != RecordKind.deletedTag {
        for base in write.bases where isOver(base, entry.header.recordedAt) {
          places.insert(Place(register: write.register, write: base))
        }
      }
    }
    guard part.isDeleted,
      let deletion = part.registers[Register(tag: RecordKind.deletedTag)]?.first
    else { return }
    for (register, heads) in part.registers {
      for head in heads where part.seenByDeletion.contains(head.hash.reference) {
        guard isOver(head.hash.reference, deletion.recordedAt) else { continue }
        places.insert(Place(register: register, write: head.hash.reference))
      }
    }
  }
}
