// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// The facts about three Kreise, entered where they belong, carried by real processes, and read back at
/// every replica.
@Suite(.serialized, .timeLimit(.minutes(10))) struct NetworkFactsTests {
  private static func files(_ kreis: String, _ replica: String) -> [URL] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/\(kreis)").standardizedFileURL
    return ["csv", "ndjson"].map { folder.appending(path: "\(replica).\($0)") }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
  }

  private static func rows(_ url: URL) throws -> [DirectoryRow] {
    let handle = try FileHandle(forReadingFrom: url)
    let source: ChunkSource = { try handle.read(upToCount: 65_536).map { Array($0) } }
    var out: [DirectoryRow] = []
    if url.pathExtension == "csv" {
      var rows = try CSVRows(read: source)
      while let row = try rows.next() { out.append(row) }
    } else {
      var rows = NDJSONRows(read: source)
      while let row = try rows.next() { out.append(row) }
    }
    return out
  }

  /// Founds the Kreis, lets every replica import its file, and waits until all hold all.
  private func load(_ fixture: KreisFixture) throws -> Kreis {
    let kreis = try Kreis(fixture.title, ags: fixture.ags, towns: fixture.towns)
    if fixture.usesVocabulary { try kreis("hub").succeed("vocabulary", "import") }
    for replica in kreis.replicas {
      for file in Self.files(fixture.folder, replica) {
        let report = try kreis(replica).succeed("import", file.path, "--json")
        #expect(report.rows.first?["refused"] == .integer(0))
        #expect(report.rows.first?["warned"] == .integer(0), "\(report.output)")
      }
      try kreis.waitUntilEqual()
    }
    return kreis
  }

  @Test(arguments: KreisFixture.all)
  func `Every fact of a Kreis is read back at every replica that may read it`(
    fixture: KreisFixture
  ) throws {
    let kreis = try load(fixture)
    var compared = 0
    for reader in kreis.replicas {
      let directory = try Directory(export: kreis(reader).succeed("export"))
      for author in kreis.replicas {
        for row in try Self.files(fixture.folder, author).flatMap(Self.rows) {
          let key = try #require(row.externalID)
          let record = try #require(directory.records[key], "\(reader) lacks \(key)")
          var expected = 0
          for entry in row.values where Self.reads(reader, entry.scope, of: author) {
            expected += 1
            let actual = record.values.first {
              $0.field.tag == entry.field.tag && $0.scope == entry.scope
            }
            #expect(
              actual.map(directory.texts) == directory.texts(entry),
              "\(reader): \(key) \(entry.field.name)")
          }
          let derived = record.values.count {
            $0.field.name == "number_e164"
              && row.values.allSatisfy { $0.field.name != "number_e164" }
          }
          #expect(record.values.count == expected + derived, "\(reader): \(key)")
          compared += expected
        }
      }
    }
    #expect(compared > fixture.fewestValues)
    for fact in fixture.facts {
      let shown = try kreis(fact.at).succeed("show", "key:\(fact.key)", "--json")
      let field = try #require(shown.rows.first?["fields"]?[fact.field], "\(fact)")
      #expect(Self.text(field["display"]) == fact.text, "\(fact)")
    }
    try fixture.check(kreis)
  }

  private static func reads(_ reader: String, _ scope: ScopeKind, of author: String) -> Bool {
    switch scope {
    case .public, .kreis: true
    case .coordination: reader == author || reader == "hub"
    case .local: reader == author
    }
  }

  private static func text(_ json: JSONValue?) -> String {
    switch json {
    case .string(let text): text
    case .array(let elements): elements.map { text($0) }.sorted().joined(separator: ", ")
    default: ""
    }
  }
}

/// What a replica exported, with references by external id or name.
private struct Directory {
  private(set) var records: [String: DirectoryRow] = [:]
  /// All that a record may be called, by its id.
  private var names: [String: Set<String>] = [:]

  init(export: CommandLineTool.Result) throws {
    var rest: [UInt8]? = Array(export.output.utf8)
    var rows = NDJSONRows {
      defer { rest = nil }
      return rest
    }
    while let row = try rows.next() {
      guard let key = row.externalID, let id = row.id else { continue }
      records[key] = row
      var own: Set = ["key:" + key]
      let isNamed = ["taxonomy_term", "municipality"].contains(row.kind.name)
      for entry in row.values
      where isNamed && ["name", "synonyms"].contains(entry.field.name) {
        if case .set(let value) = entry.edit {
          own.formUnion(value.text.split(separator: "\n").map(String.init))
        }
      }
      names[id] = own
    }
  }

  /// The values of a field in one form, whichever way references are written.
  func texts(_ entry: DirectoryRow.Entry) -> [String] {
    switch entry.edit {
    case .set(let value): [text(value)]
    case .elements(let elements): elements.map(text).sorted()
    case .withdraw: []
    }
  }

  private func text(_ value: RowValue) -> String {
    guard case .reference(let reference) = value else { return value.text }
    if case .id(let id) = reference { return names[id]?.first { $0.hasPrefix("key:") } ?? id }
    let named = names.values.first { $0.contains(reference.text) }
    return named?.first { $0.hasPrefix("key:") } ?? reference.text
  }
}
