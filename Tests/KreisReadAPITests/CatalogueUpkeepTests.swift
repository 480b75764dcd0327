// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisPages
import KreisStore
import Testing

/// What is served is brought up to date object by object; it must be what would be made from nothing.
@Suite(.timeLimit(.minutes(5)))
struct CatalogueUpkeepTests {
  /// Numbers that follow from a seed.
  private struct Chance {
    var state: UInt64

    mutating func next(below limit: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(limit))
    }

    mutating func one<T>(of all: [T]) -> T? { all.isEmpty ? nil : all[next(below: all.count)] }
  }

  private struct World {
    var chance: Chance
    var ids: [String: [RecordID]] = [:]
    var count = 0
  }

  /// The fields that refer to another record, and to what.
  private static let references: [String: [(field: String, kind: String)]] = [
    "organization": [
      ("municipality_id", "municipality"), ("categories", "taxonomy_term"),
      ("parent_organization_id", "organization"),
    ],
    "taxonomy_term": [("parent_id", "taxonomy_term")],
    "network": [("operator_id", "organization"), ("municipalities", "municipality")],
    "location": [("organization_id", "organization"), ("municipality_id", "municipality")],
    "address": [("location_id", "location")],
    "service": [
      ("organization_id", "organization"), ("categories", "taxonomy_term"),
      ("network_id", "network"),
    ],
    "service_at_location": [("service_id", "service"), ("location_id", "location")],
    "schedule": [("service_id", "service"), ("service_at_location_id", "service_at_location")],
    "contact": [("organization_id", "organization"), ("service_id", "service")],
    "phone": [("contact_id", "contact"), ("service_id", "service")],
  ]
  private static let kinds = [
    "taxonomy_term", "municipality", "organization", "network", "location", "address", "service",
    "service_at_location", "schedule", "contact", "phone",
  ]

  private func edits(_ kind: RecordKind, _ world: inout World) throws -> [Edit] {
    var edits: [Edit] = []
    func set(_ name: String, _ value: String, _ scope: ScopeKind = .public) throws {
      guard let field = try? kind.field(named: name) else { return }
      edits.append(Edit(field, .value(try field.validate(value)), in: scope))
    }
    world.count += 1
    let scope: ScopeKind = world.chance.next(below: 6) == 0 ? .kreis : .public
    try set("name", "Name \(world.chance.next(below: 9)) \(world.count)", scope)
    switch kind.name {
    case "taxonomy_term": try set("taxonomy", "Liste \(world.chance.next(below: 2))")
    case "address": try set("city", "Ort \(world.chance.next(below: 3))")
    case "phone": try set("number", "0221 4710-\(100 + world.chance.next(below: 800))")
    case "organization", "location":
      if world.chance.next(below: 8) == 0 {
        try set("confidential", "true", .kreis)
      } else if kind.name == "organization", world.chance.next(below: 2) == 0 {
        try set("phone", "0221 4710-\(100 + world.chance.next(below: 800))")
      }
    case "service":
      try set("minimum_age", "\(world.chance.next(below: 9))")
      try set("description", "Text \(world.count)")
      try set("status", ["active", "planned"][world.chance.next(below: 2)])
    case "schedule":
      try set("rrule", "FREQ=WEEKLY;BYDAY=\(["MO", "FR", "SA"][world.chance.next(below: 3)])")
      try set("dtstart", "2026-01-05")
      try set("opens_at", "08:00")
      try set("closes_at", "20:00")
    case "contact":
      try set("legal_basis", "public_task")
      try set("source", "Liste")
    default: break
    }
    for (name, target) in Self.references[kind.name] ?? [] where world.chance.next(below: 4) > 0 {
      guard let id = world.chance.one(of: world.ids[target] ?? []) else { continue }
      let field = try kind.field(named: name)
      edits.append(
        Edit(field, field.isSet ? .elements(["\(id)"]) : .value("\(id)"), in: .public))
    }
    return edits
  }

  private func step(_ api: TestAPI, _ world: inout World) async throws {
    let time = Occasion(at: 1_800_000_000 + UInt64(world.count), reason: "Prüfung")
    let name = Self.kinds[world.chance.next(below: Self.kinds.count)]
    let kind = try Schema.directory.kind(named: name)
    let act = world.chance.next(below: 16)
    let all = world.ids[name] ?? []
    guard act > 5, let id = world.chance.one(of: all) else {
      let edits = try edits(kind, &world)
      // The rules refuse some of what chance makes, such as where a protected place is.
      if let id = try? await api.store.write({ try $0.create(kind, edits, time) }) {
        world.ids[name, default: []].append(id)
      }
      return
    }
    let (edits, other) = (try edits(kind, &world), world.chance.one(of: all))
    try? await api.store.write { transaction in
      switch act {
      case 6: try transaction.delete(id, time)
      case 7: try transaction.restore(id, time)
      case 8: try transaction.erase(id, time)
      case 9, 10:
        let isRestricted = try transaction.state(of: id)?.isRestricted(kind) == true
        _ = try transaction.restrict(id, !isRestricted, time)
      case 11: if let other, other != id { _ = try transaction.merge(other, into: id, time) }
      default: _ = try transaction.change(id, edits, time)
      }
    }
  }

  /// All that is served, in an order that does not depend on when it came.
  private func everything(_ api: TestAPI) async -> [String] {
    var out: [String] = []
    var paths = ["/angebote", "/angebote?offen=1", "/angebote?alter=4", "/angebote?q=text"]
    for sort in [
      "services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms",
    ] {
      let isFull = sort.hasPrefix("taxonom") ? "" : "&full=true"
      let answer = await api.get("/\(sort)?per_page=100\(isFull)")
      #expect(answer.status == 200)
      for object in answer.contents {
        out.append("\(sort) \(Self.sorted(object))")
        guard let id = object["id"]?.text else { continue }
        if sort == "services" { paths.append("/angebot/\(id)") }
        if sort == "organizations" { paths.append("/einrichtung/\(id)") }
        if sort == "taxonomy_terms" { paths.append("/angebote?thema=\(id)") }
      }
    }
    for path in paths {
      out += await api.get(path).text.split(separator: "\n").map { "\(path) \($0)" }.sorted()
    }
    return out
  }

  private static func sorted(_ json: JSONValue) -> String {
    switch json {
    case .object(let members):
      "{" + members.map { "\($0.name):\(sorted($0.value))" }.sorted().joined(separator: ",") + "}"
    case .array(let elements): "[" + elements.map(sorted).sorted().joined(separator: ",") + "]"
    default: JSONWriter.text(of: json)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func `After whatever changes, all that is served is what a start would make of it`(seed: UInt64)
    async throws
  {
    let api = try await TestAPI(burst: 1_000_000, pages: PageContact())
    var world = World(chance: Chance(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1))
    for _ in 0..<120 { try await step(api, &world) }
    for round in 0..<12 {
      for _ in 0..<8 { try await step(api, &world) }
      let kept = await everything(api)
      let fresh = await everything(try await TestAPI(beside: api, pages: PageContact()))
      let difference = kept.difference(from: fresh)
      #expect(difference.isEmpty, "round \(round): \(difference.map { "\($0)" }.prefix(4))")
      guard difference.isEmpty else { return }
    }
  }

  @Test func `Words about hours follow the day although nothing changes`() async throws {
    let api = try await TestAPI(burst: 1_000_000, pages: PageContact())
    let organization = try await api.add("organization", ["name": "Haus"])
    let service = try await api.add(
      "service", ["name": "Treff", "organization_id": "\(organization)", "status": "active"])
    // 15 January 2027, a Friday, is the server's day.
    try await api.add(
      "schedule",
      [
        "service_id": "\(service)", "rrule": "FREQ=WEEKLY;BYDAY=SA", "dtstart": "2026-01-03",
        "opens_at": "00:00", "closes_at": "23:59",
      ])
    #expect(await api.get("/angebote?offen=1").text.contains("0 Angebote"))
    api.clock.set(1_800_000_000 + 86_400)
    #expect(await api.get("/angebote?offen=1").text.contains("1 Angebot<"))
  }
}
