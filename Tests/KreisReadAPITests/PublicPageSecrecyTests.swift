// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisPages
import KreisStore
import Testing

/// What must never be in a page for families, whatever the directory holds.
@Suite(.timeLimit(.minutes(5)))
struct PublicPageSecrecyTests {
  /// A directory by chance. Each text holds a word that occurs nowhere else, and the test knows which of
  /// them may be seen.
  private struct World {
    var random: Xoshiro
    var count = 0
    /// Words that no page may have.
    var secrets: [String] = []
    var services: [RecordID] = []
    var organizations: [RecordID] = []

    mutating func word() -> String {
      count += 1
      // Letters only, so that the search takes it for one word.
      let digits = String(count).map {
        "abcdefghij"[String.Index(utf16Offset: $0.wholeNumberValue ?? 0, in: "abcdefghij")]
      }
      return "wort" + String(digits) + "x"
    }

    mutating func chance(_ one: Int, in all: Int) -> Bool { random.next(below: UInt64(all)) < one }
  }

  /// Numbers that follow from a seed.
  private struct Xoshiro {
    var state: UInt64

    mutating func next(below limit: UInt64) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % limit)
    }
  }

  private static let texts: [String: [String]] = [
    "organization": [
      "name", "description", "alternate_name", "city", "district", "street", "note",
    ],
    "location": ["name", "description", "transportation", "district"],
    "service": ["name", "description", "alert", "fees_description", "application_process", "note"],
    "schedule": ["description", "room", "registration"],
    "contact": ["name", "title", "department"], "address": ["city", "address_1", "address_2"],
    "taxonomy_term": ["name", "description"],
  ]

  private static let whereabouts: Set = ["street", "city", "district", "postal_code"]

  private func add(
    _ api: TestAPI, _ world: inout World, _ kindName: String,
    _ references: KeyValuePairs<String, RecordID?>, fixed: [(String, String)] = [],
    isProtected: Bool = false
  ) async throws -> RecordID {
    let kind = try Schema.directory.kind(named: kindName)
    let isGone = world.chance(1, in: 8)
    var edits: [Edit] = []
    let isPlace = kindName == "location" || kindName == "address"
    for name in Self.texts[kindName] ?? []
    where name == "name" || (kindName == "address" && name == "city") || world.chance(2, in: 3) {
      let field = try kind.field(named: name)
      let word = world.word()
      // Of a protected place the rules let nobody publish where it is.
      let tells = isProtected && (isPlace ? name != "name" : Self.whereabouts.contains(name))
      let scope: ScopeKind? =
        tells
        ? .coordination
        : world.chance(1, in: 2)
          ? .public : [.kreis, .coordination, .local][world.random.next(below: 3)]
      if scope != .public || isGone { world.secrets.append(word) }
      edits.append(Edit(field, .value(try field.validate(word)), in: scope))
    }
    for (name, value) in fixed {
      let field = try kind.field(named: name)
      edits.append(Edit(field, .value(try field.validate(value)), in: .public))
    }
    for (name, id) in references {
      guard let id else { continue }
      let field = try kind.field(named: name)
      edits.append(
        field.isSet
          ? Edit(field, .elements(["\(id)"]), in: .public)
          : Edit(field, .value("\(id)"), in: .public))
    }
    let mayRestrict = (try? kind.field(named: "restricted")) != nil
    let all = edits
    let id = try await api.store.write { try $0.create(kind, all, Occasion(at: 1_800_000_000)) }
    if isGone {
      if mayRestrict, world.chance(1, in: 2) {
        try await api.change(id, kindName, ["restricted": "true"])
      } else if world.chance(1, in: 2) {
        try await api.store.write {
          try $0.erase(id, Occasion(at: 1_800_000_100, reason: "Art. 17"))
        }
      } else {
        try await api.store.write { try $0.delete(id, Occasion(at: 1_800_000_100)) }
      }
    }
    return id
  }

  private func fill(_ api: TestAPI, _ world: inout World) async throws {
    for _ in 0..<6 {
      let term = try await add(api, &world, "taxonomy_term", [:])
      let isProtected = world.chance(1, in: 4)
      let marks = isProtected ? [("confidential", "true")] : []
      let organization = try await add(
        api, &world, "organization", ["categories": term], fixed: marks, isProtected: isProtected)
      world.organizations.append(organization)
      let location = try await add(
        api, &world, "location", ["organization_id": organization], fixed: marks,
        isProtected: isProtected)
      _ = try await add(
        api, &world, "address", ["location_id": location], isProtected: isProtected)
      let service = try await add(
        api, &world, "service", ["organization_id": organization, "categories": term])
      world.services.append(service)
      let place = try await add(
        api, &world, "service_at_location", ["service_id": service, "location_id": location])
      let contact = try await add(
        api, &world, "contact", ["organization_id": organization],
        fixed: [("legal_basis", "public_task"), ("source", "Liste")])
      for owner in [("service_id", service), ("service_at_location_id", place)] {
        _ = try await add(
          api, &world, "schedule",
          owner.0 == "service_id" ? ["service_id": owner.1] : ["service_at_location_id": owner.1],
          fixed: [("rrule", "FREQ=DAILY"), ("opens_at", "00:00"), ("closes_at", "23:59")])
      }
      _ = try await add(api, &world, "schedule", ["contact_id": contact])
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func `No page ever has a word that is not public, nor finds anything by it`(seed: UInt64)
    async throws
  {
    let api = try await TestAPI(burst: 1_000_000, pages: PageContact())
    var world = World(random: Xoshiro(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1))
    try await fill(api, &world)
    var paths = ["/", "/angebote", "/angebote?offen=1", "/sitemap.xml", "/barrierefreiheit"]
    paths += world.services.map { "/angebot/\($0)" }
    paths += world.organizations.map { "/einrichtung/\($0)" }
    let list = await api.get("/angebote").text
    for choice in list.matches(of: /<option value="([^"]+)"/) {
      paths.append("/angebote?thema=\(choice.1)")
    }
    var shown = 0
    for path in paths {
      let page = await api.get(path, ["Accept": "text/html"]).text
      shown += page.matches(of: /wort[a-j]+x/).count
      for secret in world.secrets where page.contains(secret) {
        Issue.record("\(path) shows \(secret)")
      }
    }
    #expect(shown > 0)
    for secret in world.secrets.prefix(60) {
      let found = await api.get("/angebote?q=\(secret)").text
      #expect(found.contains("<h2 id=\"treffer\">0 Angebote</h2>"), "\(secret) finds something")
    }
  }
}
