// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// Records as the JSON that commands print. Names of members are looked up as of one snapshot.
struct RecordJSON {
  private let snapshot: Snapshot

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  // MARK: - Names

  /// `id`, `kind`, `name`, `owner`, `owner_title`.
  static func naming(_ id: RecordID, _ snapshot: Snapshot) throws -> [JSONValue.Member] {
    let naming = try snapshot.naming(of: id)
    return self.naming(id, naming?.kind, naming?.name, snapshot)
  }

  /// The same, of a record at hand.
  static func naming(_ record: ShownRecord, _ snapshot: Snapshot) -> [JSONValue.Member] {
    naming(record.id, record.kind, record.name, snapshot)
  }

  private static func naming(
    _ id: RecordID, _ kind: RecordKind?, _ name: String?, _ snapshot: Snapshot
  ) -> [JSONValue.Member] {
    let owner = snapshot.membership.keeper(of: id)
    return [
      .init("id", .string(id.description)), .init("kind", kind.map { .string($0.name) } ?? .null),
      .init("name", name.map { .string($0) } ?? .null),
      .init("owner", owner.map { .string($0.name) } ?? .null),
      .init("owner_title", owner.map { .string($0.title) } ?? .null),
    ]
  }

  // MARK: - Values

  /// A canonical value: numbers and truth values as such.
  static func value(_ text: String, _ field: Field) -> JSONValue {
    switch field.type {
    case .boolean: .bool(text == "true")
    case .integer, .decimal, .latitude, .longitude: .number(text)
    default: .string(text)
    }
  }

  /// The field's name, or the tag's number where this version knows no name.
  static func tag(_ tag: UInt32, _ kind: RecordKind?) -> JSONValue {
    if tag == RecordKind.deletedTag { return "deleted" }
    if tag == RecordKind.nextStewardTag { return "next_steward" }
    return kind?.field(tag: tag).map { .string($0.name) } ?? .integer(Int(tag))
  }

  static func scope(_ scope: Scope) -> JSONValue { .string(scope.description) }

  private func author(_ member: MemberID) -> [JSONValue.Member] {
    let known = snapshot.membership.members[member]
    return [
      .init("by", .string(known?.name ?? member.description)),
      .init("title", .string(known?.title ?? member.description)),
    ]
  }

  /// How a value reads for people: a reference by the name of the record.
  private func display(_ text: String, _ field: Field) throws -> String {
    guard case .reference = field.type, let id = RecordID(text: text) else {
      return field.display(text)
    }
    return try name(of: id) ?? field.display(text)
  }

  /// What people call a record, or the one kept in place of a merged one.
  func name(of id: RecordID) throws -> String? {
    if let name = try snapshot.naming(of: id)?.name { return name }
    return try snapshot.kept(for: id).flatMap { try snapshot.naming(of: $0)?.name }
  }

  /// The same, where there may be none; what cannot be looked up reads as it stands.
  private func display(_ text: String?, _ field: Field?) -> JSONValue {
    guard let text else { return .null }
    return .string(field.flatMap { try? display(text, $0) } ?? text)
  }

  /// The same of a field: of a set a list, null where there is none.
  func display(_ texts: [String], _ field: Field) -> JSONValue {
    let displays = texts.map { display($0, field as Field?) }
    return field.isSet ? .array(displays) : displays.first ?? .null
  }

  // MARK: - Records

  /// Every field that is shown, flat: `{"id":…,"kind":…,"name":…,…}`, and `conflicts` if there are.
  func flat(_ state: RecordState, _ kind: RecordKind) -> JSONValue {
    let row = DirectoryRow(
      line: 0, kind: kind, id: state.record.description, values: Self.shown(state, kind))
    guard case .object(let members) = row.json, !state.conflicts.isEmpty else { return row.json }
    return .object(members + [.init("conflicts", .integer(state.conflicts.count))])
  }

  private static func shown(_ state: RecordState, _ kind: RecordKind) -> [DirectoryRow.Entry] {
    var elements: [UInt32: [String]] = [:]
    var entries: [DirectoryRow.Entry] = []
    for (register, place) in state.shown {
      guard let field = kind.field(tag: register.tag) else { continue }
      if let element = register.element {
        elements[register.tag, default: []].append(element)
      } else if let value = place.head.value {
        entries.append(DirectoryRow.Entry(field, .set(.text(value))))
      }
    }
    for (tag, list) in elements {
      guard let field = kind.field(tag: tag) else { continue }
      entries.append(DirectoryRow.Entry(field, .elements(list.sorted().map { .text($0) })))
    }
    return entries
  }

  /// The record with scopes, authors and conflicts:
  ///
  ///     {"id","kind","deleted","owner","owner_title","fields":{NAME:{"value","display","scope",
  ///      "by","title","at"}},"conflicts":[…]}
  ///
  /// What a later version wrote is told as it stands: `kind_tag` in place of `kind`, and in `unknown`
  /// fields by their tags, `{"tag","element","value","scope","by","title","at"}`.
  /// `value` and `display` of a set are lists; scope and author are those of its latest element.
  func full(_ state: RecordState) throws -> JSONValue {
    let kind = state.kind.flatMap { Schema.directory.kind(tag: $0) }
    let owner = snapshot.membership.keeper(of: state.record)
    return .object(
      [
        .init("id", .string(state.record.description)),
        .init("kind", kind.map { .string($0.name) } ?? .null),
        .init("deleted", .bool(state.isDeleted)),
        .init("owner", owner.map { .string($0.name) } ?? .null),
        .init("owner_title", owner.map { .string($0.title) } ?? .null),
        .init("fields", .object(try kind.map { try fields(state, $0) } ?? [])),
        .init("conflicts", .array(state.conflicts.map { .object(conflict($0, kind)) })),
      ] + unknown(state, kind))
  }

  private func unknown(_ state: RecordState, _ kind: RecordKind?) -> [JSONValue.Member] {
    let reserved: Set = [RecordKind.deletedTag, RecordKind.nextStewardTag]
    let shown = state.isDeleted ? state.beforeDeletion : state.shown
    let rows = shown.compactMap { register, place -> JSONValue? in
      guard !reserved.contains(register.tag), kind?.field(tag: register.tag) == nil else {
        return nil
      }
      return .object(
        [
          .init("tag", .integer(Int(register.tag))),
          .init("element", register.element.map { .string($0) } ?? .null),
          .init("value", place.head.value.map { .string($0) } ?? .null),
          .init("scope", Self.scope(place.scope)),
        ] + author(place.head.log.member) + [.init("at", .integer(Int(place.head.recordedAt)))])
    }
    let tag = kind == nil ? state.kind : nil
    return (tag.map { [.init("kind_tag", .integer(Int($0)))] } ?? [])
      + (rows.isEmpty ? [] : [.init("unknown", .array(rows))])
  }

  private func fields(_ state: RecordState, _ kind: RecordKind) throws -> [JSONValue.Member] {
    // A deleted record is shown as it was, so that people can tell what they would restore.
    let shown = state.isDeleted ? state.beforeDeletion : state.shown
    var out: [JSONValue.Member] = []
    for field in kind.fields {
      let places = shown[tag: field.tag]
      guard let latest = places.map(\.value).max(by: { $0.head.recordedAt < $1.head.recordedAt })
      else { continue }
      let texts = places.compactMap { $0.key.element ?? $0.value.head.value }
      let values = texts.map { Self.value($0, field) }
      let displays = try texts.map { JSONValue.string(try display($0, field)) }
      guard let first = values.first, let firstDisplay = displays.first else { continue }
      out.append(
        .init(
          field.name,
          .object(
            [
              .init("value", field.isSet ? .array(values) : first),
              .init("display", field.isSet ? .array(displays) : firstDisplay),
              .init("scope", Self.scope(latest.scope)),
            ] + author(latest.head.log.member) + [
              .init("at", .integer(Int(latest.head.recordedAt)))
            ])))
    }
    return out
  }

  /// `field`, `element`, `scope`, `against_deletion`, and the alternatives, the winner first:
  /// `number`, `value`, `display`, `withdrawn`, `by`, `title`, `at`, `hash`.
  func conflict(_ conflict: Conflict, _ kind: RecordKind?) -> [JSONValue.Member] {
    let field = kind?.field(tag: conflict.register.tag)
    let alternatives = conflict.heads.enumerated().map { index, head -> JSONValue in
      let value = head.value.map { text in field.map { Self.value(text, $0) } ?? .string(text) }
      return .object(
        [
          .init("number", .integer(index + 1)),
          .init("value", value ?? (head.content == .present ? .bool(true) : .null)),
          .init("display", display(head.value ?? conflict.register.element, field)),
          .init("withdrawn", .bool(head.content == .withdrawn)),
        ] + author(head.log.member) + [
          .init("at", .integer(Int(head.recordedAt))),
          .init("hash", .string(head.hash.description)),
        ])
    }
    return [
      .init("field", Self.tag(conflict.register.tag, kind)),
      .init("element", conflict.register.element.map { .string($0) } ?? .null),
      .init("scope", Self.scope(conflict.scope)),
      .init("against_deletion", .bool(conflict.againstDeletion)),
      .init("alternatives", .array(alternatives)),
    ]
  }

  // MARK: - Entries

  /// One entry of a history: `record`, `merged` (it is that of a record merged into the one asked for),
  /// `hash`, `entry_kind`, `by`, `title`, `member`, `generation`, `scope`,
  /// `sequence`, `at`, `writes` (`field`, `element`, `withdrawn`, `value`, `display`), `role`, `reason`,
  /// `destroyed`, `effective` and, if it is not, `why`.
  func entry(_ entry: HistoryEntry, of record: RecordID, isMerged: Bool) -> JSONValue {
    let kind = Schema.directory.kind(tag: entry.header.recordKind)
    let writes = entry.header.writes.enumerated().map { index, write -> JSONValue in
      var value: JSONValue = write.content == .present ? .bool(true) : .null
      if write.content == .value, let values = entry.values?.values {
        let position = entry.header.valueIndex(of: index)
        if values.indices.contains(position) { value = .string(values[position]) }
      }
      return [
        "field": Self.tag(write.register.tag, kind),
        "element": write.register.element.map { .string($0) } ?? .null,
        "withdrawn": .bool(write.content == .withdrawn), "value": value,
        "display": display(
          value.text ?? write.register.element, kind?.field(tag: write.register.tag)),
      ]
    }
    return .object(
      [
        .init("record", .string(record.description)), .init("merged", .bool(isMerged)),
        .init("hash", .string(entry.hash.description)),
        .init("entry_kind", .string(entry.header.kind.name)),
        .init("record_kind", kind.map { .string($0.name) } ?? .null),
      ] + author(entry.log.member) + [
        .init("member", .string(entry.log.member.description)),
        .init("generation", .integer(Int(entry.log.generation))),
        .init("scope", Self.scope(entry.log.scope)),
        .init("sequence", .integer(Int(entry.sequence))),
        .init("at", .integer(Int(entry.header.recordedAt))),
        .init("writes", .array(writes)),
        .init("role", .string(entry.values?.role ?? "")),
        .init("reason", .string(entry.values?.reason ?? "")),
        .init("destroyed", .bool(entry.values == nil && entry.header.hasBlock)),
        .init("effective", .bool(entry.inertness == nil)),
        .init("why", entry.inertness.map { .string($0.sentence) } ?? .null),
      ])
  }
}

extension EntryKind {
  var name: String {
    switch self {
    case .write: "write"
    case .restate: "restate"
    case .erase: "erase"
    case .control: "control"
    case .unknown(let code): "unknown \(code)"
    }
  }
}

extension Inertness {
  fileprivate var sentence: String {
    switch self {
    case .beyondClosing: "it stands after the point at which the hub closed this log"
    case .notSteward: "its author may not write this record"
    case .foreignScope: "it stands in another town's coordination scope"
    case .unknownAuthor: "the realm does not know its author or key"
    case .otherKind: "it names another kind than the record has"
    }
  }
}
