// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// One change of a field, validated, as a person or an import asks for it.
package struct Edit: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case value(String)
    /// Empties the field; of a set, all its elements.
    case withdrawn
    case insert(element: String)
    case remove(element: String)
    /// The set has these elements and no others.
    case elements([String])
  }

  package let field: Field
  package let content: Content
  /// `nil`: where the field stands now, else the field's default.
  package let scope: ScopeKind?

  package init(_ field: Field, _ content: Content, in scope: ScopeKind? = nil) {
    self.field = field
    self.content = content
    self.scope = scope
  }
}

extension Edit {
  /// What the edit writes, whichever the scope.
  package var fieldValues: [FieldValue] { values(in: scope ?? field.scope) }

  /// What is there of the field afterwards, as far as the edit says; a withdrawal is a `nil`.
  func values(in scope: ScopeKind) -> [FieldValue] {
    switch content {
    case .value(let text): [FieldValue(field, text, scope: scope)]
    case .insert(let element): [FieldValue(field, element, scope: scope)]
    case .elements(let elements) where !elements.isEmpty:
      elements.map { FieldValue(field, $0, scope: scope) }
    case .elements, .withdrawn: [FieldValue(field, nil, scope: scope)]
    case .remove: []
    }
  }

  /// Whether a value that was there is not there any more, or is the same.
  func replaces(_ old: FieldValue) -> Bool {
    guard old.field.tag == field.tag else { return false }
    return switch content {
    case .insert(let element), .remove(let element): old.text == element
    case .value, .elements, .withdrawn: true
    }
  }
}

/// Who acted, as a role, and why; goes into the values of the entries.
package struct Occasion: Hashable, Sendable {
  /// Seconds since 1970, for people and for ties.
  package let at: UInt64
  package let role: String
  package let reason: String

  package init(at: UInt64, role: String = "", reason: String = "") {
    self.at = at
    self.role = role
    self.reason = reason
  }
}

/// Which of a conflict's values is to stay.
package enum Resolution: Hashable, Sendable {
  /// The N-th as `conflicts` lists them, from 1.
  case take(Int)
  case value(String)
}

extension Transaction {
  /// Creates a record.
  ///
  /// - Parameter id: from `newRecordID()`, for a record that others refer to before it is there.
  /// - Throws: `StoreError.rejected` with every reason why it may not be created so; nothing of it
  ///   was written then.
  @discardableResult
  package func create(
    _ kind: RecordKind, _ edits: [Edit], _ occasion: Occasion, id: RecordID? = nil
  ) throws -> RecordID {
    let id = id ?? newRecordID()
    let edits = try completed(edits, of: kind, on: id, nil)
    let parts = try parts(of: edits, on: id, nil)
    try check(kind, edits, on: id, nil, writing: parts.keys)
    try write(parts, on: id, kind, occasion)
    return id
  }

  /// Changes fields of a record. Writing what is there already writes nothing, so that imports can
  /// be repeated.
  ///
  /// A field that is withdrawn while a narrower scope has a value is narrowed: what stood in the wider
  /// scope is destroyed at once, by every author for what he wrote (I7).
  ///
  /// - Parameter forgetting: whether what the edits replace is destroyed at once as well.
  /// - Returns: how many registers were written.
  /// - Throws: `StoreError.rejected`.
  @discardableResult
  package func change(
    _ id: RecordID, _ edits: [Edit], _ occasion: Occasion, forgetting: Bool = false
  ) throws -> Int {
    let state = try existing(id)
    try checkUnrestricted(state, edits)
    guard !state.isDeleted else {
      throw StoreError.rejected(
        "\(id) is deleted; restore it first: kreisnetz undelete \(id)", .deleted)
    }
    let kind = try kind(of: state)
    let edits = try completed(edits, of: kind, on: id, state)
    let parts = try parts(of: edits, on: id, state)
    // Before the check: whoever may not write a record may still find it as it is.
    guard !parts.isEmpty else { return 0 }
    try check(kind, edits, on: id, state, writing: parts.keys)
    let (kept, forgotten) = forgetting ? ([:], parts) : narrowing(parts, state)
    let written = try write(kept, on: id, kind, occasion)
    return try written + forget(forgotten, on: id, kind, occasion)
  }

  /// Deletes a record in every scope it appears in. Its entries stay; `restore` brings it back.
  package func delete(_ id: RecordID, _ occasion: Occasion) throws {
    let state = try existing(id)
    guard !state.isDeleted else {
      throw StoreError.rejected("\(id) is deleted already", .deleted)
    }
    try checkAuthority(on: id, in: state.scopes.keys)
    let register = Register(tag: RecordKind.deletedTag)
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key }) {
      // Besides its own heads it lists what its author saw, so that edits it had not seen show up.
      let seen = Set(part.registers.values.joined().map(\.hash.reference))
      guard seen.count <= Limits.bases else {
        throw StoreError.rejected(
          "\(id) has \(seen.count) separately written fields; a deletion can list \(Limits.bases)",
          .tooMuch)
      }
      let write = Write(register: register, content: .present, bases: Array(seen))
      try append(
        EntryBody(
          recordedAt: occasion.at, kind: .write, recordKind: part.kind, record: id, writes: [write]
        ), values: Values(values: [], role: occasion.role, reason: occasion.reason), to: scope)
    }
    try foldTouched()
  }

  /// Takes a deletion back, in every scope.
  package func restore(_ id: RecordID, _ occasion: Occasion) throws {
    let state = try existing(id)
    let register = Register(tag: RecordKind.deletedTag)
    let deleted = state.scopes.filter { $0.value.isDeleted }
    guard !deleted.isEmpty else { throw StoreError.rejected("\(id) is not deleted", .notDeleted) }
    try checkAuthority(on: id, in: deleted.keys)
    for (scope, part) in deleted.sorted(by: { $0.key < $1.key }) {
      let bases = part.heads(of: register).map(\.hash.reference)
      try append(
        EntryBody(
          recordedAt: occasion.at, kind: .write, recordKind: part.kind, record: id,
          writes: [Write(register: register, content: .withdrawn, bases: bases)]),
        values: Values(values: [], role: occasion.role, reason: occasion.reason), to: scope)
    }
    try foldTouched()
  }

  /// Ends a conflict over a field: one write with all heads as bases.
  package func resolve(
    _ id: RecordID, _ field: Field, element: String?, with resolution: Resolution,
    _ occasion: Occasion
  ) throws {
    let state = try existing(id)
    let register = Register(tag: field.tag, element: element)
    guard let conflict = state.conflicts.first(where: { $0.register == register }) else {
      throw StoreError.rejected("\(id) has no conflict over \(field.name)", .decided)
    }
    guard !conflict.againstDeletion else {
      throw StoreError.rejected(
        "\(field.name) was edited by somebody who had not seen that \(id) was deleted: "
          + "either restore the record or, to keep it deleted, restore and delete it again",
        .deleted)
    }
    try checkAuthority(on: id, in: [conflict.scope])
    var content = Write.Content.value
    var text: String?
    switch resolution {
    case .value(let value): text = value
    case .take(let number):
      guard conflict.heads.indices.contains(number - 1) else {
        throw StoreError.rejected(
          "\(field.name) has the alternatives 1 to \(conflict.heads.count), not \(number)",
          .decided)
      }
      let head = conflict.heads[number - 1]
      (content, text) = (head.content, head.value)
      guard content != .value || text != nil else {
        throw StoreError.rejected(
          "alternative \(number) was destroyed and cannot be taken", .destroyed)
      }
    }
    let write = Write(
      register: register, content: content, bases: conflict.heads.map(\.hash.reference))
    try append(
      EntryBody(
        recordedAt: occasion.at, kind: .write, recordKind: kind(of: state).tag, record: id,
        writes: [write]),
      values: Values(
        values: content == .value ? [text ?? ""] : [], role: occasion.role,
        reason: occasion.reason), to: conflict.scope)
    try foldTouched()
  }

  // MARK: - Parts

  private func existing(_ id: RecordID) throws -> RecordState {
    guard let state = try state(of: id), state.kind != nil else {
      throw StoreError.rejected("there is no record \(id)", .missing)
    }
    guard state.erasedIn == nil else {
      throw StoreError.rejected("\(id) was erased; it takes no values any more", .destroyed)
    }
    return state
  }

  private func kind(of state: RecordState) throws -> RecordKind {
    guard let kind = state.kind.flatMap({ tables.schema.kind(tag: $0) }) else {
      throw StoreError.rejected(
        "\(state.record) is of a kind that this version does not know; upgrade kreisnetz")
    }
    return kind
  }

  private func check(
    _ kind: RecordKind, _ edits: [Edit], on id: RecordID, _ state: RecordState?,
    writing scopes: some Sequence<Scope>
  ) throws {
    try checkAuthority(on: id, in: scopes)
    let before = (state?.shown ?? RegisterMap()).compactMap { register, place in
      kind.field(tag: register.tag).map {
        FieldValue($0, register.element ?? place.head.value, scope: ScopeKind(place.scope))
      }
    }
    let written = edits.flatMap { edit in
      edit.values(in: ScopeKind(scope(of: edit, on: id, state)))
    }
    let values = written + before.filter { old in edits.allSatisfy { !$0.replaces(old) } }
    // What the merge combined, or an earlier version took, is no reason to refuse another change.
    let known = state == nil ? [] : kind.problems(in: before, isNew: true)
    let problems =
      kind.problems(in: values, isNew: true).filter { !known.contains($0) }
      + (try connectionProblems(kind, values, written, on: id, isNew: state == nil))
    guard problems.isEmpty else {
      throw StoreError.rejected(problems.map(\.description).joined(separator: "\n"), .invalid)
    }
  }

  private func checkAuthority(on id: RecordID, in scopes: some Sequence<Scope>) throws {
    guard scopes.contains(where: { $0 != .local }), !membership.mayWrite(identity.member, id)
    else { return }
    guard membership.members[identity.member] != nil else {
      throw StoreError.rejected(
        "this replica has not heard from its hub since it joined; start the daemon once: "
          + "kreisnetz town run", .unheard)
    }
    let owner = membership.keeper(of: id)?.title ?? "another member"
    throw StoreError.rejected(
      "only \(owner) and the hub may change \(id); ask for it with: kreisnetz request \(id) "
        + "field=value", .notKeeper)
  }

  func scope(of edit: Edit, on id: RecordID, _ state: RecordState?) -> Scope {
    if edit.scope == nil, let state, !isPlanted(.widensScope) {
      // Without a word about it a field stays in its scope: nothing becomes public by an edit (I7).
      let register =
        switch edit.content {
        case .value, .withdrawn, .elements: Register(tag: edit.field.tag)
        case .insert(let element), .remove(let element):
          Register(tag: edit.field.tag, element: element)
        }
      if let place = state.shown[register] { return place.scope }
      // Nor does a field that is new there make a record known to more readers than know it by now.
      let narrowest = resolved(edit.field.scope, on: id)
      guard let widest = state.widestScope, widest.kind > narrowest.kind else { return narrowest }
      return resolved(ScopeKind(widest), on: id)
    }
    return resolved(edit.scope ?? edit.field.scope, on: id)
  }

  /// The hub reads every coordination scope and writes into that of the record's steward.
  private func resolved(_ kind: ScopeKind, on id: RecordID) -> Scope {
    switch kind {
    case .public: .public
    case .kreis: .kreis
    case .local: .local
    case .coordination:
      .coordination(
        identity.role == .hub ? membership.steward(of: id) ?? identity.member : identity.member)
    }
  }

  typealias Part = (writes: [Write], values: [String])

  /// What the edits change, by scope; nothing where the record is so already.
  func parts(
    of edits: [Edit], on id: RecordID, _ state: RecordState?
  ) throws -> [Scope: Part] {
    var parts: [Scope: Part] = [:]
    var given: [Scope: Set<Register>] = [:]
    for edit in edits {
      let scope = scope(of: edit, on: id, state)
      let held = state?.scopes[scope]
      for (register, content, value) in registers(of: edit, held) {
        let old = held?.heads(of: register) ?? []
        if old.count == 1, old[0].content == content, old[0].value == value { continue }
        if old.isEmpty, content == .withdrawn { continue }
        guard given[scope, default: []].insert(register).inserted else {
          throw StoreError.rejected("\(edit.field.name) is given twice")
        }
        parts[scope, default: ([], [])].writes.append(
          Write(register: register, content: content, bases: old.map(\.hash.reference)))
        if let value { parts[scope, default: ([], [])].values.append(value) }
      }
    }
    return parts
  }

  /// - Returns: how many registers were written.
  @discardableResult
  func write(
    _ parts: [Scope: Part], on id: RecordID, _ kind: RecordKind, _ occasion: Occasion
  ) throws -> Int {
    let entries = parts.sorted { $0.key < $1.key }.map { scope, part in
      (
        scope: scope,
        header: EntryBody(
          recordedAt: occasion.at, kind: .write, recordKind: kind.tag, record: id,
          writes: part.writes),
        values: Values(values: part.values, role: occasion.role, reason: occasion.reason)
      )
    }
    // An import may go on after a refusal, so nothing of a record may be written before all of it
    // is known to be within the limits.
    if entries.count > 1 { for entry in entries { try checkLimits(entry.header, entry.values) } }
    for entry in entries { try append(entry.header, values: entry.values, to: entry.scope) }
    try foldTouched()
    return parts.values.reduce(0) { $0 + $1.writes.count }
  }

  private func registers(
    of edit: Edit, _ held: ScopeState?
  ) -> [(Register, Write.Content, String?)] {
    let tag = edit.field.tag
    switch edit.content {
    case .value(let text): return [(Register(tag: tag), .value, text)]
    case .insert(let element): return [(Register(tag: tag, element: element), .present, nil)]
    case .remove(let element): return [(Register(tag: tag, element: element), .withdrawn, nil)]
    case .elements(let elements):
      let listed = Set(elements)
      let rest = (held?.registers[tag: tag] ?? []).map(\.key).filter { register in
        register.element.map { !listed.contains($0) } ?? true
      }
      return listed.sorted().map { (Register(tag: tag, element: $0), .present, nil) }
        + rest.map { ($0, .withdrawn, nil) }
    case .withdrawn:
      guard edit.field.isSet else { return [(Register(tag: tag), .withdrawn, nil)] }
      return (held?.registers[tag: tag] ?? []).map { ($0.key, .withdrawn, nil) }
    }
  }
}

extension RecordState {
  /// The widest scope in which anything stands; `nil` where nothing does.
  fileprivate var widestScope: Scope? {
    scopes.filter { _, part in part.registers.values.contains { $0.first?.isLive ?? false } }.keys
      .min()
  }
}

extension ScopeKind {
  /// The kind of a scope.
  package init(_ scope: Scope) {
    switch scope {
    case .public: self = .public
    case .kreis: self = .kreis
    case .coordination: self = .coordination
    case .local: self = .local
    }
  }
}
