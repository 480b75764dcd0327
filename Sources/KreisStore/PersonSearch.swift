// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// Where a person stands in a directory: by a reference, or named in some text.
package struct PersonSearch: Sendable {
  /// How a record comes to be about the person, the surest first.
  package enum How: Int, Comparable, Sendable {
    case refers, names
    /// Only the last name, which others may have too.
    case similar

    package static func < (lhs: How, rhs: How) -> Bool { lhs.rawValue < rhs.rawValue }
  }

  package struct Hit: Sendable {
    package let record: RecordID
    /// The record kind's tag.
    package let kind: UInt32
    package let how: How
    /// Tags of fields and their scopes; tag 0: the role or reason of an entry.
    package let places: [Place]
  }

  package struct Place: Hashable, Comparable, Sendable {
    package let tag: UInt32
    package let scope: Scope
    /// Whether it is shown, or only kept in the history.
    package let isShown: Bool

    package static func < (lhs: Place, rhs: Place) -> Bool {
      (lhs.scope, lhs.tag, lhs.isShown ? 0 : 1) < (rhs.scope, rhs.tag, rhs.isShown ? 0 : 1)
    }
  }

  private var ids: Set<String> = []
  private var texts: Set<String> = []
  private var lastNames: Set<String> = []
  private var numbers: Set<String> = []

  /// - Parameters:
  ///   - id: the person's record; `nil` where there is none.
  ///   - values: its values, by field name.
  ///   - isPerson: whether `name` is a person's.
  package init(_ id: RecordID?, values: [(field: String, text: String)], isPerson: Bool) {
    if let id { ids.insert(id.description) }
    guard isPerson else { return }
    for (field, text) in values {
      switch field {
      case "name", "alternate_name": addName(text)
      case "email": texts.insert(Self.plain(text))
      case "phone", "mobile", "fax": addNumber(text)
      default: break
      }
    }
  }

  /// The search for either person.
  mutating func formUnion(_ other: PersonSearch) {
    ids.formUnion(other.ids)
    texts.formUnion(other.texts)
    lastNames.formUnion(other.lastNames)
    numbers.formUnion(other.numbers)
  }

  private static let titles: Set<String> = [
    "frau", "herr", "dr.", "dr", "prof.", "prof", "dipl.-päd.", "dipl.-psych.", "med.", "phil.",
  ]

  private mutating func addName(_ text: String) {
    let words = Self.plain(text).split(separator: " ").filter { !Self.titles.contains(String($0)) }
    guard let last = words.last, last.count >= 3 else { return }
    if words.count > 1 { texts.insert(words.joined(separator: " ")) }
    lastNames.insert(String(last))
  }

  private mutating func addNumber(_ text: String) {
    let digits = Self.digits(text)
    if digits.count >= 6 { numbers.insert(digits) }
  }

  /// Lower case, single spaces.
  private static func plain(_ text: String) -> String {
    text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Without country code and trunk prefix.
  private static func digits(_ text: String) -> String {
    var digits = String(text.unicodeScalars.filter { ("0"..."9").contains($0) })
    if text.hasPrefix("+49") || text.hasPrefix("0049") {
      digits = String(digits.drop { $0 == "0" }.dropFirst(2))
    }
    return String(digits.drop { $0 == "0" })
  }

  /// How a text is about the person; `nil` if it is not.
  package func how(_ text: String) -> How? {
    if ids.contains(text) { return .refers }
    guard !texts.isEmpty || !lastNames.isEmpty || !numbers.isEmpty else { return nil }
    let plain = Self.plain(text)
    if texts.contains(where: { plain.contains($0) }) { return .names }
    if !numbers.isEmpty {
      let digits = Self.digits(text)
      if digits.count >= 6, numbers.contains(where: { digits.contains($0) }) { return .names }
    }
    for name in lastNames where plain.contains(name) {
      let words = plain.split { !$0.isLetter && $0 != "-" }
      if words.contains(Substring(name)) { return .similar }
    }
    return nil
  }

  /// Whether a text speaks of the person.
  package func concerns(_ text: String) -> Bool { how(text) != nil }
}

extension Snapshot {
  /// Searches for the person that these records are about.
  package func search(for records: [RecordID]) throws -> PersonSearch {
    var search = PersonSearch(nil, values: [], isPerson: false)
    for id in records { search.formUnion(try ledger.search(for: id, tables.schema, membership)) }
    return search
  }

  /// Everything that refers to or names a person, in all scopes that this replica holds, superseded
  /// values included.
  package func hits(
    _ search: PersonSearch, except records: [RecordID]
  ) throws -> [PersonSearch.Hit] {
    try ledger.hits(search, except: Set(records), membership)
  }
}

extension Ledger {
  fileprivate func search(
    for id: RecordID, _ schema: Schema, _ membership: Membership
  ) throws -> PersonSearch {
    guard let key = try key(of: id) else {
      return PersonSearch(id, values: [], isPerson: false)
    }
    let entries = try entries(ofRecord: key)
    let state = Fold.record(id, entries, under: membership)
    let kind = state.kind.flatMap { schema.kind(tag: $0) }
    // A midwife is an organization.
    let isPerson =
      kind?.name == "contact"
      || (try? kind?.field(named: "single_person")).map { state.text(of: $0) == "true" } ?? false
    var values: [(field: String, text: String)] = []
    for entry in entries where !state.destroyed.contains(entry.hash) {
      guard let block = entry.values?.values else { continue }
      for (index, write) in entry.header.writes.enumerated() where write.content == .value {
        guard let name = kind?.field(tag: write.register.tag)?.name else { continue }
        values.append((name, block[entry.header.valueIndex(of: index)]))
      }
    }
    return PersonSearch(id, values: values, isPerson: isPerson)
  }

  fileprivate func hits(
    _ search: PersonSearch, except records: Set<RecordID>, _ membership: Membership
  ) throws -> [PersonSearch.Hit] {
    var out: [PersonSearch.Hit] = []
    for key in try Int64.fetchAll(db, sql: "SELECT record FROM record ORDER BY record") {
      let record = try self.id(of: key)
      guard !records.contains(record) else { continue }
      let entries = try entries(ofRecord: key)
      if let hit = Self.hit(search, record, entries, membership) { out.append(hit) }
    }
    return out.sorted { ($0.how, $0.record) < ($1.how, $1.record) }
  }

  private static func hit(
    _ search: PersonSearch, _ record: RecordID, _ entries: [LoggedEntry],
    _ membership: Membership
  ) -> PersonSearch.Hit? {
    var best: PersonSearch.How?
    var found: [(tag: UInt32, log: LogID, hash: EntryReference)] = []
    let note = { (how: PersonSearch.How?, tag: UInt32, entry: LoggedEntry, hash: EntryReference) in
      guard let how else { return }
      best = min(best ?? how, how)
      found.append((tag, entry.log, hash))
    }
    for entry in entries {
      for write in entry.header.writes where write.content == .present {
        guard let element = write.register.element else { continue }
        note(search.how(element), write.register.tag, entry, entry.hash.reference)
      }
      guard let block = entry.values else { continue }
      for (index, write) in entry.header.writes.enumerated() where write.content == .value {
        let place = entry.header.valueIndex(of: index)
        guard block.values.indices.contains(place) else { continue }
        note(
          search.how(block.values[place]), write.register.tag, entry,
          write.origin ?? entry.hash.reference)
      }
      note(search.how(block.role), 0, entry, entry.hash.reference)
      note(search.how(block.reason), 0, entry, entry.hash.reference)
    }
    guard let best else { return nil }
    let state = Fold.record(record, entries, under: membership)
    guard state.erasedIn == nil else { return nil }
    let places = found.map { hit in
      let heads =
        state.scopes[hit.log.scope]?.registers[tag: hit.tag]
        .flatMap(\.value) ?? []
      return PersonSearch.Place(
        tag: hit.tag, scope: hit.log.scope,
        isShown: !state.isDeleted && heads.contains { $0.hash.reference == hit.hash && $0.isLive })
    }
    guard let kind = entries.first?.header.recordKind else { return nil }
    return PersonSearch.Hit(
      record: record, kind: state.kind ?? kind, how: best, places: Set(places).sorted())
  }
}
