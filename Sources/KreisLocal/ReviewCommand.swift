// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: kinds, own (only what concerns this member's records).
  ///
  /// Rows: what somebody should look at and nobody enforces. Probable duplicates:
  /// `{"finding":"duplicate","score","reasons","records":[{"id","kind","name","owner",
  /// "owner_title"} twice]}`, the most probable first; then dangling references:
  /// `{"finding":"dangling","id","kind","name","owner","owner_title","field","target","why",
  /// "merged_into"}`.
  func review(_ call: LocalCall) throws -> Outcome {
    let kinds = try Set(kinds(call).map(\.tag))
    let ownOnly = try call.flag("own")
    try stream { snapshot in
      try checkShown(snapshot)
      var survey = ReviewSurvey(kinds: kinds)
      try snapshot.visitRecords(shown: { survey.add($0) }, hidden: { survey.add($0) })
      let isOwn = { snapshot.membership.steward(of: $0) == snapshot.identity.member }
      for pair in survey.duplicates() {
        if ownOnly, ![pair.first, pair.second].contains(where: isOwn) { continue }
        try call.row([
          "finding": "duplicate", "score": .integer(pair.score),
          "reasons": .array(pair.reasons.map { .string($0) }),
          "records": .array(
            try [pair.first, pair.second].map { .object(try RecordJSON.naming($0, snapshot)) }),
        ])
      }
      for reference in survey.dangling() where !ownOnly || isOwn(reference.from) {
        try call.row(try json(reference, snapshot))
      }
    }
    return .done
  }

  /// Arguments: own, offset, limit. First row: `{"total","at","current"}`: how many pairs were probably
  /// one when the directory was as it was at this time, and whether it still is; all null while they are
  /// looked for the first time. Then pairs: `reasons` and `records`, two ids.
  ///
  /// It never waits for a comparison of all records: that is made beside it.
  func duplicates(_ call: LocalCall) throws -> Outcome {
    let ownOnly = try call.flag("own")
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    let limit = max(0, try call.optionalInteger("limit") ?? 10)
    try read { try checkShown($0) }
    let findings = try reviewed.findings(of: store, at: now()) { [self] in try pairs() }
    guard let findings else {
      try call.row(["total": .null, "at": .null, "current": .bool(false)])
      return .done
    }
    let wanted = ownOnly ? findings.pairs.filter(\.isOwn) : findings.pairs
    try call.row([
      "total": .integer(wanted.count), "at": .integer(Int(clamping: findings.at)),
      "current": .bool(findings.isCurrent),
    ])
    for found in wanted.dropFirst(offset).prefix(limit) {
      try call.row([
        "reasons": .array(found.pair.reasons.map { .string($0) }),
        "records": .array([found.pair.first, found.pair.second].map { .string($0.description) }),
      ])
    }
    return .done
  }

  private func pairs() throws -> [ReviewBook.Pair] {
    try stream { snapshot in
      var survey = ReviewSurvey(kinds: [])
      try snapshot.visitRecords(shown: { survey.add($0) })
      let isOwn = { snapshot.membership.steward(of: $0) == snapshot.identity.member }
      return survey.duplicates().map { pair in
        ReviewBook.Pair(pair: pair, isOwn: [pair.first, pair.second].contains(where: isOwn))
      }
    }
  }

  /// Arguments: id, other. Row: id. Notes on this machine that the two are no duplicates, whoever keeps
  /// them; `review` lists them no more.
  func distinct(_ call: LocalCall) throws -> Outcome {
    let texts = (try call.text("id"), try call.text("other"))
    let occasion = occasion(call)
    let id = try write { transaction in
      let lookup = transaction.lookup
      let (id, other) = (try record(texts.0, lookup), try record(texts.1, lookup))
      guard let field = try knownKind(of: id, lookup).distinctFrom else { return id }
      try transaction.change(
        id, [Edit(field, .insert(element: other.description), in: .local)], occasion)
      return id
    }
    try call.row(["id": .string(id.description)])
    return .done
  }

  private func json(_ reference: DanglingReference, _ snapshot: Snapshot) throws -> JSONValue {
    let kept =
      reference.problem == .deleted ? try snapshot.kept(for: reference.target) : nil
    let why =
      switch reference.problem {
      case _ where kept != nil: "der Datensatz wurde mit einem anderen zusammengeführt"
      case .unknown: "der Datensatz ist hier nicht bekannt"
      case .deleted: "der Datensatz ist gelöscht"
      case .otherKind: "der Datensatz ist von anderer Art"
      }
    return .object(
      [.init("finding", "dangling")] + (try RecordJSON.naming(reference.from, snapshot)) + [
        .init("field", .string(reference.field.name)),
        .init("target", .string(reference.target.description)), .init("why", .string(why)),
        .init("merged_into", kept.map { .string($0.description) } ?? .null),
      ])
  }
}

/// A reference to what is not there.
struct DanglingReference {
  enum Problem {
    case unknown
    case deleted
    case otherKind
  }

  let from: RecordID
  let field: Field
  let target: RecordID
  let problem: Problem
}

/// One look over all records.
struct ReviewSurvey {
  private struct Reference {
    let from: RecordID
    let field: Field
    let target: RecordID
  }

  /// What is known of a record: its kind, if it is shown.
  private enum Presence {
    case shown(UInt32)
    case deleted
    case hidden
  }

  /// Empty: all.
  private let kinds: Set<UInt32>
  private var finder = DuplicateFinder()
  private var presence: [RecordID: Presence] = [:]
  private var references: [Reference] = []
  private var fields: [UInt32: [Field]] = [:]
  /// What somebody here said is no duplicate.
  private var distinct: [RecordID: Set<RecordID>] = [:]

  init(kinds: Set<UInt32>) { self.kinds = kinds }

  mutating func add(_ record: HiddenRecord) {
    presence[record.id] = record.isDeleted ? .deleted : .hidden
  }

  mutating func add(_ record: ShownRecord) {
    presence[record.id] = .shown(record.kind.tag)
    guard kinds.isEmpty || kinds.contains(record.kind.tag) else { return }
    finder.add(DuplicateTraits(record))
    let others = record.elements("distinct_from").compactMap { RecordID(text: $0) }
    if !others.isEmpty { distinct[record.id] = Set(others) }
    let own = fields[record.kind.tag] ?? record.kind.references
    fields[record.kind.tag] = own
    for field in own {
      for target in record.references(field) {
        references.append(Reference(from: record.id, field: field, target: target))
      }
    }
  }

  func duplicates() -> [DuplicatePair] {
    finder.pairs().filter { pair in
      distinct[pair.first]?.contains(pair.second) != true
        && distinct[pair.second]?.contains(pair.first) != true
    }
  }

  func dangling() -> [DanglingReference] {
    references.compactMap { reference in
      guard case .reference(let names) = reference.field.type else { return nil }
      let problem: DanglingReference.Problem
      switch presence[reference.target] {
      case nil: problem = .unknown
      case .deleted: problem = .deleted
      // Its processing is restricted, or a newer version knows its kind.
      case .hidden: return nil
      case .shown(let tag):
        let name = Schema.directory.kind(tag: tag)?.name ?? ""
        if names.isEmpty || names.contains(name) { return nil }
        problem = .otherKind
      }
      return DanglingReference(
        from: reference.from, field: reference.field, target: reference.target, problem: problem)
    }
  }
}

extension DuplicateTraits {
  /// What tells a record of the directory from others.
  init(_ record: ShownRecord) {
    let kind = record.kind
    func values(_ isWanted: (Field) -> Bool) -> [String] {
      kind.fields.filter { !$0.isSet && isWanted($0) }.compactMap { record[$0.name] }
    }
    let names = ["name", "alternate_name"].compactMap { record[$0] }
    let street = record["street"] ?? record["address_1"]
    let postalCode = record["postal_code"]
    let address = street.flatMap { street in
      postalCode.map { GermanName.street(street) + "|" + $0 }
    }
    self.init(
      id: record.id, kind: kind.tag, names: names + Self.synonyms(record),
      phones: values { $0.type == .phone }.map { PhoneNumber.e164($0) ?? $0 },
      emails: values { $0.type == .email }, address: address, context: Self.context(record),
      content: names.isEmpty && !kind.fields.contains { $0.name == "name" }
        ? Self.content(record) : nil)
  }

  private static func synonyms(_ record: ShownRecord) -> [String] {
    guard record.kind.name == "taxonomy_term" else { return [] }
    return record["synonyms"]?.split(separator: "\n").map(String.init) ?? []
  }

  /// By what different records of one name differ.
  private static func context(_ record: ShownRecord) -> String? {
    func first(_ names: String...) -> String? { names.lazy.compactMap { record[$0] }.first }
    switch record.kind.name {
    case "organization": return first("city").map(GermanName.plain) ?? first("municipality_id")
    case "location": return first("organization_id", "municipality_id")
    case "contact", "service": return first("organization_id")
    case "service_area":
      return first("service_id", "service_at_location_id", "organization_id")
    case "network_meeting": return first("date", "reported_on", "ordinal")
    case "document": return first("date", "municipality_id")
    case "indicator": return first("period_start", "municipality_id")
    case "municipality": return first("ags")
    case "school_holiday": return first("first_day")
    default: return nil
    }
  }

  /// All that a record without a name says; the two spellings of a number are one.
  private static func content(_ record: ShownRecord) -> String {
    record.kind.fields.filter { $0.tag >= 16 }.map { field in
      if field.isSet { return record.elements(field.name).joined(separator: ",") }
      let text = record[field.name] ?? ""
      return field.type == .phone ? PhoneNumber.e164(text) ?? text : text
    }.joined(separator: "|")
  }
}
