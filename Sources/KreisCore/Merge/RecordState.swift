// SPDX-License-Identifier: EUPL-1.2

/// The version of the fold rules. A replica whose tables were folded by another version folds anew.
package let foldVersion: UInt32 = 2

/// An entry about a record, as the fold takes it.
package struct LoggedEntry: Sendable {
  package let log: LogID
  package let sequence: UInt64
  package let hash: Hash256
  package let header: EntryBody
  /// `nil` where salt and values were destroyed or have not been delivered.
  package let values: Values?

  package init(
    log: LogID, sequence: UInt64, hash: Hash256, header: EntryBody, values: Values?
  ) {
    self.log = log
    self.sequence = sequence
    self.hash = hash
    self.header = header
    self.values = values
  }
}

/// One surviving write of a register.
package struct Head: Hashable, Sendable {
  package let log: LogID
  package let sequence: UInt64
  package let hash: Hash256
  package let recordedAt: UInt64
  package let content: Write.Content
  /// The value; `nil` for what carries none and for what was destroyed.
  package let value: String?

  /// Whether there is something to show: a value or a present element.
  package var isLive: Bool {
    switch content {
    case .value: value != nil
    case .present: true
    case .withdrawn: false
    }
  }
}

/// A record as one scope has it.
package struct ScopeState: Hashable, Sendable {
  /// The record kind's tag.
  package let kind: UInt32
  /// Heads by register, the winner first. No register is empty.
  package let registers: RegisterMap<[Head]>
  /// What the heads of `deleted` say their authors had seen.
  package let seenByDeletion: Set<EntryReference>

  /// The heads of one register, the winner first.
  package func heads(of register: Register) -> [Head] { registers[register] ?? [] }

  package var isDeleted: Bool {
    registers[Register(tag: RecordKind.deletedTag)]?.first?.isLive ?? false
  }

  /// Heads written without having seen the deletion.
  package var unseenByDeletion: RegisterMap<[Head]> {
    var out = RegisterMap<[Head]>()
    guard isDeleted else { return out }
    for (register, heads) in registers where register.tag != RecordKind.deletedTag {
      let unseen = heads.filter { !seenByDeletion.contains($0.hash.reference) }
      if !unseen.isEmpty { out[register] = unseen }
    }
    return out
  }
}

/// What is shown of a register, and where it stands.
package struct PlacedHead: Hashable, Sendable {
  package let scope: Scope
  package let head: Head

}

/// A record: a pure function of the set of its entries, the membership and the fold version (I3).
package struct RecordState: Hashable, Sendable {
  package let record: RecordID
  package let scopes: [Scope: ScopeState]
  /// Entries without effect, and why (I4).
  package let inert: [Hash256: Inertness]
  /// Entries whose salt and values every replica must destroy (I7).
  package let destroyed: Set<Hash256>
  /// The scope in which the hub erased the record: there and in all narrower scopes it takes no
  /// value ever again.
  package let erasedIn: Scope?
  /// The latest key generation in which somebody destroyed what he wrote in a scope.
  let lastOrders: [Destruction.Writer: UInt32]
  /// The head to show for each register: of all scopes held, the narrowest with a live value wins.
  package private(set) var shown = RegisterMap<PlacedHead>()

  init(
    record: RecordID, scopes: [Scope: ScopeState], inert: [Hash256: Inertness],
    destroyed: Set<Hash256>, erasedIn: Scope?, lastOrders: [Destruction.Writer: UInt32]
  ) {
    self.record = record
    self.scopes = scopes
    self.inert = inert
    self.destroyed = destroyed
    self.erasedIn = erasedIn
    self.lastOrders = lastOrders
    shown = winners { !isDeleted(in: $0) }
  }

  /// What was shown before the record was deleted.
  package var beforeDeletion: RegisterMap<PlacedHead> { winners { _ in true } }

  /// The live head of each register in the narrowest of the scopes asked for.
  private func winners(in isAsked: (Scope) -> Bool) -> RegisterMap<PlacedHead> {
    var out = RegisterMap<PlacedHead>()
    for (scope, state) in scopes.sorted(by: { $0.key < $1.key }) where isAsked(scope) {
      for (register, heads) in state.registers where register.tag != RecordKind.deletedTag {
        guard let winner = heads.first, winner.isLive else { continue }
        out[register] = PlacedHead(scope: scope, head: winner)
      }
    }
    return out
  }

  /// Whether to destroy the values of an entry that stands beside the accepted chain of `log` (I7):
  /// it is erased, or its author destroyed what he wrote and had moved on to his next generation. A
  /// destruction in the same generation's chain had not seen it.
  package func destroysAside(_ hash: Hash256, of log: LogID, isHubsErase: Bool) -> Bool {
    if destroyed.contains(hash) { return true }
    if isErased(in: log.scope) { return !isHubsErase }
    return lastOrders[Destruction.Writer(log)].map { $0 > log.generation } ?? false
  }
}

/// A field with several surviving values, or an edit that a deletion had not seen.
package struct Conflict: Hashable, Sendable {
  package let scope: Scope
  package let register: Register
  package let heads: [Head]
  package let againstDeletion: Bool
}

extension RecordState {
  /// The kind, as the widest scope has it.
  package var kind: UInt32? { scopes.min { $0.key < $1.key }?.value.kind }

  /// Whether `scope` is deleted: there, or in a wider scope of the record.
  package func isDeleted(in scope: Scope) -> Bool {
    scopes.contains { $0.key.kind <= scope.kind && $0.value.isDeleted } || isErased(in: scope)
  }

  /// Whether the hub erased the record in `scope`: nothing of it is shown there any more, present
  /// elements included (I7).
  package func isErased(in scope: Scope) -> Bool {
    erasedIn.map { $0.kind <= scope.kind } ?? false
  }

  /// Whether nothing of the record is left to show.
  package var isDeleted: Bool { scopes.keys.allSatisfy { isDeleted(in: $0) } }

  /// Whether the record's processing is restricted (Art. 18 GDPR), in whichever scope that stands.
  package func isRestricted(_ kind: RecordKind) -> Bool {
    guard let field = kind.restriction else { return false }
    let register = Register(tag: field.tag)
    return scopes.contains { scope, state in
      state.registers[register]?.first.map { $0.isLive && $0.value == "true" } ?? false
        && !isErased(in: scope)
    }
  }

  /// What somebody should look at, in a stable order (I6). Heads that agree are no conflict.
  package var conflicts: [Conflict] {
    var out: [Conflict] = []
    for (scope, state) in scopes.sorted(by: { $0.key < $1.key }) where !isErased(in: scope) {
      for (register, heads) in state.registers where Self.differ(heads) {
        out.append(
          Conflict(scope: scope, register: register, heads: heads, againstDeletion: false))
      }
      for (register, heads) in state.unseenByDeletion {
        out.append(
          Conflict(scope: scope, register: register, heads: heads, againstDeletion: true))
      }
    }
    return out
  }

  private static func differ(_ heads: [Head]) -> Bool {
    guard let first = heads.first else { return false }
    return heads.contains { $0.content != first.content || $0.value != first.value }
  }
}
