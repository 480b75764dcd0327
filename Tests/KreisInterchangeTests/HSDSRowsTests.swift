// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// HSDS documents and data packages of others.
@Suite struct HSDSRowsTests {
  private func read(
    _ form: HSDSRows.Form = .document, _ source: @escaping ChunkSource
  ) -> (rows: [DirectoryRow], refused: [String], reader: HSDSRows) {
    var reader = HSDSRows(form, now: 1_800_000_000, read: source)
    var rows: [DirectoryRow] = []
    var refused: [String] = []
    while true {
      do {
        guard let row = try reader.next() else { break }
        rows.append(row)
      } catch {
        refused.append("\(error)")
        if refused.count > 10 { break }
      }
    }
    return (rows, refused, reader)
  }

  private func read(_ text: String, pieces: Int = 7) -> (
    rows: [DirectoryRow], refused: [String], reader: HSDSRows
  ) {
    var rest = Array(text.utf8)[...]
    return read {
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(pieces) }
      return Array(rest.prefix(pieces))
    }
  }

  private func text(_ row: DirectoryRow?, _ name: String) -> String? {
    for entry in row?.values ?? [] where entry.field.name == name {
      switch entry.edit {
      case .set(let value): return value.text
      case .elements(let elements): return elements.map(\.text).joined(separator: "|")
      case .withdraw: return nil
      }
    }
    return nil
  }

  private func first(_ kind: String, _ rows: [DirectoryRow]) -> DirectoryRow? {
    rows.first { $0.kind.name == kind }
  }

  @Test func `A service with all that it lists becomes records that refer to each other`() {
    let (rows, refused, reader) = read(
      """
      [{"id":"s1","name":"Food Pantry","status":"active","licenses":"A1","minimum_age":3,
        "url":"food.example.org","fees_description":null,
        "organization":{"id":"o1","name":"Helpers","description":"Helpers","tax_id":"77"},
        "languages":[{"id":"l","name":"English"},{"id":"m","code":"es"}],
        "cost_options":[{"id":"c","amount":5,"currency":"EUR","option":"Mitgliedschaft"}],
        "phones":[{"id":"p1","number":"0221 4710-001","type":"voice"},
          {"id":"p2","number":"0221 4710-002 ext. 12"}],
        "schedules":[{"id":"h1","freq":"WEEKLY","byday":"MO,TU","opens_at":"09:00:00Z",
          "closes_at":"12:00"},{"id":"h2","opens_at":"12:00","closes_at":"09:00"}],
        "service_at_locations":[{"id":"a1","location":{"id":"p1","location_type":"physical",
          "latitude":51.123456789123,"addresses":[{"id":"d1","address_1":"Am Markt 1",
          "city":"Halver","state_province":"NW","postal_code":"58553","country":"DE",
          "address_type":"physical"}]}}],
        "attributes":[{"id":"x","link_type":"service_type","taxonomy_term_id":"t1",
          "taxonomy_term":{"id":"t1","name":"Food","taxonomy":"OE"}}]}]
      """)
    #expect(refused.isEmpty)
    let kinds = rows.map(\.kind.name)
    #expect(
      Set(kinds) == [
        "organization", "taxonomy_term", "service", "phone", "schedule", "service_at_location",
        "location", "address",
      ])
    let service = first("service", rows)
    #expect(service?.externalID == "s1")
    #expect(text(service, "organization_id") == "key:o1")
    #expect(text(service, "phone") == "0221 4710-001")
    #expect(text(service, "languages") == "en|es")
    #expect(text(service, "url") == "https://food.example.org")
    #expect(text(service, "fees_description") == "Mitgliedschaft 5 EUR")
    #expect(text(service, "categories") == "key:t1")
    let phone = first("phone", rows)
    #expect(text(phone, "number") == "0221 4710-002")
    #expect(text(phone, "extension") == "12")
    let schedule = first("schedule", rows)
    #expect(text(schedule, "rrule") == "FREQ=WEEKLY;BYDAY=MO,TU")
    #expect(text(schedule, "opens_at") == "09:00")
    #expect(text(first("location", rows), "name") == "Am Markt 1")
    #expect(text(first("location", rows), "latitude") == "51.123456789")
    #expect(text(first("address", rows), "location_id") == "key:p1")
    // What is lost is told.
    #expect(reader.losses["service.licenses"] == 1)
    #expect(reader.losses["organization.tax_id"] == 1)
    #expect(reader.losses["schedule that contradicts itself"] == 1)
    #expect(reader.warnings.contains { $0.reason.contains("h2") })
  }

  @Test func `Objects may follow each other, be a page of an API, or be listed several times`() {
    let one = #"{"id":"o1","name":"A","description":"B","services":[]}"#
    let two = #"{"id":"o2","name":"C","description":"[{,\"}","services":[]}"#
    for text in ["[\(one),\n\(two)]", "\(one)\n\(two)\n\(one)", #"{"contents":[\#(one),\#(two)]}"#]
    {
      let (rows, refused, _) = read(text)
      #expect(refused.isEmpty)
      #expect(rows.map(\.externalID) == ["o1", "o2"], "\(text)")
    }
  }

  @Test func `What is no HSDS is refused with its line`() {
    #expect(read("\n\n nonsense").refused.map { $0.prefix(7) } == ["line 3:"])
    #expect(read("[{\"id\":\"o1\",\n\"name\": }]").refused.map { $0.prefix(7) } == ["line 2:"])
    #expect(read("{\"id\":\"x\"").refused.map { $0.prefix(7) } == ["line 1:"])
    #expect(read("[{\"x\":1}]").refused[0].contains("neither an organization nor a service"))
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(read("{\"id\":\"o\",\"name\":\(deep)}").refused[0].contains("nesting"))
  }

  @Test func `A data package gives records with what other tables say of them`() throws {
    let files = [
      "datapackage.json": """
      {"resources":[{"path":"organizations.csv"},{"path":"services.csv"},{"path":"phones.csv"},
      {"path":"services_at_location.csv"},{"path":"locations.csv"},{"path":"taxonomy.csv"},
      {"path":"physical_addresses.csv"},{"path":"services_taxonomy.csv"},{"path":"eligibility.csv"},
      {"path":"../../etc/passwd"},{"path":"/etc/passwd"},{"path":"metadata.csv"}]}
      """,
      "organizations.csv": "id,name,description\n1,Helpers,What we do\n",
      "data/services.csv":
        "id,organization_id,name,status\n1,1,Food,active\n2,9,\"Line\nbreak\",\n",
      "phones.csv": "id,service_id,number\n1,1,0221 4710-001\n2,77,0221 4710-002\n",
      "services_at_location.csv": "id,service_id,location_id\n1,1,1\n",
      "locations.csv": "id,name\n1,Market\n",
      "taxonomy.csv": "id,name,vocabulary\nP,Food,OE\n",
      "physical_addresses.csv": "id,location_id,address_1,city\n1,1,Am Markt 1,Halver\n",
      "services_taxonomy.csv": "id,service_id,taxonomy_id\n1,1,P\n",
      "eligibility.csv": "id,eligibility\n1,All\n2,None\n",
      "metadata.csv": "id\n1\n",
    ]
    var asked: [String] = []
    var package = try HSDSPackage { path in
      asked.append(path)
      var bytes = files[path].map { Array($0.utf8) }
      return bytes == nil
        ? nil
        : {
          defer { bytes = nil }
          return bytes
        }
    }
    #expect(!asked.contains { $0.contains("passwd") })
    let (rows, refused, reader) = read(.tables) { try package.next() }
    #expect(refused.isEmpty)
    #expect(
      rows.map { "\($0.kind.name) \($0.line)" } == [
        "taxonomy_term 2", "organization 2", "location 2", "address 2", "service 2",
        "service_at_location 2", "service 3",
      ])
    let service = first("service", rows)
    #expect(text(service, "phone") == "0221 4710-001")
    #expect(text(service, "categories") == "key:P")
    #expect(text(first("service_at_location", rows), "location_id") == "key:1")
    #expect(text(rows.last, "name") == "Line break")
    #expect(reader.losses["row of eligibility.csv"] == 2)
    #expect(reader.losses["row of phones.csv"] == 1)
  }
}
