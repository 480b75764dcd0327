// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: subject (a record's id, the beginning of one, key: and an external id, or a name).
  /// Row: `SubjectReport.json`. Outcome `no` if nothing is held.
  func subjectReport(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("subject")
    let now = now()
    let json = try stream { snapshot -> JSONValue in
      try checkShown(snapshot)
      return try SubjectReport(snapshot, text, at: now).json
    }
    try call.row(json)
    return json["records"] == .array([]) && json["mentions"] == .array([]) ? .no : .done
  }
}

/// Everything that a replica holds about one person (Art. 15 GDPR), restricted and superseded values
/// included.
struct SubjectReport {
  private let snapshot: Snapshot
  private let text: String
  private let now: UInt64
  /// The person's own records.
  private let people: [RecordID]
  private let hits: [PersonSearch.Hit]
  private let search: PersonSearch
  private var erasures: [JSONValue] = []

  init(_ snapshot: Snapshot, _ text: String, at now: UInt64) throws {
    (self.snapshot, self.text, self.now) = (snapshot, text, now)
    let lookup = snapshot.lookup
    let key = text.hasPrefix("key:") ? String(text.dropFirst(4)) : nil
    if let id = try lookup.record(text) ?? key.flatMap(lookup.deletedRecord) {
      people = [id] + (try snapshot.merged(into: id))
      search = try snapshot.search(for: people)
      hits = try snapshot.hits(search, except: people)
      let policy = try snapshot.policy()
      erasures = try snapshot.erasures(of: people, at: now)
        .sorted { ($0.orderedAt, $0.record) < ($1.orderedAt, $1.record) }
        .map { ErasureJSON(snapshot, policy, now).row($0) }
      return
    }
    search = PersonSearch(nil, values: [("name", text)], isPerson: true)
    let all = try snapshot.hits(search, except: [])
    let own = all.filter { hit in
      let kind = Schema.directory.kind(tag: hit.kind)
      return hit.how == .names && ["contact", "organization"].contains(kind?.name ?? "")
        && hit.places.contains { kind?.field(tag: $0.tag)?.name == "name" }
    }
    let found = own.map(\.record)
    var others = all.filter { !found.contains($0.record) }
    for id in found {
      for hit in try snapshot.hits(snapshot.search(for: [id]), except: [id]) {
        let isKnown = found.contains(hit.record) || others.contains { $0.record == hit.record }
        if !isKnown { others.append(hit) }
      }
    }
    (people, hits) = (found, others)
  }

  /// `{"subject","at","kreis","replica","records":[{"id","kind","kind_label","owner_title",
  /// "restricted","deleted","erased","values":[…]}],"mentions":[…, with "values"],"legal_bases",
  /// "sources","recipients":[{"scope","label","members"}],"retention_days","purpose",
  /// "protection_officer","erasures"}`; a value is `{"field","label","value","display","scope",
  /// "scope_label","by_title","at","role","reason","shown"}`.
  var json: JSONValue {
    get throws {
      let policy = try snapshot.policy()
      let records = try people.map { try record($0) }
      var mentions: [JSONValue] = []
      for hit in hits {
        guard case .object(let members) = try PersonJSON(snapshot).hit(hit) else { continue }
        let values = try values(of: hit.record) { search.concerns($0) || isPerson($0) }
        mentions.append(.object(members + [.init("values", .array(values))]))
      }
      return [
        "subject": .string(text), "at": .integer(Int(now)),
        "kreis": .string(snapshot.identity.kreis), "replica": .string(snapshot.identity.title),
        "purpose": policy.purpose.map { .string($0) } ?? .null,
        "protection_officer": policy.protectionOfficer.map { .string($0) } ?? .null,
        "records": .array(records), "mentions": .array(mentions),
        "legal_bases": .array(try texts("legal_basis")),
        "sources": .array(try texts("source")),
        "recipients": .array(try recipients()),
        "retention_days": .integer(Int(policy.retentionDays)), "erasures": .array(erasures),
      ]
    }
  }

  private func isPerson(_ text: String) -> Bool {
    people.contains { $0.description == text }
  }

  private func record(_ id: RecordID) throws -> JSONValue {
    let state = try snapshot.state(of: id)
    let kind = state?.kind.flatMap { Schema.directory.kind(tag: $0) }
    let owner = snapshot.membership.keeper(of: id)
    return [
      "id": .string(id.description), "kind": kind.map { .string($0.name) } ?? .null,
      "kind_label": kind.map { .string($0.label) } ?? .null,
      "owner_title": owner.map { .string($0.title) } ?? .null,
      "restricted": .bool(kind.map { state?.isRestricted($0) ?? false } ?? false),
      "deleted": .bool(state?.isDeleted ?? false), "erased": .bool(state?.erasedIn != nil),
      "values": .array(try values(of: id) { _ in true }),
    ]
  }

  /// What entries still hold, the oldest first.
  private func values(
    of id: RecordID, where isWanted: (String) -> Bool
  ) throws -> [JSONValue] {
    let state = try snapshot.state(of: id)
    var out: [JSONValue] = []
    for entry in try snapshot.history(of: id) {
      let kind = Schema.directory.kind(tag: entry.header.recordKind)
      for (index, write) in entry.header.writes.enumerated() where write.content != .withdrawn {
        var text = write.register.element
        if write.content == .value {
          let place = entry.header.valueIndex(of: index)
          text = entry.values.flatMap { $0.values.indices.contains(place) ? $0.values[place] : nil }
        }
        guard let text, isWanted(text) else { continue }
        let origin = write.origin ?? entry.hash.reference
        let isShown =
          state?.scopes[entry.log.scope]?.registers[write.register]?
          .contains { $0.hash.reference == origin && $0.isLive } ?? false
        out.append(value(text, write, entry, kind, isShown))
      }
    }
    return out
  }

  private func value(
    _ text: String, _ write: Write, _ entry: HistoryEntry, _ kind: RecordKind?, _ isShown: Bool
  ) -> JSONValue {
    let field = kind?.field(tag: write.register.tag)
    let author = snapshot.membership.members[entry.log.member]
    return [
      "field": RecordJSON.tag(write.register.tag, kind),
      "label": .string(field?.label ?? ""), "value": .string(text),
      "display": .string(field?.display(text) ?? text),
      "scope": RecordJSON.scope(entry.log.scope),
      "scope_label": .string(ScopeKind(entry.log.scope).label),
      "by_title": .string(author?.title ?? entry.log.member.description),
      "at": .integer(Int(entry.header.recordedAt)),
      "role": .string(entry.values?.role ?? ""), "reason": .string(entry.values?.reason ?? ""),
      "shown": .bool(isShown),
    ]
  }

  private func texts(_ name: String) throws -> [JSONValue] {
    var out: [String] = []
    for id in people {
      guard let state = try snapshot.state(of: id),
        let field = state.kind.flatMap({ Schema.directory.kind(tag: $0) })
          .flatMap({ try? $0.field(named: name) }), let text = state.text(of: field)
      else { continue }
      if !out.contains(field.display(text)) { out.append(field.display(text)) }
    }
    return out.map { .string($0) }
  }

  /// Who may read what is held of the person, by scope.
  private func recipients() throws -> [JSONValue] {
    var scopes: Set<Scope> = []
    for id in people + hits.map(\.record) {
      for entry in try snapshot.history(of: id) where entry.values != nil {
        scopes.insert(entry.log.scope)
      }
    }
    return scopes.sorted().map { RecipientsJSON.row($0, snapshot) }
  }
}

/// The readers of a scope, as JSON: `{"scope","label","members":[titles]}`.
enum RecipientsJSON {
  static func row(_ scope: Scope, _ snapshot: Snapshot) -> JSONValue {
    let members: [String] =
      scope == .local
      ? [snapshot.identity.title]
      : snapshot.membership.members.values
        .filter { snapshot.membership.mayRead($0.id, scope) }.map(\.title).sorted()
    return [
      "scope": RecordJSON.scope(scope), "label": .string(ScopeKind(scope).label),
      "members": .array(members.map { .string($0) }),
    ]
  }
}
