// SPDX-License-Identifier: EUPL-1.2

import KreisCore

extension HSDSWriter {
  /// What the directory's states are in HSDS. `planned` stands as an attribute as well.
  private static let states = ["planned": "inactive", "active": "active", "ended": "defunct"]

  /// A service; `nil` without a name for these readers.
  func service(_ record: ExportRecord) throws -> JSONValue? {
    guard let name = record["name"] else { return nil }
    var object = HSDSObject("service", record)
    object.leaveOut("name")
    object.copy("organization_id")
    let network = try source.target("network_id", of: record)
    if let network, network["name"] != nil {
      object.leaveOut("network_id")
      object.set("program_id", network.id)
    }
    object.set("name", name)
    object.copy("alternate_name", "description", "url", "email")
    object.set("status", Self.states[record["status"] ?? "active"] ?? "active")
    if record["status"] != "planned" { object.leaveOut("status") }
    object.copy(
      "interpretation_services", "application_process", "fees_description", "accreditations",
      "eligibility_description")
    object.copyNumbers("minimum_age", "maximum_age")
    object.copy("assured_date", "assurer_email", "alert")
    object.leaveOut("phone")
    object.nest(
      "phones",
      simplePhones(record, "service_id", ["phone": "voice"]) + (try phones("service_id", record)))
    object.nest("schedules", try schedules("service_id", record))
    object.nest(
      "service_areas",
      try source.referring("service_area", "service_id", record.id).map(serviceArea))
    object.nest(
      "service_at_locations",
      try source.referring("service_at_location", "service_id", record.id)
        .compactMap { try serviceAtLocation($0, of: record["organization_id"]) })
    object.languages(owner: "service_id")
    object.nest("cost_options", costs(&object, record))
    if let network { object.set("program", try program(network)) }
    object.nest("contacts", try contacts("service_id", record))
    try object.categories(source)
    return try object.json(source)
  }

  private func costs(_ object: inout HSDSObject, _ record: ExportRecord) -> [JSONValue] {
    guard record["free_of_charge"] == "true" else { return [] }
    object.leaveOut("free_of_charge")
    return [
      [
        "id": .string(HSDSObject.id(record.id, "free_of_charge")),
        "service_id": .string(record.id), "option": "kostenfrei", "currency": "EUR",
        "amount": .integer(0),
      ]
    ]
  }

  private func serviceArea(_ record: ExportRecord) throws -> JSONValue {
    var object = HSDSObject("service_area", record)
    object.leaveOut("organization_id", "service_at_location_id")
    object.copy("service_id", "name", "description", "extent", "extent_type", "uri")
    return try object.json(source)
  }

  func serviceAtLocation(
    _ record: ExportRecord, of organization: String?
  ) throws -> JSONValue? {
    guard let location = try source.target("location_id", of: record) else { return nil }
    var object = HSDSObject("service_at_location", record)
    object.copy("service_id", "location_id", "description")
    object.nest("contacts", try contacts("service_at_location_id", record))
    object.nest("phones", try phones("service_at_location_id", record))
    object.nest("schedules", try schedules("service_at_location_id", record))
    // What an organization's own location has stands among its locations, and not with each service.
    let isOwn = location["organization_id"] != nil && location["organization_id"] == organization
    object.set("location", try self.location(location, inFull: !isOwn))
    try related(&object, "service_area", "service_at_location_id", record)
    return try object.json(source)
  }

  // MARK: - Schedules

  func schedules(_ field: String, _ owner: ExportRecord) throws -> [JSONValue] {
    try source.referring("schedule", field, owner.id)
      .filter { schedule in
        // A person's office hours stand with the person, as an attribute.
        Self.owner(of: schedule) == field
      }
      .map(schedule)
  }

  /// A rule that HSDS can say stands in its fields; every rule also as the attribute `rrule`, which
  /// is the one to compute with.
  private func schedule(_ record: ExportRecord) throws -> JSONValue {
    var object = HSDSObject("schedule", record)
    try owners(&object, record)
    object.copy("valid_from", "valid_to", "dtstart")
    if let rule = record["rrule"].flatMap(HSDSRule.init) {
      for (name, value) in rule.members { object.set(name, value) }
    }
    object.set("description", hoursText(record).map { .string($0) })
    object.leaveOut("description")
    object.copy("opens_at", "closes_at", "schedule_link")
    object.set("attending_type", record.display("attending_type").map { .string($0) })
    object.leaveOut("attending_type")
    object.set("notes", record["description"].map { .string($0) })
    return try object.json(source)
  }
}

/// A recurrence rule in the fields of HSDS, which knows `WEEKLY` and `MONTHLY` and takes week numbers
/// with the former.
struct HSDSRule {
  let members: [(name: String, value: JSONValue)]

  /// `nil` for a rule that the fields cannot say.
  init?(_ text: String) {
    var parts: [String: String] = [:]
    for part in text.split(separator: ";") {
      let pair = part.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { parts[String(pair[0])] = String(pair[1]) }
    }
    var known: Set = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"]
    switch parts["FREQ"] {
    case "WEEKLY": break
    case "MONTHLY": known.insert("BYMONTHDAY")
    case "YEARLY":
      // Weeks of the year with weekdays: every year, so an interval would mean another thing.
      guard parts["BYWEEKNO"] != nil, parts["INTERVAL"] == nil else { return nil }
      known.insert("BYWEEKNO")
      parts["FREQ"] = "WEEKLY"
    case "DAILY":
      guard parts["INTERVAL"] == nil, parts["COUNT"] == nil else { return nil }
      parts["FREQ"] = "WEEKLY"
      parts["BYDAY"] = parts["BYDAY"] ?? "MO,TU,WE,TH,FR,SA,SU"
    default: return nil
    }
    guard known.isSuperset(of: parts.keys) else { return nil }
    let until = parts["UNTIL"].map { day in
      let digits = day.prefix(8)
      return "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))"
    }
    members = [
      ("until", until.map { .string($0) }), ("count", parts["COUNT"].map { .number($0) }),
      ("wkst", parts["WKST"].map { .string($0) }), ("freq", parts["FREQ"].map { .string($0) }),
      ("interval", parts["INTERVAL"].map { .number($0) }),
      ("byday", parts["BYDAY"].map { .string($0) }),
      ("byweekno", parts["BYWEEKNO"].map { .string($0) }),
      ("bymonthday", parts["BYMONTHDAY"].map { .string($0) }),
    ].compactMap { name, value in value.map { (name, $0) } }
  }
}
