// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisStore
import Testing

/// What is made of more records than are finished, or kept in memory, at once.
@Suite(.timeLimit(.minutes(5)))
struct LargeCatalogueTests {
  private static let count = 700

  /// Organizations, each with a service.
  private func fill(_ api: TestAPI) async throws {
    let organization = try Schema.directory.kind(named: "organization")
    let service = try Schema.directory.kind(named: "service")
    try await api.store.write { transaction in
      for number in 1...Self.count {
        let time = Occasion(at: 1_800_000_000)
        let owner = try transaction.create(
          organization,
          [Edit(try organization.field(named: "name"), .value("Haus \(number)"), in: .public)], time
        )
        let values = [
          ("name", "Treff \(number)"), ("organization_id", "\(owner)"), ("status", "active"),
        ]
        let edits = try values.map { name, text in
          Edit(try service.field(named: name), .value(text), in: .public)
        }
        _ = try transaction.create(service, edits, time)
      }
    }
  }

  @Test func `A start serves each of many objects once, and each offer with its organization`()
    async throws
  {
    let filled = try await TestAPI(pages: PageContact())
    try await fill(filled)
    let api = try await TestAPI(beside: filled, pages: PageContact())
    for sort in ["organizations", "services"] {
      var ids: [String] = []
      for page in 1...(Self.count / 100) {
        let answer = await api.get("/\(sort)?per_page=100&page=\(page)")
        #expect(answer.json["total_items"] == .integer(Self.count))
        ids += answer.contents.compactMap { $0["id"]?.text }
      }
      #expect(ids.count == Self.count && Set(ids).count == Self.count)
    }
    let list = await api.get("/angebote?q=haus")
    #expect(list.text.contains("\(Self.count) Angebote"))
  }

  @Test func `A directory that keeps few records in memory reads as one that keeps all`()
    async throws
  {
    let api = try await TestAPI()
    try await fill(api)
    let readings = try await api.store.read { snapshot in
      try [1, 4_000, 100 << 20].map { limit in
        let directory = try ExportedDirectory(
          snapshot, readers: .public, on: CivilDate(dayNumber: 20_000), recentLimit: limit)
        var lines: [String] = []
        for kind in ["organization", "service"] {
          try directory.records(Schema.directory.kind(named: kind)) { record in
            let others = try directory.source.referring("service", "organization_id", record.id)
            let owner = try record["organization_id"].flatMap { try directory.source.record($0) }
            let words = ([record] + others + [owner].compactMap(\.self)).map {
              "\($0.id) \($0["name"] ?? "") \($0["organization_id"] ?? "")"
            }
            lines.append(words.joined(separator: ", "))
          }
        }
        return lines
      }
    }
    #expect(readings[2].count == 2 * Self.count)
    #expect(readings[2].allSatisfy { $0.contains(",") })
    #expect(readings[0] == readings[2] && readings[1] == readings[2])
  }
}
