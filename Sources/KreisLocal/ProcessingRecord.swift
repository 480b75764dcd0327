// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Row: `ProcessingRecord.json`.
  func processingRecord(_ call: LocalCall) throws -> Outcome {
    let now = now()
    let json = try stream { snapshot in
      try checkShown(snapshot)
      return try ProcessingRecord(snapshot, at: now).json
    }
    try call.row(json)
    return .done
  }
}

/// The record of processing activities (Art. 30 GDPR), from what is really configured and held here.
struct ProcessingRecord {
  private let snapshot: Snapshot
  private let now: UInt64

  init(_ snapshot: Snapshot, at now: UInt64) { (self.snapshot, self.now) = (snapshot, now) }

  /// `{"at","kreis","ags","replica","role","realm","purpose","protection_officer","categories":
  /// [{"kind","label","records","restricted","fields":[{"field","label","scopes":{…}}]}],
  /// "legal_bases":{…},"sources":{…},"recipients":[…],"former_members":[…],"retention":{…},
  /// "publication_release","findings":{…},"erasures":{…}}`; the figures of `scopes` count
  /// records with a value there.
  var json: JSONValue {
    get throws {
      let policy = try snapshot.policy()
      let identity = snapshot.identity
      let membership = snapshot.membership
      let contacts = try contacts()
      let recipients = try scopes().map { RecipientsJSON.row($0, snapshot) }
      return [
        "at": .integer(Int(now)), "kreis": .string(identity.kreis),
        "ags": .string(membership.hub.flatMap { membership.members[$0]?.ags } ?? ""),
        "replica": .string(identity.title), "role": .string(identity.role.rawValue),
        "realm": .string(identity.realm.description),
        "purpose": policy.purpose.map { .string($0) } ?? .null,
        "protection_officer": policy.protectionOfficer.map { .string($0) } ?? .null,
        "categories": .array(try categories()),
        "legal_bases": Self.counts(contacts.bases), "sources": Self.counts(contacts.sources),
        "recipients": .array(recipients),
        "former_members": .array(
          membership.members.values.filter(\.isRevoked).map(\.title).sorted()
            .map { .string($0) }),
        "retention": [
          "superseded_days": .integer(Int(policy.retentionDays)),
          "erasure_days": .integer(Int(policy.erasureDays)),
          "erase_expired": .bool(policy.erasesExpired),
        ],
        "publication_release": .bool(policy.needsRelease),
        "findings": try findings(), "erasures": try erasures(policy),
      ]
    }
  }

  private static func counts(_ counts: [String: Int]) -> JSONValue {
    .object(counts.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) })
  }

  /// Kinds that are about persons, and which of their fields stand where.
  private func categories() throws -> [JSONValue] {
    let restricted = try snapshot.restrictedRecords()
    var hidden: [UInt32: Int] = [:]
    for id in restricted {
      if let kind = try snapshot.lookup.kind(of: id) { hidden[kind.tag, default: 0] += 1 }
    }
    return try Schema.directory.kinds.filter { $0.restriction != nil }.map { kind in
      var records = 0
      var fields: [UInt32: [String: Int]] = [:]
      let single = try? kind.field(named: "single_person")
      try snapshot.list(kind) { state in
        if let single, state.text(of: single) != "true" { return }
        records += 1
        for (register, place) in state.shown where register.element == nil {
          fields[register.tag, default: [:]][ScopeKind(place.scope).rawValue, default: 0] += 1
        }
      }
      return [
        "kind": .string(kind.name), "label": .string(kind.pluralLabel),
        "records": .integer(records), "restricted": .integer(hidden[kind.tag] ?? 0),
        "fields": .array(
          kind.fields.compactMap { field in
            guard let scopes = fields[field.tag] else { return nil }
            return [
              "field": .string(field.name), "label": .string(field.label),
              "scopes": Self.counts(scopes),
            ]
          }),
      ]
    }
  }

  private func contacts() throws -> (bases: [String: Int], sources: [String: Int]) {
    let kind = try Schema.directory.kind(named: "contact")
    let (basis, source) = try (kind.field(named: "legal_basis"), kind.field(named: "source"))
    var bases: [String: Int] = [:]
    var sources: [String: Int] = [:]
    try snapshot.list(kind) { state in
      let text = state.text(of: basis).map { basis.display($0) }
      bases[text ?? "ohne Angabe", default: 0] += 1
      // Others' sources are for their coordination.
      if let text = state.text(of: source) { sources[text, default: 0] += 1 }
    }
    return (bases, sources)
  }

  /// The scopes that this replica holds anything of.
  private func scopes() throws -> [Scope] {
    [.public, .kreis]
      + snapshot.membership.readableScopes(of: snapshot.identity.member).filter {
        $0 != .public && $0 != .kreis
      } + [.local]
  }

  private func findings() throws -> JSONValue {
    var counts: [String: Int] = [:]
    for finding in try snapshot.retentionFindings(at: now) {
      counts[finding.reason.rawValue, default: 0] += 1
    }
    return Self.counts(counts)
  }

  private func erasures(_ policy: Policy) throws -> JSONValue {
    let erasures = try snapshot.erasures(at: now)
    let confirmed = erasures.count(where: \.isConfirmed)
    let overdue = erasures.count { !$0.isConfirmed && now > $0.orderedAt + policy.erasurePeriod }
    return [
      "orders": .integer(erasures.count), "confirmed": .integer(confirmed),
      "overdue": .integer(overdue),
    ]
  }
}
