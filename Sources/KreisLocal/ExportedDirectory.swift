// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange
package import KreisStore

/// What an export may hand out, as one snapshot has it: values of scopes whose readers it is for, and
/// never what is deleted, erased or restricted (Art. 18 GDPR).
///
/// Of references it keeps an index in memory, built when a writer first asks for one: two ids for
/// each record that refers to another. Otherwise memory does not grow with the directory.
package final class ExportedDirectory {
  private struct Link: Hashable {
    let kind: String
    let field: String
  }

  private let snapshot: Snapshot
  private let readers: ScopeKind
  /// Records whose processing is restricted.
  private var restricted: Set<String> = []
  /// By the ids of merged records, those kept in their places, which are handed out instead.
  private let kept: [String: String]
  private var referring: [Link: [String: [RecordID]]] = [:]
  /// Records that were read lately: many refer to the same municipality or category.
  private var recent: [RecordID: ExportRecord] = [:]
  private let recentLimit: Int
  private let check: () throws -> Void

  /// - Parameters:
  ///   - recentLimit: records that are kept in memory.
  ///   - check: called for each record that is visited; throws where nobody waits any more.
  package init(
    _ snapshot: Snapshot, readers: ScopeKind, recentLimit: Int = 2_000,
    check: @escaping () throws -> Void = {}
  ) throws {
    self.snapshot = snapshot
    self.check = check
    self.recentLimit = recentLimit
    self.readers = readers
    restricted = Set(try snapshot.restrictedRecords().map(\.description))
    kept = Dictionary(
      uniqueKeysWithValues: try snapshot.mergedRecords().map {
        ($0.key.description, $0.value.description)
      })
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
    try visit(kind) { state in
      let record = record(state, kind)
      if !record.isEmpty { try body(record) }
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
    if let known = recent[id] { return known }
    if let other = kept[id.description].flatMap({ RecordID(text: $0) }) { return try record(other) }
    guard let state = try snapshot.state(of: id),
      let kind = state.kind.flatMap({ Schema.directory.kind(tag: $0) }),
      !state.isDeleted, !isHidden(state, kind)
    else { return nil }
    let record = record(state, kind)
    guard !record.isEmpty else { return nil }
    if recent.count == recentLimit { recent.removeAll(keepingCapacity: true) }
    recent[id] = record
    return record
  }

  private func record(_ state: RecordState, _ kind: RecordKind) -> ExportRecord {
    var heads = RegisterMap<Head>()
    var modified: UInt64 = 0
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key })
    where ScopeKind(scope).isSeen(by: readers) && !state.isDeleted(in: scope) {
      for (register, candidates) in part.registers {
        modified = max(modified, candidates.first?.recordedAt ?? 0)
        if let winner = candidates.first, winner.isLive { heads[register] = winner }
      }
    }
    var values: [String: [String]] = [:]
    for (register, head) in heads {
      guard let field = kind.field(tag: register.tag) else { continue }
      guard let value = register.element ?? head.value else { continue }
      values[field.name, default: []].append(redirected(value, field))
    }
    // Cards, calendars, HSDS and the read API leave the realm: there every name says what it is.
    if snapshot.identity.isTraining, let names = values["name"] {
      values["name"] = names.map(TrainingRealm.marked(name:))
    }
    return ExportRecord(
      id: state.record.description, kind: kind, values: values.mapValues { Set($0).sorted() },
      isPlaceProtected: state.says("confidential", of: kind), modified: modified)
  }

  private func redirected(_ value: String, _ field: Field) -> String {
    guard !kept.isEmpty, case .reference = field.type else { return value }
    return kept[value] ?? value
  }

  /// A restricted person's numbers and roles are hidden with the person.
  private func isHidden(_ state: RecordState, _ kind: RecordKind) -> Bool {
    if restricted.isEmpty { return false }
    if restricted.contains(state.record.description) { return true }
    return kind.personFields.contains { field in
      state.values(of: field).contains { restricted.contains($0) }
    }
  }

  // MARK: - References

  private func records(
    of kindName: String, referringTo id: String, in fieldName: String
  ) throws -> [ExportRecord] {
    let link = Link(kind: kindName, field: fieldName)
    if referring[link] == nil { try index(Schema.directory.kind(named: kindName)) }
    return try (referring[link]?[id] ?? []).compactMap { try record($0) }
  }

  /// Notes what the records of a kind refer to, all fields at once: each record is folded for that.
  private func index(_ kind: RecordKind) throws {
    var fields: [(link: Link, name: String)] = []
    for field in kind.fields {
      guard case .reference = field.type else { continue }
      fields.append((Link(kind: kind.name, field: field.name), field.name))
    }
    for field in fields { referring[field.link] = [:] }
    try visit(kind) { state in
      let record = record(state, kind)
      guard !record.isEmpty else { return }
      if recent.count < recentLimit { recent[state.record] = record }
      for field in fields {
        for target in record.elements(field.name) {
          referring[field.link]?[target, default: []].append(state.record)
        }
      }
    }
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
