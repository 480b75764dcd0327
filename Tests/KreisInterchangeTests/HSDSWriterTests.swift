// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// HSDS 3.0. It is 15 January 2027.
struct HSDSWriterTests {
  private static let now = 1_800_000_000

  private func export(_ directory: SampleDirectory, _ number: Int = 1) throws -> JSONValue {
    var writer = HSDSWriter(source: directory.source, now: Self.now)
    guard
      case .written(let bytes) = try writer.organization(#require(directory[number]))
    else {
      Issue.record("left out")
      return .null
    }
    let json = try JSONParser.parse(writer.header() + bytes + writer.footer(), limit: 1 << 20)
    guard case .array(let organizations) = json else { return .null }
    let organization = try #require(organizations.first)
    #expect(HSDSTables.problems(organization, "organization") == [])
    return organization
  }

  private func list(_ json: JSONValue?) -> [JSONValue] {
    guard case .array(let elements) = json else { return [] }
    return elements
  }

  /// The values of an object's attributes by their type.
  private func attributes(_ json: JSONValue?) -> [String: [String]] {
    var out: [String: [String]] = [:]
    for attribute in list(json?["attributes"]) {
      guard case .string(let type) = attribute["link_type"] else { continue }
      let value = attribute["value"] ?? attribute["taxonomy_term"]?["name"]
      guard case .string(let text) = value else { continue }
      out[type, default: []].append(text)
    }
    return out
  }

  /// A directory in which every HSDS table occurs.
  private func sample() throws -> SampleDirectory {
    var all = SampleDirectory()
    try all.add(
      "organization", 1,
      [
        "name": "Stadt Halver", "external_id": "halver", "organization_type": "Stadtverwaltung",
        "email": "stadt@example.org", "website": "https://example.org", "carrier": "public",
        "year_incorporated": "1912", "phone": "0221 4710-100", "street": "Markt 1",
        "postal_code": "58553", "city": "Halver", "categories": "2", "sectors": "youth_welfare",
        "municipality_id": "3", "parent_organization_id": "99",
      ])
    try all.add("taxonomy_term", 2, ["name": "Jugendamt", "code": "youth_office"])
    try all.add("municipality", 3, ["name": "Halver", "ags": "05962012"])
    try all.add(
      "location", 4,
      [
        "name": "Rathaus", "organization_id": "1", "latitude": "51.18", "longitude": "7.5",
        "accessibility": "partial", "accessibility_details": "Aufzug", "external_id": "rathaus",
      ])
    try all.add(
      "address", 5, ["location_id": "4", "address_1": "Markt 1", "city": "Halver"])
    try all.add(
      "contact", 6,
      [
        "name": "Ayla Beispiel", "organization_id": "1", "room": "2.12", "source": "Brief",
        "phone": "0221 4710-101",
      ])
    try all.add(
      "phone", 7,
      ["number": "0221 4710-102", "organization_id": "1", "contact_id": "6", "extension": "012"])
    try all.add(
      "phone", 8,
      [
        "number": "0221 4710-103", "service_id": "10", "organization_id": "1",
        "extension": "12", "languages": "de|tr",
      ])
    try all.add(
      "network", 9,
      ["name": "Netzwerk West", "operator_id": "1", "municipalities": "3", "legal_basis": "KKG"])
    try all.add(
      "service", 10,
      [
        "name": "Elterncafé", "organization_id": "1", "status": "planned", "minimum_age": "0",
        "maximum_age": "3", "free_of_charge": "true", "network_id": "9", "languages": "de",
        "assured_date": "2026-03-01", "audience": "families", "from_pregnancy": "true",
      ])
    try all.add(
      "service_at_location", 11, ["service_id": "10", "location_id": "4", "room": "Saal"])
    try all.add(
      "schedule", 12,
      [
        "service_at_location_id": "11", "service_id": "10", "opens_at": "09:00",
        "closes_at": "11:30", "rrule": "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5;BYDAY=TU",
        "description": "mit Hebamme", "exdates": "2027-02-02", "attending_type": "in_person",
      ])
    try all.add("service_area", 13, ["service_id": "10", "name": "Halver", "municipalities": "3"])
    try all.add(
      "network_meeting", 14, ["name": "Auftakt", "networks": "9", "date": "2014-05"])
    try all.add(
      "role_assignment", 15, ["contact_id": "6", "role": "Koordination", "network_id": "9"])
    try all.add("network_membership", 16, ["organization_id": "1", "network_id": "9"])
    try all.add(
      "schedule", 17, ["contact_id": "6", "rrule": "FREQ=WEEKLY;BYDAY=MO", "opens_at": "08:00"])
    try all.add(
      "document", 18,
      ["name": "Kooperationsvereinbarung", "networks": "9", "parties": "1", "date": "2008-01"])
    try all.add(
      "indicator", 19,
      [
        "name": "Kinder", "value": "418", "unit": "Kinder", "network_id": "9",
        "definition": "in SGB-II-Haushalten",
      ])
    return all
  }

  @Test func `Each table of the schema gets what it has, and nothing that it has not`() throws {
    let json = try export(sample())
    #expect(json["description"] == "Stadtverwaltung")
    #expect(json["year_incorporated"] == .number("1912"))
    #expect(json["parent_organization_id"] == nil)
    #expect(list(json["organization_identifiers"]).first?["identifier"] == "halver")
    #expect(list(json["phones"]).map { $0["number"] } == ["0221 4710-100"])
    #expect(list(json["locations"]).map { $0["name"] } == ["Rathaus"])
    let location = list(json["locations"]).last
    let address = list(location?["addresses"]).first
    #expect(address?["country"] == "DE" && address?["postal_code"] == "")
    let contact = try #require(list(json["contacts"]).first)
    #expect(list(contact["phones"]).map { $0["number"] } == ["0221 4710-101", "0221 4710-102"])
    #expect(attributes(list(contact["phones"]).last)["extension"] == ["012"])
    let service = try #require(list(json["services"]).first)
    #expect(service["status"] == "inactive" && service["minimum_age"] == .number("0"))
    #expect(service["program"]?["name"] == "Netzwerk West")
    #expect(list(service["phones"]).first?["extension"] == .number("12"))
    #expect(list(service["phones"]).first.map { list($0["languages"]).count } == 2)
    #expect(list(service["cost_options"]).first?["amount"] == .number("0"))
    #expect(list(service["schedules"]).isEmpty)
    let place = try #require(list(service["service_at_locations"]).first)
    #expect(place["location"]?["external_identifier"] == "rathaus")
    let schedule = try #require(list(place["schedules"]).first)
    #expect(schedule["freq"] == "WEEKLY" && schedule["byweekno"] == "1,3,5")
    #expect(schedule["byday"] == "TU" && schedule["opens_at"] == "09:00")
    #expect(schedule["notes"] == "mit Hebamme")
  }

  @Test func `What HSDS has no field for are attributes, and nothing internal`() throws {
    let json = try export(sample())
    let own = attributes(json)
    #expect(own["carrier"] == ["public"] && own["sectors"] == ["youth_welfare"])
    #expect(own["categories"] == ["Jugendamt"] && own["municipality_id"] == ["Halver"])
    #expect(own["network_membership"] == ["Netzwerk West"])
    let carrier = try #require(list(json["attributes"]).first { $0["link_type"] == "carrier" })
    #expect(carrier["taxonomy_term"]?["name"] == "öffentlicher Träger")
    #expect(carrier["taxonomy_term"]?["taxonomy"] == "carrier")
    #expect(carrier["link_id"] == json["id"] && carrier["link_entity"] == "organization")
    let contact = attributes(list(json["contacts"]).first)
    #expect(contact["room"] == ["2.12"] && contact["source"] == nil)
    #expect(contact["role_assignment"] == ["Koordination, Netzwerk West"])
    #expect(contact["schedule"] == ["Montag ab 8:00 Uhr"])
    let program = attributes(list(json["programs"]).first)
    #expect(program["network_meeting"] == ["2014-05 Auftakt"])
    #expect(program["document"] == ["2008-01 Kooperationsvereinbarung"])
    #expect(own["document"] == ["2008-01 Kooperationsvereinbarung"])
    #expect(program["indicator"] == ["418 Kinder: in SGB-II-Haushalten"])
    #expect(program["municipalities"] == ["Halver"] && program["legal_basis"] == ["KKG"])
    let service = try #require(list(json["services"]).first)
    #expect(attributes(service)["status"] == ["planned"])
    #expect(attributes(service)["from_pregnancy"] == ["true"])
    #expect(attributes(service)["name"] == nil && attributes(service)["languages"] == nil)
    let place = try #require(list(service["service_at_locations"]).first)
    let schedule = attributes(list(place["schedules"]).first)
    #expect(schedule["rrule"] == ["FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5;BYDAY=TU"])
    #expect(schedule["exdates"] == ["2027-02-02"])
  }

  @Test func `A small organization is this text`() throws {
    var directory = SampleDirectory()
    try directory.add(
      "organization", 1,
      ["name": "Hebamme \"Ayla\"", "languages": "de", "phone": "0221 4710-100"])
    var writer = HSDSWriter(source: directory.source, now: Self.now)
    let expected = """
      {"id":"00000000-002a-8abc-9def-000000000001","name":"Hebamme \\"Ayla\\"",\
      "description":"Hebamme \\"Ayla\\"",\
      "phones":[{"id":"3c7851f1-6b0b-5165-b527-f3286d39e2d2",\
      "organization_id":"00000000-002a-8abc-9def-000000000001","number":"0221 4710-100",\
      "type":"voice"}],\
      "attributes":[{"id":"1819598b-6403-5b2e-969b-928c7ff99db3",\
      "link_id":"00000000-002a-8abc-9def-000000000001","link_type":"languages",\
      "link_entity":"organization","taxonomy_term_id":"7cfe4872-c496-5de7-8fd6-81862f6e4fd8",\
      "value":"de","taxonomy_term":{"id":"7cfe4872-c496-5de7-8fd6-81862f6e4fd8",\
      "code":"organization.languages","name":"Sprachen","description":"Sprachen",\
      "taxonomy":"kreisnetz","language":"de"}}]}
      """
    #expect(try text(writer.organization(#require(directory[1]))) == "\n" + expected)
    #expect(try text(writer.organization(#require(directory[1]))) == ",\n" + expected)
  }

  @Test(arguments: [
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "freq=WEEKLY interval=2 byday=TU"),
    ("FREQ=MONTHLY;BYDAY=-1MO", "freq=MONTHLY byday=-1MO"),
    ("FREQ=MONTHLY;UNTIL=20271231;BYMONTHDAY=1", "until=2027-12-31 freq=MONTHLY bymonthday=1"),
    ("FREQ=YEARLY;WKST=MO;BYWEEKNO=2,4;BYDAY=TH", "wkst=MO freq=WEEKLY byday=TH byweekno=2,4"),
    ("FREQ=DAILY", "freq=WEEKLY byday=MO,TU,WE,TH,FR,SA,SU"), ("FREQ=DAILY;INTERVAL=2", ""),
    ("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1", ""),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ""),
    ("FREQ=YEARLY;INTERVAL=2;BYWEEKNO=2;BYDAY=TH", ""),
    ("FREQ=WEEKLY;BYMONTH=5;BYDAY=MO", ""),
  ])
  func `A rule stands in the fields of HSDS if they can say it, and always as an attribute`(
    rule: String, fields: String
  ) throws {
    var directory = SampleDirectory()
    try directory.add("organization", 1, ["name": "Stadt"])
    try directory.add("service", 2, ["name": "Café", "organization_id": "1"])
    try directory.add(
      "schedule", 3, ["service_id": "2", "rrule": rule, "dtstart": "2027-01-04"])
    let service = list(try export(directory)["services"]).first
    let schedules = list(service?["schedules"])
    let schedule = try #require(schedules.first)
    let names = [
      "until", "count", "wkst", "freq", "interval", "byday", "byweekno", "bymonthday", "byyearday",
    ]
    let said = names.compactMap { name -> String? in
      switch schedule[name] {
      case .string(let text), .number(let text): "\(name)=\(text)"
      default: nil
      }
    }
    #expect(said.joined(separator: " ") == fields)
    let canonical = try Schema.directory.kind(named: "schedule").field(named: "rrule")
      .validate(rule)
    #expect(attributes(schedule)["rrule"] == [canonical])
  }

  @Test func `A protected place appears nowhere`() throws {
    var directory = SampleDirectory()
    try directory.add(
      "organization", 1,
      [
        "name": "Frauenhaus", "street": "Geheimweg 1", "city": "Geheimstadt",
        "district": "Geheimviertel",
      ], isPlaceProtected: true)
    try directory.add(
      "location", 2,
      [
        "name": "Haus", "organization_id": "1", "latitude": "51.12345", "district": "Geheimviertel",
        "transportation": "Haltestelle Geheimweg",
      ])
    try directory.add(
      "address", 3, ["location_id": "2", "address_1": "Geheimweg 1", "city": "Geheimstadt"])
    try directory.add("service", 4, ["name": "Beratung", "organization_id": "1"])
    try directory.add("service_at_location", 5, ["service_id": "4", "location_id": "2"])
    let text = JSONWriter.text(of: try export(directory))
    #expect(!text.contains("Geheim") && !text.contains("51.12345"))
    #expect(text.contains("Beratung"))
  }

  @Test func `An organization without a location has the address of its own columns`() throws {
    var directory = SampleDirectory()
    try directory.add("organization", 1, ["name": "Stadt", "street": "Markt 1", "city": "Halver"])
    let location = list(try export(directory)["locations"]).first
    let address = list(location?["addresses"]).first
    #expect(location?["name"] == "Stadt" && address?["address_1"] == "Markt 1")
    #expect(address?["location_id"] == location?["id"])
  }

  @Test func `What has no organization is told`() throws {
    var directory = SampleDirectory()
    try directory.add("organization", 1, ["name": "Stadt"])
    try directory.add("service", 2, ["name": "Café", "organization_id": "1"])
    try directory.add("service", 3, ["name": "Café"])
    try directory.add("network", 4, ["name": "Netzwerk", "operator_id": "99"])
    let writer = HSDSWriter(source: directory.source, now: Self.now)
    #expect(try writer.missingOwner(of: #require(directory[2])) == nil)
    #expect(
      try writer.missingOwner(of: #require(directory[3]))?.contains("organization_id") == true)
    #expect(try writer.missingOwner(of: #require(directory[4]))?.contains("operator_id") == true)
  }
}
