// SPDX-License-Identifier: EUPL-1.2

/// One table of a data package, in memory.
struct HSDSTable {
  struct Row {
    let file: String
    let line: Int
    let members: [JSONValue.Member]
    /// Its number in the table.
    let number: Int
  }

  /// What a file holds: the table of HSDS 3.0, columns that are called otherwise there, and what is
  /// the same for all rows.
  struct Form {
    let table: String
    var columns: [String: String] = [:]
    var constants: [JSONValue.Member] = []
  }

  private struct Place: Hashable {
    let column: String
    let id: String
  }

  private(set) var rows: [Row] = []
  private var groups: [Place: [Int]] = [:]
  private var isTaken: [Bool] = []

  // MARK: - Content

  mutating func read(
    _ source: @escaping ChunkSource, _ file: String, _ form: Form, _ size: inout Int
  ) throws {
    var reader = try CSVReader(encoding: nil, read: source)
    let names = reader.header.map { form.columns[$0] ?? $0 }
    while let (line, cells) = try reader.next() {
      size += cells.reduce(0) { $0 + $1.utf8.count }
      guard size <= HSDSPackage.sizeLimit else {
        throw LineError(
          line: line,
          reason: "the package has more than \(HSDSPackage.sizeLimit) bytes; split it")
      }
      let members = zip(names, cells).compactMap { name, cell in
        cell.isEmpty ? nil : JSONValue.Member(name, .string(cell))
      }
      rows.append(
        Row(file: file, line: line, members: form.constants + members, number: rows.count))
    }
  }

  /// Finds rows by the first of these columns that has content.
  mutating func group(_ columns: [String]) {
    isTaken = Array(repeating: false, count: rows.count)
    for (index, row) in rows.enumerated() {
      for column in columns {
        guard case .string(let id)? = row.members.first(where: { $0.name == column })?.value
        else { continue }
        groups[Place(column: column, id: Self.linked(row, column) + id), default: []].append(index)
        break
      }
    }
  }

  /// Ids may be the same in different tables; an attribute can say which one it means.
  private static func linked(_ row: Row, _ column: String) -> String {
    guard column == "link_id",
      case .string(let entity)? = row.members.first(where: { $0.name == "link_entity" })?.value
    else { return "" }
    return entity + "/"
  }

  func rows(where column: String, is id: String) -> [Row] {
    (groups[Place(column: column, id: id)] ?? []).map { rows[$0] }
  }

  /// The rows that belong to a record of `table`, which are not to be found any more.
  mutating func take(_ column: String, _ id: String, of table: String) -> [Row] {
    let linked = column == "link_id" ? take(column, "\(table)/\(id)") : []
    return linked + take(column, id)
  }

  private mutating func take(_ column: String, _ id: String) -> [Row] {
    guard let indices = groups.removeValue(forKey: Place(column: column, id: id)) else { return [] }
    for index in indices { isTaken[index] = true }
    return indices.map { rows[$0] }
  }

  mutating func takeAny() -> Row? {
    guard let index = isTaken.firstIndex(of: false) else { return nil }
    isTaken[index] = true
    return rows[index]
  }

  // MARK: - Tables

  struct Child {
    let table: String
    /// The member of the owner that lists it.
    let list: String
    /// Whom a row can belong to, the nearest first.
    let owners: [(table: String, column: String)]
  }

  private static let people: [(table: String, column: String)] = [
    ("contact", "contact_id"), ("service_at_location", "service_at_location_id"),
    ("service", "service_id"), ("location", "location_id"), ("organization", "organization_id"),
  ]

  static let children: [Child] = [
    Child(table: "phone", list: "phones", owners: people),
    Child(table: "contact", list: "contacts", owners: Array(people.dropFirst())),
    Child(table: "schedule", list: "schedules", owners: Array(people[1...3])),
    Child(
      table: "service_at_location", list: "service_at_locations",
      owners: [("service", "service_id")]),
    Child(table: "service_area", list: "service_areas", owners: [("service", "service_id")]),
    Child(table: "address", list: "addresses", owners: [("location", "location_id")]),
    Child(table: "accessibility", list: "accessibility", owners: [("location", "location_id")]),
    Child(table: "cost_option", list: "cost_options", owners: [("service", "service_id")]),
    Child(
      table: "required_document", list: "required_documents", owners: [("service", "service_id")]),
    Child(
      table: "funding", list: "funding",
      owners: [("service", "service_id"), ("organization", "organization_id")]),
    Child(
      table: "organization_identifier", list: "organization_identifiers",
      owners: [("organization", "organization_id")]),
    Child(
      table: "language", list: "languages",
      owners: [("phone", "phone_id"), ("service", "service_id"), ("location", "location_id")]),
    Child(
      table: "attribute", list: "attributes",
      owners: [
        "organization", "service", "location", "service_at_location", "contact", "phone",
        "schedule", "service_area", "program",
      ].map { ($0, "link_id") }),
  ]

  static func owners(of table: String) -> [String] {
    var columns: [String] = []
    for owner in children.first(where: { $0.table == table })?.owners ?? []
    where !columns.contains(owner.column) { columns.append(owner.column) }
    return columns
  }

  /// What a file of this name holds; a table of its own name if it is none that is read.
  static func form(of name: String) -> Form {
    let name = name.lowercased()
    if let form = older[name] ?? older[plural(name)] { return form }
    let all =
      children.map(\.table) + [
        "organization", "service", "location", "taxonomy_term", "program",
      ]
    return Form(table: all.first { plural($0) == name || $0 == name } ?? name)
  }

  private static func plural(_ table: String) -> String {
    if table.hasSuffix("y") {
      return table == "accessibility" ? table : String(table.dropLast()) + "ies"
    }
    return table + (table.hasSuffix("s") ? "es" : "s")
  }

  /// Files of HSDS 1.1 and 2.0.
  private static let older: [String: Form] = [
    "physical_addresses": Form(
      table: "address", constants: [JSONValue.Member("address_type", "physical")]),
    "postal_addresses": Form(
      table: "address", constants: [JSONValue.Member("address_type", "postal")]),
    "services_at_location": Form(table: "service_at_location"),
    "regular_schedules": Form(
      table: "schedule", columns: ["weekday": "byday", "original_text": "description"],
      constants: [JSONValue.Member("freq", "WEEKLY")]),
    "services_taxonomy": Form(
      table: "attribute", columns: ["service_id": "link_id", "taxonomy_id": "taxonomy_term_id"],
      constants: [JSONValue.Member("link_entity", "service")]),
    "service_taxonomy": Form(
      table: "attribute", columns: ["service_id": "link_id", "taxonomy_id": "taxonomy_term_id"],
      constants: [JSONValue.Member("link_entity", "service")]),
    "service_attributes": Form(
      table: "attribute", columns: ["service_id": "link_id"],
      constants: [JSONValue.Member("link_entity", "service")]),
    "accessibility_for_disabilities": Form(
      table: "accessibility", columns: ["accessibility": "description"]),
    "taxonomy": Form(table: "taxonomy_term", columns: ["vocabulary": "taxonomy"]),
    "languages": Form(table: "language", columns: ["language": "name"]),
  ]
}
