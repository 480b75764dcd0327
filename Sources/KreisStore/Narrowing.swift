// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

extension Transaction {
  /// The writes that leave a value only in a narrower scope than it stood in, apart from the others.
  func narrowing(
    _ parts: [Scope: Part], _ state: RecordState
  ) -> (kept: [Scope: Part], narrowed: [Scope: Part]) {
    var kept: [Scope: Part] = [:]
    var narrowed: [Scope: Part] = [:]
    for (scope, part) in parts {
      var values = part.values[...]
      for write in part.writes {
        let value = write.content == .value ? values.popFirst() : nil
        if Self.isNarrowed(write, in: scope, parts, state) {
          narrowed[scope, default: ([], [])].writes.append(write)
        } else {
          kept[scope, default: ([], [])].writes.append(write)
          if let value { kept[scope]?.values.append(value) }
        }
      }
    }
    return (kept, narrowed)
  }

  private static func isNarrowed(
    _ write: Write, in scope: Scope, _ parts: [Scope: Part], _ state: RecordState
  ) -> Bool {
    guard write.content == .withdrawn, write.register.element == nil else { return false }
    let written = { (place: Scope) in
      parts[place]?.writes.first { $0.register == write.register }?.content
    }
    if parts.keys.contains(where: { $0.kind > scope.kind && written($0) == .value }) {
      return true
    }
    return state.scopes.contains { place, other in
      place.kind > scope.kind && written(place) == nil
        && other.registers[write.register]?.first?.isLive ?? false
    }
  }

  /// Writes, and destroys in the same act what is replaced. The restate at the same time tells every
  /// other author to destroy what he contributed.
  ///
  /// - Returns: how many registers were written.
  func forget(
    _ parts: [Scope: Part], on id: RecordID, _ kind: RecordKind, _ occasion: Occasion
  ) throws -> Int {
    guard !parts.isEmpty else { return 0 }
    let written = try write(parts, on: id, kind, occasion)
    guard let state = try state(of: id) else { return written }
    for scope in parts.keys.sorted() {
      guard let part = state.scopes[scope] else { continue }
      var live: [Forgetting.Restate.Item] = []
      for (register, heads) in part.registers {
        for head in heads where head.log.member == identity.member && head.content == .value {
          guard let value = head.value else { continue }
          live.append(Forgetting.Restate.Item(register: register, head: head, value: value))
        }
      }
      try restate(
        id, Forgetting.Restate(scope: scope, kind: part.kind, live: live), occasion)
    }
    try foldTouched()
    return written
  }

  /// Destroys what this member wrote on a record, without a trace but the headers: for what was never
  /// meant to last.
  ///
  /// - Throws: `StoreError`.
  package func forgetOwn(_ id: RecordID, _ occasion: Occasion) throws {
    guard let state = try state(of: id) else { return }
    let scopes = Set(
      try ledger.key(of: id).map { try ledger.entries(ofRecord: $0) }?.map(\.log)
        .filter { $0.member == identity.member }.map(\.scope) ?? [])
    for scope in scopes.sorted() {
      guard let part = state.scopes[scope] else { continue }
      try restate(id, Forgetting.Restate(scope: scope, kind: part.kind, live: []), occasion)
    }
    try foldTouched()
  }

  /// The edits by which something becomes public that was not, or that is not by default: to be
  /// confirmed by whoever makes them (I7).
  ///
  /// - Parameter id: `nil` for a record that is about to be created.
  package func publications(_ edits: [Edit], on id: RecordID?) throws -> [Edit] {
    // Most edits name no scope, and stay where the field stands.
    guard edits.contains(where: { $0.scope == .public }) else { return [] }
    let state = try id.flatMap { try self.state(of: $0) }
    return edits.filter { edit in
      guard edit.scope == .public else { return false }
      let registers: [Register]
      switch edit.content {
      case .withdrawn, .remove: return false
      case .value: registers = [Register(tag: edit.field.tag)]
      case .insert(let element): registers = [Register(tag: edit.field.tag, element: element)]
      case .elements(let elements):
        registers = elements.map { Register(tag: edit.field.tag, element: $0) }
      }
      return registers.contains { register in
        let isPublic = state?.scopes[.public]?.registers[register]?.first?.isLive ?? false
        let stands = state?.shown[register]?.scope
        return !isPublic && (edit.field.scope != .public || (stands ?? .public) != .public)
      }
    }
  }
}
