// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Turns objects of HSDS into rows, the inverse of `HSDSWriter`.
struct HSDSConversion {
  /// What is told apart of what has no place.
  private static let lossLimit = 200

  private(set) var losses: [String: Int] = [:]
  private(set) var warnings: [LineError] = []
  private let writer: HSDSWriter
  let legalBasis: String?
  private var rows: [DirectoryRow] = []
  private var line = 0
  /// The table's file; empty in a JSON document.
  private var file = ""
  private var seen: Set<Seen> = []

  private struct Seen: Hashable {
    let kind: UInt32
    let key: String
  }

  /// Whom an object is listed by: the column that says so, and the id there.
  struct Owner {
    let field: String
    let key: String
  }

  init(now: Int, legalBasis: String?) {
    self.legalBasis = legalBasis
    writer = HSDSWriter(
      source: ExportSource(record: { _ in nil }, referring: { _, _, _ in [] }), now: now)
  }

  mutating func takeRows() -> [DirectoryRow] {
    defer { rows = [] }
    return rows
  }

  /// Takes an object of a document, which does not say what it is.
  ///
  /// - Throws: `RowError` if it is nothing of HSDS.
  mutating func take(_ json: JSONValue, line: Int) throws(RowError) {
    try take(json, table: Self.table(of: json), file: "", line: line)
  }

  /// - Throws: `RowError` if it is nothing of HSDS.
  mutating func take(
    _ json: JSONValue, table: String?, file: String, line: Int
  ) throws(RowError) {
    self.line = line
    self.file = file
    guard let table, let members = HSDSMembers(json, table: table) else {
      throw RowError(
        line: line, reasons: ["this is neither an organization nor a service of HSDS"])
    }
    switch table {
    case "organization": organization(members)
    case "service": service(members, nil)
    case "location": location(members, nil, name: nil)
    case "service_at_location": serviceAtLocation(members, nil)
    case "taxonomy_term": term(members)
    case "program": program(members, nil)
    default: lose("row of \(file)")
    }
  }

  private static func table(of json: JSONValue) -> String? {
    func has(_ names: String...) -> Bool { names.contains { json[$0] != nil } }
    if has("services", "locations", "organization_identifiers", "legal_status", "tax_id") {
      return "organization"
    }
    if has("location_type") { return "location" }
    if has("status", "service_at_locations") { return "service" }
    if has("location_id", "location") { return "service_at_location" }
    if has("taxonomy", "term_uri", "taxonomy_detail", "taxonomy_id") { return "taxonomy_term" }
    return has("name") ? "organization" : nil
  }

  // MARK: - Results

  /// A draft for the record of an object; `nil` if it was taken before.
  mutating func draft(
    _ kindName: String, _ members: inout HSDSMembers, _ owner: Owner?, _ index: Int = 0
  ) -> HSDSDraft? {
    guard let kind = try? Schema.directory.kind(named: kindName) else { return nil }
    let key =
      members.text("id")
      ?? DerivedKey.externalID([owner?.key ?? "", members.table, String(index)])
    guard seen.insert(Seen(kind: kind.tag, key: key)).inserted else { return nil }
    return HSDSDraft(kind, key: key)
  }

  /// Takes the row, unless it lacks what it must have.
  mutating func finish(_ draft: HSDSDraft, _ members: HSDSMembers) {
    for member in members.rest { lose("\(members.table).\(member)") }
    for (field, reason) in draft.refused {
      lose("\(members.table).\(field): not valid")
      warn("\(members.table) \(draft.key): \(reason) Left out.")
    }
    let missing = draft.missing
    guard missing.isEmpty else {
      let names = missing.joined(separator: ", ")
      lose("\(members.table) without \(names)")
      warn("\(members.table) \(draft.key) is left out: it has no valid \(names)")
      return
    }
    let row = draft.row(line: line)
    let problems = row.problems(isNew: true)
    guard problems.isEmpty else {
      lose("\(members.table) that contradicts itself")
      let words = problems.map(\.description).joined(separator: " ")
      warn("\(members.table) \(draft.key) is left out: \(words)")
      return
    }
    rows.append(row)
  }

  mutating func lose(_ what: String) {
    // Names in a file are whatever its author likes.
    let isRoom = losses.count < Self.lossLimit || losses[what] != nil
    losses[isRoom ? what : "anything else", default: 0] += 1
  }

  mutating func warn(_ text: String) {
    guard warnings.count < HSDSRows.warningLimit else { return }
    warnings.append(LineError(line: line, reason: file.isEmpty ? text : "\(file): \(text)"))
  }

  /// The German text about a schedule's hours, to know it again.
  func hoursText(_ draft: HSDSDraft) -> String? {
    var values: [String: [String]] = [:]
    for field in draft.kind.fields { values[field.name] = draft[field.name].map { [$0] } }
    return writer.hoursText(ExportRecord(id: draft.key, kind: draft.kind, values: values))
  }

  // MARK: - Attributes

  /// Fields that HSDS has none for, and categories.
  mutating func attributes(_ members: inout HSDSMembers, _ draft: inout HSDSDraft) {
    for json in members.list("attributes") {
      guard var attribute = HSDSMembers(json, table: "attribute") else { continue }
      let type = attribute.text("link_type") ?? ""
      let value = attribute.text("value")
      let term = attribute.object("taxonomy_term")
      let field = try? draft.kind.field(named: type)
      if let field, let value, Self.isProfile(term, field) {
        guard case .reference = field.type else {
          // What stands for the id of another system would take the place of this one's.
          if type != "external_id" { draft.set(type, value) }
          continue
        }
        lose("\(members.table).\(type), of which HSDS has only the name")
        continue
      }
      let key = attribute.text("taxonomy_term_id") ?? term?["id"]?.text
      let categories = try? draft.kind.field(named: "categories")
      guard categories != nil, let key, !Self.isWords(term) else {
        lose("\(members.table): attribute \(type.isEmpty ? "without link_type" : type)")
        continue
      }
      draft.refer("categories", key)
      if let value { lose("\(members.table): value „\(value.prefix(40))“ of a category") }
      if let term, let members = HSDSMembers(term, table: "taxonomy_term") { self.term(members) }
    }
  }

  /// Whether an attribute is a field of the profile, by its term.
  private static func isProfile(_ term: JSONValue?, _ field: Field) -> Bool {
    if isWords(term) { return true }
    guard case .vocabulary(let vocabulary) = field.type else { return false }
    return term?["taxonomy"] == .string(vocabulary.name)
  }

  private static func isWords(_ term: JSONValue?) -> Bool {
    term?["taxonomy"] == .string("kreisnetz")
  }

  mutating func term(_ members: HSDSMembers) {
    var members = members
    guard var draft = draft("taxonomy_term", &members, nil) else { return }
    let name = members.text("name") ?? members.text("term")
    draft.set("name", name)
    if let code = members.text("code") {
      draft.set("code", code.lowercased().replacing(".", with: "-"))
    }
    let description = members.text("description")
    if description != name { draft.set("description", description) }
    draft.refer("parent_id", members.text("parent_id"))
    var detail = members.object("taxonomy_detail").flatMap { HSDSMembers($0, table: "taxonomy") }
    draft.set("taxonomy", members.text("taxonomy") ?? detail?.text("name"))
    draft.set("language", members.text("language"))
    draft.set("term_uri", members.text("term_uri"))
    members.ignore("taxonomy_id")
    finish(draft, members)
  }

  /// The codes of a list of languages.
  mutating func languages(_ members: inout HSDSMembers, _ draft: inout HSDSDraft) {
    for json in members.list("languages") {
      guard var language = HSDSMembers(json, table: "language") else { continue }
      let name = language.text("name")
      guard let code = language.text("code") ?? name.flatMap(LanguageNames.code),
        (try? draft.kind.field(named: "languages")) != nil
      else {
        lose("\(members.table): language without code")
        if let name {
          warn("\(members.table) \(draft.key): language „\(name.prefix(60))“ left out")
        }
        continue
      }
      draft.set("languages", code)
    }
  }
}
