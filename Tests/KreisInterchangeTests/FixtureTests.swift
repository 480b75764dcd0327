// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// The directory of the Märkischer Kreis that demo and tests import: facts from public press texts,
/// everything personal invented.
struct FixtureTests {
  private static let towns = [
    "balve", "halver", "herscheid", "kierspe", "meinerzhagen", "nachrodt-wiblingwerde",
    "neuenrade", "schalksmuehle",
  ]

  private static func url(_ file: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/maerkischer-kreis/\(file)").standardizedFileURL
  }

  private static func source(_ file: String) throws -> ChunkSource {
    let handle = try FileHandle(forReadingFrom: url(file))
    return { try handle.read(upToCount: 10_000).map { Array($0) } }
  }

  private static func load(_ name: String) throws -> [DirectoryRow] {
    var result: [DirectoryRow] = []
    if FileManager.default.fileExists(atPath: url(name + ".csv").path) {
      var rows = try CSVRows(read: source(name + ".csv"))
      #expect(rows.encoding == .windows1252)
      while let row = try rows.next() { result.append(row) }
    }
    var rows = NDJSONRows(read: try source(name + ".ndjson"))
    while let row = try rows.next() { result.append(row) }
    return result
  }

  private static func references(of row: DirectoryRow) -> [(kinds: [String], key: String)] {
    row.values.flatMap { entry -> [(kinds: [String], key: String)] in
      guard case .reference(let kinds) = entry.field.type else { return [] }
      let values: [RowValue] =
        switch entry.edit {
        case .set(let value): [value]
        case .elements(let elements): elements
        case .withdraw: []
        }
      return values.compactMap {
        if case .reference(.key(let key)) = $0 { (kinds, key) } else { nil }
      }
    }
  }

  @Test(arguments: ["hub"] + towns)
  func `every record is complete and refers to its own file or the hub's`(
    name: String
  ) throws {
    var known: [String: String] = [:]
    let files = name == "hub" ? ["hub"] : ["hub", name]
    for row in try files.flatMap(Self.load) { known[row.externalID ?? ""] = row.kind.name }
    for file in files {
      for row in try Self.load(file) {
        #expect(row.problems(isNew: true) == [], "\(file) line \(row.line)")
        for (kinds, key) in Self.references(of: row) {
          let kind = try #require(known[key], "\(file) line \(row.line): \(key)")
          #expect(kinds.isEmpty || kinds.contains(kind), "\(file) line \(row.line): \(key)")
        }
        _ = try #require(row.externalID, "\(file) line \(row.line)")
      }
    }
  }

  @Test func `external ids are unique over all files, and no one but the creator's town has notes`()
    throws
  {
    var known: Set<String> = []
    for row in try (["hub"] + Self.towns).flatMap(Self.load) {
      #expect(known.insert(row.externalID ?? "").inserted)
    }
    let hub = try Self.load("hub").flatMap(\.values)
    #expect(!hub.contains { $0.scope == .coordination && $0.field.name != "source" })
  }

  @Test func `telephone numbers and addresses are those reserved for fiction`() throws {
    for entry in try (["hub"] + Self.towns).flatMap(Self.load).flatMap(\.values) {
      guard case .set(let value) = entry.edit else { continue }
      switch entry.field.type {
      case .phone, .e164:
        let digits = value.text.filter(\.isNumber)
        #expect(digits.hasSuffix("2214710" + digits.suffix(3)), "\(value.text)")
      case .email: #expect(value.text.hasSuffix("@example.org"))
      case .url: #expect(value.text.contains(".example.org"))
      default: break
      }
    }
  }

  @Test(arguments: towns)
  func `each town has a directory of its own size`(town: String) throws {
    let rows = try Self.load(town)
    let counts = Dictionary(grouping: rows, by: \.kind.name).mapValues(\.count)
    #expect((12...25).contains(counts["organization"] ?? 0))
    for kind in [
      "location", "address", "contact", "phone", "service", "role_assignment", "schedule",
    ] {
      #expect((counts[kind] ?? 0) > 0, "\(kind)")
    }
  }

  @Test func `the hub states the facts of the five networks`() throws {
    let rows = try Self.load("hub")
    let networks = rows.filter { $0.kind.name == "network" }
    #expect(networks.count == 5)
    let municipalities = networks.flatMap { row in
      row.values.filter { $0.field.name == "municipalities" }.flatMap { entry -> [RowValue] in
        if case .elements(let elements) = entry.edit { elements } else { [] }
      }
    }
    #expect(Set(municipalities.map(\.text)) == Set(Self.towns.map { "key:kommune-" + $0 }))
    #expect(rows.filter { $0.kind.name == "municipality" }.count == 9)
    let offers = rows.filter { $0.kind.name == "service" }
    let planned = offers.filter { row in
      row.values.contains { $0.field.name == "status" && $0.edit == .set(.text("planned")) }
    }
    #expect(planned.count == 3)
  }
}
