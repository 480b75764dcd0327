// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisInterchange
import KreisReadAPI
import KreisStore
import Synchronization
import Testing

/// What anybody may read over HTTP.
@Suite struct ReadAPITests {
  /// Two organizations with a service each, of which one is at a place.
  private func fill(_ api: TestAPI) async throws -> [String: RecordID] {
    var ids: [String: RecordID] = [:]
    ids["broad"] = try await api.add(
      "taxonomy_term", ["name": "Hilfen", "taxonomy": "Kategorien"])
    ids["term"] = try await api.add(
      "taxonomy_term",
      [
        "name": "Frühe Hilfen", "code": "fh", "taxonomy": "Kategorien",
        "parent_id": "\(ids["broad"]!)",
      ])
    ids["a"] = try await api.add(
      "organization",
      [
        "name": "Haus A", "phone": "0221 4710-001", "categories": "\(ids["term"]!)",
        "carrier": "free", "street": "Am Markt 1", "city": "Halver",
      ])
    ids["b"] = try await api.add(
      "organization",
      ["name": "Haus B", "description": "Mit Garten", "website": "https://example.org"])
    ids["location"] = try await api.add(
      "location", ["name": "Haus B", "organization_id": "\(ids["b"]!)", "latitude": "51.2"])
    try await api.add(
      "address", ["location_id": "\(ids["location"]!)", "city": "Halver", "address_1": "Weg 2"])
    ids["old"] = try await api.add(
      "service",
      [
        "name": "Elterncafé", "organization_id": "\(ids["b"]!)", "minimum_age": "0",
        "languages": "de|tr", "free_of_charge": "true", "categories": "\(ids["term"]!)",
      ], at: 1_700_000_000)
    ids["new"] = try await api.add(
      "service", ["name": "Sprechstunde", "organization_id": "\(ids["a"]!)", "status": "planned"])
    ids["at"] = try await api.add(
      "service_at_location",
      ["service_id": "\(ids["old"]!)", "location_id": "\(ids["location"]!)", "room": "1.2"])
    try await api.add(
      "schedule",
      [
        "service_at_location_id": "\(ids["at"]!)", "rrule": "FREQ=WEEKLY;BYDAY=MO",
        "opens_at": "09:00", "closes_at": "11:00",
      ])
    return ids
  }

  private let tables = [
    "services": "service", "organizations": "organization",
    "service_at_locations": "service_at_location", "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
  ]

  @Test func `Every object is as its table in HSDS says, in lists and alone`() async throws {
    let api = try await TestAPI()
    _ = try await fill(api)
    let counts = [
      "services": 2, "organizations": 2, "service_at_locations": 1, "taxonomies": 1,
      "taxonomy_terms": 2,
    ]
    for (path, table) in tables {
      let list = await api.get("/\(path)")
      #expect(list.status == 200 && list.fields["content-type"] == "application/json")
      #expect(list.contents.count == counts[path])
      for object in list.contents {
        #expect(HSDSTables.problems(object, table, at: path) == [])
        guard case .string(let id)? = object["id"] else { continue }
        let alone = await api.get("/\(path)/\(id)")
        #expect(alone.status == 200)
        #expect(HSDSTables.problems(alone.json, table, at: "\(path)/ID") == [])
      }
    }
    let about = await api.get("/")
    #expect(about.json["version"] == "3.0")
    #expect(about.json["openapi_url"] == .string("http://127.0.0.1:\(api.port)/openapi.json"))
    let service = await api.get("/services?full=true").contents.first { $0["name"] == "Elterncafé" }
    #expect(service?["organization"]?["name"] == "Haus B")
    #expect(service?["last_modified"] == "2023-11-14T22:13:20Z")
    #expect(service?["service_at_locations"] != nil)
  }

  @Test
  func `Nothing narrower than public is served, nor what is deleted, restricted or protected`()
    async throws
  {
    let api = try await TestAPI()
    let ids = try await fill(api)
    let secret = "GEHEIM"
    try await api.add(
      "contact",
      [
        "name": "\(secret) Kontakt", "organization_id": "\(ids["a"]!)", "phone": "0221 4710-901",
        "legal_basis": "public_task", "source": "Liste",
      ])
    try await api.add(
      "contact",
      [
        "name@public": "\(secret) Eingeschränkt", "organization_id@public": "\(ids["a"]!)",
        "restricted": "true", "legal_basis": "public_task", "source": "Liste",
      ])
    try await api.add(
      "phone", ["number": "0221 4710-902", "organization_id": "\(ids["a"]!)"])
    try await api.change(
      ids["a"]!, "organization",
      ["description@kreis": "\(secret) kreis", "note": "\(secret) note", "memo": "\(secret) memo"])
    let gone = try await api.add("organization", ["name": "\(secret) Gelöscht"])
    try await api.store.write { try $0.delete(gone, Occasion(at: 1_800_000_200)) }
    let shelter = try await api.add(
      "organization", ["name": "Frauenhaus", "confidential@coordination": "true"])
    let place = try await api.add(
      "location",
      [
        "name": "Haus", "organization_id": "\(shelter)", "transportation@coordination": secret,
      ])
    try await api.add(
      "address",
      [
        "location_id": "\(place)", "city@coordination": secret, "address_1@coordination": secret,
      ])
    try await api.add("service", ["name@kreis": "\(secret) nur für Partner"])

    let open = try await api.add("organization", ["name": "Offen"])
    for path in tables.keys {
      for query in ["", "?full=true"] where query.isEmpty || !path.hasPrefix("taxonom") {
        let list = await api.get("/\(path)\(query)")
        #expect(list.status == 200)
        #expect(!list.text.contains(secret) && !list.text.contains("4710-90"), "\(path)\(query)")
        for object in list.contents {
          guard case .string(let id)? = object["id"] else { continue }
          let alone = await api.get("/\(path)/\(id)").text
          #expect(!alone.contains(secret) && !alone.contains("4710-90"), "\(path)/\(id)")
        }
      }
    }
    let shelters = await api.get("/organizations/\(shelter)")
    #expect(shelters.json["name"] == "Frauenhaus")
    #expect(await api.get("/organizations/\(gone)").status == 404)
    // What is deleted now is gone with the next request.
    #expect(await api.get("/organizations/\(open)").status == 200)
    try await api.store.write { try $0.delete(open, Occasion(at: 1_800_000_300)) }
    #expect(await api.get("/organizations/\(open)").status == 404)
  }

  @Test func `Lists come in pages and can be narrowed`() async throws {
    let api = try await TestAPI()
    let ids = try await fill(api)
    let first = await api.get("/services?per_page=1")
    #expect(first.json["total_items"] == .integer(2) && first.json["total_pages"] == .integer(2))
    #expect(first.json["first_page"] == .bool(true) && first.json["last_page"] == .bool(false))
    let second = await api.get("/services?per_page=1&page=2")
    #expect(second.json["last_page"] == .bool(true) && second.json["size"] == .integer(1))
    #expect(second.contents[0]["id"] != first.contents[0]["id"])
    let beyond = await api.get("/services?page=1000000000")
    #expect(beyond.status == 200 && beyond.json["empty"] == .bool(true))
    func names(_ query: String) async -> [JSONValue?] {
      await api.get(query).contents.map { $0["name"] }
    }
    #expect(await names("/services?search=ELTERNCAF%C3%89") == ["Elterncafé"])
    #expect(await names("/services?organization_id=\(ids["b"]!)") == ["Elterncafé"])
    #expect(await names("/services?taxonomy_term_id=\(ids["term"]!)") == ["Elterncafé"])
    #expect(await names("/taxonomy_terms?top_only=true") == ["Hilfen"])
    #expect(await names("/taxonomy_terms?parent_id=\(ids["broad"]!)") == ["Frühe Hilfen"])
    let taxonomy = await api.get("/taxonomies").contents[0]["id"]
    guard case .string(let id)? = taxonomy else { return }
    #expect(await names("/services?taxonomy_id=\(id)") == ["Elterncafé"])
    #expect(await names("/organizations?search=garten") == ["Haus B"])
  }

  @Test func `Who asks for what is new since his last look gets what was written long before`()
    async throws
  {
    let api = try await TestAPI()
    let ids = try await fill(api)
    func names(since time: UInt64) async -> [JSONValue?] {
      let day = ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(time)))
      return await api.get("/organizations?modified_after=\(day)").contents.map { $0["name"] }
    }
    // One who never looked has everything to fetch, whenever it was written.
    let all = await api.get("/organizations").contents.count
    #expect(await names(since: 1_800_000_000).count == all)
    #expect(await names(since: 1_800_000_001).isEmpty)
    api.clock.set(1_800_001_000)
    try await api.add("organization", ["name": "Offline geschrieben"], at: 1_700_000_000)
    #expect(await names(since: 1_800_001_000) == ["Offline geschrieben"])
    api.clock.set(1_800_002_000)
    try await api.change(ids["a"]!, "organization", ["note": "Intern"])
    #expect(await names(since: 1_800_001_001).isEmpty)
    // A clock that is set back hides nothing.
    api.clock.set(1_700_000_000)
    try await api.change(ids["a"]!, "organization", ["city": "Kierspe"])
    #expect(await names(since: 1_800_001_000).count == 2)
  }

  @Test(arguments: [
    "2026-11-22", "2026-11-22T08:00:00Z", "2026-11-22t08:00:00.123456789z",
    "7631-07-19T22:11:37.09%2B19:22", "2016-12-31T23:59:60-23:59", "0001-01-01T00:00:00Z",
  ])
  func `Every time of RFC 3339 is understood`(time: String) async throws {
    let api = try await TestAPI()
    #expect(await api.get("/services?modified_after=\(time)").status == 200)
  }

  @Test func `A large catalogue that is being made does not keep the server from stopping`()
    async throws
  {
    let api = try await TestAPI()
    _ = try await fill(api)
    let (looks, look) = AsyncStream<Void>.makeStream()
    let go = DispatchSemaphore(value: 0)
    api.clock.onLook.withLock { hook in
      hook = {
        look.yield()
        go.wait()
      }
    }
    let answer = Task { await api.get("/services") }
    for await _ in looks { break }
    api.clock.onLook.withLock { $0 = nil }
    await api.stop()
    go.signal()
    #expect(await answer.value.status == 503)
  }

  @Test func `A client that has it already is told so until something public changes`() async throws
  {
    let api = try await TestAPI()
    let ids = try await fill(api)
    let tag = try #require(await api.get("/services").fields["etag"])
    let same = await api.get("/services?page=1", ["If-None-Match": "\"x\", W/\(tag)"])
    #expect(same.status == 304 && same.body.isEmpty)
    try await api.change(ids["a"]!, "organization", ["note": "Intern"])
    #expect(await api.get("/services", ["If-None-Match": tag]).status == 304)
    try await api.change(ids["a"]!, "organization", ["city": "Kierspe"])
    let other = await api.get("/services", ["If-None-Match": tag])
    #expect(other.status == 200 && other.fields["etag"] != tag)
  }

  @Test(arguments: [
    ("/nothing", 404), ("/services/4f9f4a51-0000-8000-8000-000000000000", 404),
    ("/services/%FF", 404), ("/services/a/b", 404), ("/services?page=0", 400),
    ("/services?page=x", 400), ("/services?per_page=101", 400), ("/services?pages=1", 400),
    ("/services?page=1&page=2", 400), ("/services?search=%FF", 400), ("/?page=1", 400),
    ("/services?search=" + String(repeating: "a", count: 101), 400),
    ("/services?modified_after=yesterday", 400), ("/services?full=1", 400),
    ("/services?organization_id=1", 400), ("/services?modified_after=2026-13-40", 400),
    ("/services?modified_after=2026-11-22T24:00:00Z", 400),
    ("/services?modified_after=2026-11-22T08:00:00", 400),
  ])
  func `What cannot be answered is told as a problem`(path: String, status: Int) async throws {
    let api = try await TestAPI()
    let answer = await api.get(path)
    #expect(answer.status == status)
    #expect(answer.fields["content-type"] == "application/problem+json")
    #expect(answer.json["status"] == .integer(status))
    guard case .string(let detail)? = answer.json["detail"] else {
      Issue.record("no detail")
      return
    }
    #expect(detail.count > 10)
  }

  @Test func `Nothing but reading is allowed, and not too often`() async throws {
    let api = try await TestAPI(burst: 4)
    let post = await api.get("/services", method: "POST")
    #expect(post.status == 405 && post.fields["allow"] == "GET, HEAD")
    let head = await api.get("/services", method: "HEAD")
    #expect(head.status == 200 && head.body.isEmpty && head.fields["content-length"] != "0")
    // Behind a proxy on this machine each of its clients counts by itself.
    for _ in 1...4 {
      #expect(await api.get("/", ["X-Forwarded-For": "1.1.1.1, 192.0.2.7"]).status == 200)
    }
    let fifth = await api.get("/", ["X-Forwarded-For": "192.0.2.7"])
    #expect(fifth.status == 429 && fifth.fields["retry-after"] != nil)
    #expect(await api.get("/").status == 200)
  }

  @Test func `The description names every address and parameter that there is`() async throws {
    let api = try await TestAPI()
    _ = try await fill(api)
    let json = await api.get("/openapi.json").json
    #expect(json["openapi"] == "3.1.0")
    guard case .object(let paths)? = json["paths"] else {
      Issue.record("no paths")
      return
    }
    #expect(paths.count == 12)
    for path in paths where !path.name.contains("{") {
      #expect(await api.get(path.name).status == 200, "\(path.name)")
      guard case .array(let parameters)? = path.value["get"]?["parameters"] else { continue }
      for parameter in parameters where parameter["in"] == "query" {
        guard case .string(let name)? = parameter["name"] else { continue }
        let value =
          switch parameter["schema"]?["type"] {
          case "integer": "1"
          case "boolean": "true"
          default:
            name == "search"
              ? "a"
              : name == "modified_after"
                ? "2026-01-01T00:00:00Z" : "4f9f4a51-0000-8000-8000-000000000000"
          }
        #expect(
          await api.get("\(path.name)?\(name)=\(value)").status == 200, "\(path.name) \(name)")
      }
    }
  }
}
