// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange
package import KreisStore

/// What an export may hand out, as one snapshot has it: values of scopes whose readers it is for, and
/// never what is deleted, erased or restricted (Art. 18 GDPR).
///
/// Of references it keeps an index in memory, built when a writer first asks for one: two ids for
/// each record that refers to another, and as much again where it is kept for the next snapshot.
/// Of records it keeps as many as fit in the memory that it is given, so that one which is asked for
/// again is not folded again.
package final class ExportedDirectory {
  private let snapshot: Snapshot
  private let readers: ScopeKind
  /// Nothing public is known of a person from the day on at which its legal basis has ended.
  private let today: CivilDate
  /// What the next snapshot needs to be looked at only where something changed.
  package let memory: ExportMemory
  /// Records that were read: many refer to the same municipality or category.
  private var recent: [RecordID: PackedRecord] = [:]
  private var recentSize = 0
  private let recentLimit: Int
  /// By their tags, the kinds whose records were all looked at for their references: these records.
  private var indexed: [UInt32: [RecordID]] = [:]
  private let check: () throws -> Void

  /// - Parameters:
  ///   - today: in Germany.
  ///   - memory: what was kept of an earlier snapshot, which `update` then brings up to date.
  ///   - isKept: whether the memory is for a later snapshot.
  ///   - recentLimit: bytes that the records kept in memory may take.
  ///   - check: called for each record that is visited; throws where nobody waits any more.
  package init(
    _ snapshot: Snapshot, readers: ScopeKind, on today: CivilDate, memory: ExportMemory? = nil,
    isKept: Bool = false,
    recentLimit: Int = 2 << 20, check: @escaping () throws -> Void = {}
  ) throws {
    self.snapshot = snapshot
    self.check = check
    self.recentLimit = recentLimit
    self.readers = readers
    self.today = today
    self.memory = try memory ?? ExportMemory(snapshot, mayChange: isKept)
  }

  /// Whether all of this comes from a training realm.
  var isTraining: Bool { snapshot.identity.isTraining }

  /// Whether this member keeps the record, or made it.
  func isOwn(_ state: RecordState) -> Bool {
    let member = snapshot.identity.member
    return state.record.creator == member || snapshot.membership.steward(of: state.record) == member
  }

  /// Visits the records of a kind.
  func visit(_ kind: RecordKind, _ body: (RecordState) throws -> Void) throws {
    try snapshot.list(kind) { state in
      try check()
      if !isHidden(state, kind) { try body(state) }
    }
  }

  /// Visits the records of a kind that have a value for these readers.
  package func records(_ kind: RecordKind, _ body: (ExportRecord) throws -> Void) throws {
    if let ids = indexed[kind.tag] {
      for id in ids {
        try check()
        if let record = try record(id) { try body(record) }
      }
      return
    }
    try visit(kind) { state in
      let record = packed(state, kind)
      guard !record.isEmpty else { return }
      keep(record, of: state.record)
      try body(ExportRecord(id: state.record.description, record, kind: kind))
    }
  }

  /// For the writers, which ask for what belongs to a record.
  package var source: ExportSource {
    ExportSource(
      record: { id in try RecordID(text: id).flatMap { try self.record($0) } },
      referring: { kind, field, id in try self.records(of: kind, referringTo: id, in: field) })
  }

  package func schoolHolidays() throws -> SchoolHolidays {
    var ranges: [ClosedRange<CivilDate>] = []
    try records(Schema.directory.kind(named: "school_holiday")) { record in
      // Concurrent edits may combine to what no one would enter.
      guard let first = record["first_day"].flatMap({ CivilDate($0) }),
        let last = record["last_day"].flatMap({ CivilDate($0) }), first <= last
      else { return }
      ranges.append(first...last)
    }
    return SchoolHolidays(ranges)
  }

  // MARK: - Records

  private func record(_ id: RecordID) throws -> ExportRecord? {
    if let other = memory.kept[id] { return try record(other) }
    if let known = recent[id] {
      return Schema.directory.kind(tag: known.kind).map {
        ExportRecord(id: id.description, known, kind: $0)
      }
    }
    guard let state = try snapshot.state(of: id),
      let kind = state.kind.flatMap({ Schema.directory.kind(tag: $0) }),
      !state.isDeleted, !isHidden(state, kind)
    else { return nil }
    let record = packed(state, kind)
    guard !record.isEmpty else { return nil }
    keep(record, of: id)
    return ExportRecord(id: id.description, record, kind: kind)
  }

  /// Where memory is full, all that was kept goes: what comes next is mostly asked for together.
  private func keep(_ record: PackedRecord, of id: RecordID) {
    let size = record.size + Self.recordOverhead
    if recentSize + size > recentLimit {
      recent.removeAll(keepingCapacity: true)
      recentSize = 0
    }
    if recent.updateValue(record, forKey: id) == nil { recentSize += size }
  }

  /// What a record takes in memory beside its values.
  private static let recordOverhead = 96

  private func packed(_ state: RecordState, _ kind: RecordKind) -> PackedRecord {
    var heads = RegisterMap<Head>()
    var modified: UInt64 = 0
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key })
    where ScopeKind(scope).isSeen(by: readers) && !state.isDeleted(in: scope) {
      for (register, candidates) in part.registers {
        modified = max(modified, candidates.first?.recordedAt ?? 0)
        if let winner = candidates.first, winner.isLive { heads[register] = winner }
      }
    }
    var values: [(field: Int, text: String)] = []
    // Cards, calendars, HSDS and the read API leave the realm: there every name says what it is.
    let name = snapshot.identity.isTraining ? kind.index(named: "name") : nil
    for (register, head) in heads {
      guard let index = kind.index(ofTag: register.tag) else { continue }
      guard let value = register.element ?? head.value else { continue }
      let text = redirected(value, kind.fields[index])
      values.append((index, index == name ? TrainingRealm.marked(name: text) : text))
    }
    return PackedRecord(
      kind: kind.tag, values, isPlaceProtected: state.says("confidential", of: kind),
      modified: modified)
  }

  /// Whether the legal basis of a person's data has ended, in whichever scope that stands.
  private func isOver(_ state: RecordState, _ kind: RecordKind) -> Bool {
    guard kind.name == "contact", let field = try? kind.field(named: "valid_until") else {
      return false
    }
    return state.values(of: field).compactMap { CivilDate($0) }.contains { $0 < today }
  }

  private func redirected(_ value: String, _ field: Field) -> String {
    guard !memory.kept.isEmpty, case .reference = field.type, let id = RecordID(text: value) else {
      return value
    }
    return memory.kept[id]?.description ?? value
  }

  /// A restricted person's numbers and roles are hidden with the person.
  private func isHidden(_ state: RecordState, _ kind: RecordKind) -> Bool {
    if readers == .public, isOver(state, kind) { return true }
    let restricted = memory.restricted
    if restricted.isEmpty { return false }
    if restricted.contains(state.record) { return true }
    return kind.personFields.contains { field in
      state.values(of: field).contains { RecordID(text: $0).map(restricted.contains) == true }
    }
  }

  // MARK: - References

  private func records(
    of kindName: String, referringTo id: String, in fieldName: String
  ) throws -> [ExportRecord] {
    let link = ExportLinks.Link(kind: kindName, field: fieldName)
    if !memory.links.has(link) { try index(Schema.directory.kind(named: kindName)) }
    guard let id = RecordID(text: id) else { return [] }
    return try memory.links.records(link, to: id).compactMap { try record($0) }
  }

  /// Notes what the records of a kind refer to, all fields at once: each record is folded for that.
  private func index(_ kind: RecordKind) throws {
    memory.links.begin(kind)
    var ids: [RecordID] = []
    try snapshot.list(kind) { state in
      try check()
      let record = packed(state, kind)
      // What names a hidden person is hidden with it, and to be found when it is shown again.
      memory.links.set(state.record, references(of: record, kind))
      guard !record.isEmpty, !isHidden(state, kind) else { return }
      ids.append(state.record)
      keep(record, of: state.record)
    }
    indexed[kind.tag] = ids
  }

  private func references(
    of packed: PackedRecord, _ kind: RecordKind
  ) -> [ExportLinks.Reference] {
    let record = ExportRecord(id: "", packed, kind: kind)
    return kind.references.flatMap { field -> [ExportLinks.Reference] in
      let link = ExportLinks.Link(kind: kind.name, field: field.name)
      guard memory.links.has(link) else { return [] }
      return record.elements(field.name).compactMap { RecordID(text: $0) }
        .map { ExportLinks.Reference(link: link, target: $0) }
    }
  }

  // MARK: - Changes

  /// Brings the memory of an earlier snapshot up to date.
  ///
  /// - Parameter changed: what changed since, or may have.
  /// - Throws: `StoreError`.
  package func update(_ changed: Set<RecordID>) throws -> ExportChange {
    var states: [RecordID: RecordState] = [:]
    var records = changed
    var areMergesOther = false
    for id in changed {
      try check()
      let state = try snapshot.state(of: id)
      states[id] = state
      let kind = state?.kind.flatMap { Schema.directory.kind(tag: $0) }
      let isRestricted =
        state?.isDeleted == false && kind.flatMap { state?.isRestricted($0) } ?? false
      if isRestricted != memory.restricted.contains(id) {
        if isRestricted { memory.restricted.insert(id) } else { memory.restricted.remove(id) }
        records.formUnion(memory.links.records(to: id))
      }
      if state?.mergedInto != nil || memory.kept[id] != nil { areMergesOther = true }
    }
    if areMergesOther {
      let kept = try snapshot.mergedRecords()
      for id in Set(kept.keys).union(memory.kept.keys) where kept[id] != memory.kept[id] {
        records.insert(id)
        records.formUnion(memory.links.records(to: id))
        // Whoever names it stands among those who name what was kept in its place.
        if let before = memory.kept[id] { records.formUnion(memory.links.records(to: before)) }
      }
      memory.kept = kept
    }
    var owners: Set<RecordID> = []
    for id in records {
      try check()
      let state = try states[id] ?? snapshot.state(of: id)
      owners.formUnion(memory.links.references(of: id).map(\.target))
      guard let state, let kind = state.kind.flatMap({ Schema.directory.kind(tag: $0) }),
        !state.isDeleted
      else {
        memory.links.set(id, [])
        continue
      }
      let record = packed(state, kind)
      let references = references(of: record, kind)
      memory.links.set(id, references)
      owners.formUnion(references.map(\.target))
      if !record.isEmpty, memory.kept[id] == nil, !isHidden(state, kind) {
        keep(record, of: id)
      }
    }
    return ExportChange(records: records, owners: owners)
  }
}

extension ScopeKind {
  /// Whether `readers` read this scope: each sort of readers has all wider scopes.
  func isSeen(by readers: ScopeKind) -> Bool {
    let order = ScopeKind.allCases
    return (order.firstIndex(of: self) ?? 0) <= (order.firstIndex(of: readers) ?? 0)
  }
}

extension RecordState {
  /// The values of a field in all scopes.
  fileprivate func values(of field: Field) -> [String] {
    scopes.values.compactMap { part in
      part.registers[Register(tag: field.tag)]?.first.flatMap { $0.isLive ? $0.value : nil }
    }
  }

  /// Whether a field is true in some scope.
  fileprivate func says(_ name: String, of kind: RecordKind) -> Bool {
    (try? kind.field(named: name)).map { values(of: $0).contains("true") } ?? false
  }
}
