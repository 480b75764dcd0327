// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Writes organizations with all that belongs to them as HSDS 3.0 (Open Referral), a JSON array of
/// the schema's `organization` with its nested services.
///
/// Begin with `header`, then one result per organization, and end with `footer`. Memory is bounded
/// by the largest organization. How the directory is mapped, and how is said what HSDS has no field
/// for, see <doc:HSDSProfile>.
package struct HSDSWriter {
  let source: ExportSource
  let today: CivilDate
  private var isFirst = true

  /// - Parameter now: seconds since 1970, for the words about office hours.
  package init(source: ExportSource, now: Int) {
    self.source = source
    today = BerlinTime.local(now).date
  }

  package func header() -> [UInt8] { Array("[".utf8) }
  package func footer() -> [UInt8] { Array("\n]\n".utf8) }

  /// One organization as an element of the array.
  ///
  /// - Throws: what the source throws.
  package mutating func organization(_ record: ExportRecord) throws -> ExportResult {
    guard let name = record["name"] else {
      return .leftOut("its name may not be handed out to these readers")
    }
    let json = try object(organization: record, name)
    defer { isFirst = false }
    return .written(Array((isFirst ? "\n" : ",\n").utf8) + JSONWriter.bytes(of: json))
  }

  /// Why a service or network is in no organization; `nil` if it is in one.
  package func missingOwner(of record: ExportRecord) throws -> String? {
    let field = record.kind.name == "network" ? "operator_id" : "organization_id"
    guard try source.target(field, of: record)?["name"] == nil else { return nil }
    return "HSDS has no place for it without an organization (\(field))"
  }

  func object(organization record: ExportRecord, _ name: String) throws -> JSONValue {
    var object = try own(organization: record, name)
    object.nest("contacts", try contacts("organization_id", record))
    object.nest(
      "phones",
      simplePhones(record, "organization_id", ["phone": "voice", "fax": "fax"])
        + (try phones("organization_id", record)))
    object.leaveOut("street", "postal_code", "city", "district")
    object.nest("locations", try locations(of: record))
    object.nest(
      "programs",
      try source.referring("network", "operator_id", record.id).compactMap(program))
    if let key = object.take("external_id") {
      object.nest(
        "organization_identifiers",
        [
          [
            "id": .string(HSDSObject.id(record.id, "external_id")),
            "organization_id": .string(record.id), "identifier_type": "external_id",
            "identifier": .string(key),
          ]
        ])
    }
    object.nest(
      "services", try source.referring("service", "organization_id", record.id).compactMap(service))
    try object.categories(source)
    try related(&object, "schedule", "organization_id", record)
    try related(&object, "service_area", "organization_id", record)
    try related(&object, "network_membership", "organization_id", record)
    try related(&object, "document", "parties", record)
    return try object.json(source)
  }

  /// What an organization says of itself, without what belongs to it.
  func own(organization record: ExportRecord, _ name: String) throws -> HSDSObject {
    var object = HSDSObject("organization", record)
    object.set("name", name)
    object.copy("alternate_name")
    object.leaveOut("name", "description")
    object.set("description", record["description"] ?? record["organization_type"] ?? name)
    object.copy("email", "website")
    object.copyNumbers("year_incorporated")
    object.copy("legal_status", "logo", "uri")
    if let parent = try source.target("parent_organization_id", of: record) {
      object.set("parent_organization_id", parent.id)
    }
    object.leaveOut("parent_organization_id", "phone", "fax")
    return object
  }

  /// A network is a program of the organization that runs it.
  func program(_ network: ExportRecord) throws -> JSONValue? {
    guard let name = network["name"] else { return nil }
    var object = HSDSObject("program", network)
    object.leaveOut("name", "description", "operator_id")
    if let owner = network["operator_id"] { object.set("organization_id", owner) }
    object.set("name", name)
    object.set("description", network["description"] ?? name)
    try related(&object, "network_meeting", "networks", network)
    try related(&object, "working_group", "networks", network)
    try related(&object, "document", "networks", network)
    try related(&object, "indicator", "network_id", network)
    return try object.json(source)
  }

  // MARK: - People

  func contacts(_ field: String, _ owner: ExportRecord) throws -> [JSONValue] {
    try source.referring("contact", field, owner.id).compactMap { contact in
      guard Self.owner(of: contact) == field, let name = contact["name"] else { return nil }
      var object = HSDSObject("contact", contact)
      try owners(&object, contact)
      object.set("name", name)
      object.leaveOut("name", "phone", "mobile")
      object.copy("title", "department", "email")
      object.nest(
        "phones",
        simplePhones(contact, "contact_id", ["phone": "voice", "mobile": "cell"])
          + (try phones("contact_id", contact)))
      try related(&object, "role_assignment", "contact_id", contact)
      try related(&object, "schedule", "contact_id", contact)
      return try object.json(source)
    }
  }

  func phones(_ field: String, _ owner: ExportRecord) throws -> [JSONValue] {
    try source.referring("phone", field, owner.id).compactMap { phone in
      guard Self.owner(of: phone) == field, let number = phone["number"] else { return nil }
      var object = HSDSObject("phone", phone)
      try owners(&object, phone)
      object.leaveOut("number")
      object.set("number", number)
      // HSDS has a number here: 012 would lose its zero.
      if let branch = phone["extension"], let value = Int(branch), String(value) == branch {
        object.copyNumbers("extension")
      }
      object.copy("type", "description")
      object.languages(owner: "phone_id")
      return try object.json(source)
    }
  }

  /// Numbers that stand in a record itself.
  func simplePhones(
    _ record: ExportRecord, _ owner: String, _ types: KeyValuePairs<String, String>
  ) -> [JSONValue] {
    types.compactMap { field, type in
      record[field].map { number in
        .object([
          .init("id", .string(HSDSObject.id(record.id, field))),
          .init(owner, .string(record.id)), .init("number", .string(number)),
          .init("type", .string(type)),
        ])
      }
    }
  }

  // MARK: - Belonging

  /// What a phone, contact or schedule can belong to, the nearest first.
  static let ownerFields = [
    "contact_id", "service_at_location_id", "service_id", "location_id", "organization_id",
  ]

  /// The field that says where the record stands: it is written once, at the nearest. A person's
  /// number never stands at the organization.
  static func owner(of record: ExportRecord) -> String? {
    ownerFields.first { record[$0] != nil }
  }

  /// Copies the ids of those whom the record belongs to, as far as they are handed out.
  func owners(_ object: inout HSDSObject, _ record: ExportRecord) throws {
    for field in Self.ownerFields {
      guard let id = object.take(field), try source.record(id) != nil else { continue }
      if object.table == "schedule", ["contact_id", "organization_id"].contains(field) { continue }
      object.set(field, id)
    }
  }

  /// Attributes in words for records of a kind that has no table here.
  func related(
    _ object: inout HSDSObject, _ kind: String, _ field: String, _ record: ExportRecord
  ) throws {
    for other in try source.referring(kind, field, record.id) {
      if ["schedule", "service_area"].contains(kind), Self.owner(of: other) != field { continue }
      guard let words = try words(other), !words.isEmpty else { continue }
      object.attribute(kind, label: other.kind.label, other.id, words)
    }
  }

  private func words(_ record: ExportRecord) throws -> String? {
    let name = record["name"]
    switch record.kind.name {
    case "schedule": return hoursText(record)
    case "network_membership": return try source.target("network_id", of: record)?["name"]
    case "indicator": return indicatorText(record)
    case "network_meeting", "document":
      return [record["date"], name].compactMap(\.self).joined(separator: " ")
    case "role_assignment":
      let network = try source.target("network_id", of: record)?["name"]
      return [record["role"], network].compactMap(\.self).joined(separator: ", ")
    default: return name ?? record["description"]
    }
  }

  /// A figure is never without what it counts: `418 Kinder: Kinder in SGB-II-Haushalten, Durchschnitt
  /// 2010`.
  private func indicatorText(_ indicator: ExportRecord) -> String? {
    guard let value = indicator["value"], let definition = indicator["definition"] else {
      return nil
    }
    let about = indicator["approximate"] == "true" ? "etwa " : ""
    return about + [value, indicator["unit"]].compactMap(\.self).joined(separator: " ")
      + ": " + definition
  }

  /// `ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr`
  func hoursText(_ schedule: ExportRecord) -> String? {
    let text = OfficeHours(schedule.singleValues, offset: BerlinTime.offset)?.text(on: today)
    return text.flatMap { $0.isEmpty ? nil : $0 } ?? schedule["description"]
  }
}
