// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

@Suite struct ImportTests {
  private let two = """
    {"kind":"organization","external_id":"a","name":"Kita A","sectors":["health"]}
    {"kind":"organization","external_id":"b","name":"Kita B","city":"Halver"}

    """

  @Test func `Importing a file again changes nothing, and a changed row changes its record`()
    async throws
  {
    let replicas = try await Replicas()
    #expect(replicas.import(replicas.town, two).counts == [2, 0, 0, 0])
    #expect(replicas.import(replicas.town, two).counts == [0, 0, 2, 0])
    let changed = two.replacing("[\"health\"]", with: "[\"social\"]")
      .replacing("\"Halver\"", with: "null")
    #expect(replicas.import(replicas.town, changed).counts == [0, 2, 0, 0])
    #expect(replicas.show(replicas.town, "key:a")?.field("sectors") == .array(["social"]))
    #expect(replicas.show(replicas.town, "key:b")?.field("city") == nil)
    let unsent = try await replicas.town.unsent().entries
    #expect(unsent == 4)
  }

  @Test func `A reference may name a row that comes later, also in a circle`() async throws {
    let replicas = try await Replicas()
    let rows = """
      {"kind":"service","external_id":"s","name":"Sprechstunde","organization_id":"key:child"}
      {"kind":"organization","external_id":"child","name":"Jugendamt","municipality_id":"key:parent"}
      {"kind":"municipality","external_id":"parent","name":"Halver","ags":"05962012","youth_office_id":"key:child"}
      """
    #expect(replicas.import(replicas.town, rows).counts == [3, 0, 0, 0])
    let parent = try #require(replicas.show(replicas.town, "key:parent"))
    let child = try #require(replicas.show(replicas.town, "key:child"))
    #expect(child.field("municipality_id") == parent["id"])
    #expect(parent.field("youth_office_id") == child["id"])
    #expect(replicas.show(replicas.town, "key:s")?.field("organization_id") == child["id"])
    #expect(replicas.import(replicas.town, rows).counts == [0, 0, 3, 0])
  }

  @Test func `One wrong row keeps all out, and every wrong row is told with its line`() async throws
  {
    let replicas = try await Replicas()
    let rows =
      two + """
        {"kind":"organization","external_id":"c"
        {"kind":"organization","external_id":"d","nmae":"Kita D"}

        {"kind":"organization","external_id":"e","name":"Kita E","minimum_age":7,"maximum_age":3}
        {"kind":"service","external_id":"f","name":"Kurs","organization_id":"key:nowhere"}
        {"kind":"organization","name":"Ohne Kennung"}
        {"kind":"organization","external_id":"a","name":"Noch einmal A"}
        """
    let answer = replicas.import(replicas.town, rows)
    #expect(answer.outcome == .wrongUse)
    #expect(answer.rows.first?["imported"] == .bool(false))
    // Rows that can be judged only in the store come after these are corrected.
    #expect(answer.errors.map { $0.prefix(2) } == ["3:", "4:", "8:", "9:"])
    #expect(answer.errors[1].contains("did you mean „name“"))
    #expect(answer.errors[3].contains("line 1 already"))
    #expect(replicas.list(replicas.town, "organization").isEmpty)

    let good = rows.split(separator: "\n").filter {
      $0.contains("\"a\",\"name\":\"Kita A") || $0.contains("\"e\"") || $0.contains("\"f\"")
    }
    .joined(separator: "\n")
    let later = replicas.import(replicas.town, good)
    #expect(later.errors.map { $0.prefix(2) } == ["2:", "3:"])
    #expect(replicas.list(replicas.town, "organization").isEmpty)
    let unsent = try await replicas.town.unsent()
    #expect(unsent.isEmpty)
  }

  @Test func `With keep-going the other rows are taken, but none that refers to a refused one`()
    async throws
  {
    let replicas = try await Replicas()
    let rows = """
      {"kind":"service","external_id":"s1","name":"Erster","organization_id":"key:bad"}
      {"kind":"service","external_id":"s2","name":"Zweiter","organization_id":"key:chained"}
      {"kind":"organization","external_id":"chained","name":"Kette","parent_organization_id":"key:bad"}
      {"kind":"organization","external_id":"bad","name":"Falsch","minimum_age":7,"maximum_age":3}
      {"kind":"organization","external_id":"good","name":"Gut"}
      """
    let answer = replicas.import(replicas.town, rows, keepsGoing: true)
    #expect(answer.outcome == .wrongUse)
    #expect(answer.counts == [1, 0, 0, 4])
    #expect(answer.errors.map { $0.prefix(2) } == ["1:", "2:", "3:", "4:"])
    #expect(replicas.list(replicas.town, "organization").map { $0["name"] } == ["Gut"])
    #expect(replicas.list(replicas.town, "service").isEmpty)
    #expect(replicas.run(replicas.town, LocalRequest("log-verify")).outcome == .done)
  }

  @Test func `A refused row leaves nothing behind, in no scope`() async throws {
    let replicas = try await Replicas()
    let words = (0..<257).map { "\"w\($0)\"" }.joined(separator: ",")
    let rows = """
      {"kind":"organization","external_id":"a","name":"Zu viel","keywords@coordination":[\(words)]}
      {"kind":"organization","external_id":"b","name":"Gut"}
      """
    let answer = replicas.import(replicas.town, rows, keepsGoing: true)
    #expect(answer.counts == [1, 0, 0, 1])
    #expect(replicas.list(replicas.town, "organization").map { $0["name"] } == ["Gut"])
    let unsent = try await replicas.town.unsent().entries
    #expect(unsent == 1)
    #expect(replicas.run(replicas.town, LocalRequest("log-verify")).outcome == .done)
  }

  @Test func `Only twenty errors are told in full, but all are counted`() async throws {
    let replicas = try await Replicas()
    let answer = replicas.import(
      replicas.town, String(repeating: "{\"kind\":\"organization\"}\n", count: 50))
    #expect(answer.errors.count == 20)
    #expect(answer.counts[3] == 50)
  }

  @Test func `An export is imported without a change, whoever wrote the records`() async throws {
    let replicas = try await Replicas()
    _ = replicas.add(
      replicas.hub, "organization", "name=Kreis", "phone=0221 4710-1", "phone@kreis=0221 4710-2")
    _ = replicas.import(replicas.town, two)
    try await replicas.sync()
    _ = replicas.edit(replicas.town, "key:a", "memo=Anrufen", "note=Intern")
    let export = replicas.run(replicas.town, LocalRequest("export")).rows
    #expect(export.count == 3)
    let text = export.map { JSONWriter.text(of: $0) }.joined(separator: "\n")
    #expect(text.contains("\"phone\":\"0221 4710-1\""))
    #expect(text.contains("\"phone@kreis\":\"0221 4710-2\""))
    #expect(replicas.import(replicas.town, text).counts == [0, 0, 3, 0])
  }

  @Test func `A field that stands in a narrower scope does not become public by an import`()
    async throws
  {
    let replicas = try await Replicas()
    _ = replicas.add(
      replicas.town, "organization", "name=Haus", "external_id=a", "phone@kreis=0221 4710-1")
    let row = "{\"kind\":\"organization\",\"external_id\":\"a\",\"phone\":\"0221 4710-2\"}"
    #expect(replicas.import(replicas.town, row).counts == [0, 1, 0, 0])
    #expect(replicas.show(replicas.town, "key:a")?.scope("phone") == "kreis")
  }

  @Test func `A row with an id changes that record, and is refused if there is none`() async throws
  {
    let replicas = try await Replicas()
    let id = replicas.add(replicas.town, "organization", "name=Haus").id
    let row = "{\"kind\":\"organization\",\"id\":\"\(id)\",\"name\":\"Hof\"}"
    #expect(replicas.import(replicas.town, row).counts == [0, 1, 0, 0])
    let unknown = row.replacing(id.suffix(4), with: "0000")
    #expect(replicas.import(replicas.town, unknown).errors.first?.contains("no record") == true)
    let wrongKind = row.replacing("organization", with: "service")
    #expect(
      replicas.import(replicas.town, wrongKind).errors.first?.contains("of kind organization")
        == true)
  }

  @Test
  func `A row that decides a conflict is told before and after, and ends it as any write does`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    #expect(replicas.import(town, two).counts == [2, 0, 0, 0])
    try await replicas.sync()
    let ids = ["a", "b"].map { replicas.show(town, "key:\($0)")?["id"]?.text ?? "" }
    for (store, digit) in [(town, 2), (replicas.hub, 3)] {
      for id in ids { _ = replicas.edit(store, id, "phone=0221 4710-\(digit)00") }
      _ = replicas.edit(store, ids[0], "email=haus-\(digit)@example.org")
      // Both say the same: there is nothing to decide.
      _ = replicas.edit(store, ids[1], "fax=0221 4710-400")
    }
    try await replicas.sync()
    #expect(replicas.run(town, LocalRequest("conflicts")).rows.count == 3)
    let rows = """
      {"kind":"organization","external_id":"b","name":"Kita B","fax":"0221 4710-400"}
      {"kind":"organization","external_id":"a","name":"Kita A","phone":"0221 4710-300","email":null}
      """
    let decisions: JSONValue = .array(
      ["email", "phone"].map { field in
        [
          "line": .integer(2), "kind": "organization", "external_id": "a", "id": .string(ids[0]),
          "field": .string(field), "scope": "public",
        ]
      })
    let dry = replicas.import(town, rows, isDryRun: true)
    #expect(dry.rows.last?["decided"] == .integer(2))
    #expect(byField(dry.rows.last?["decisions"]) == decisions)
    let phone = dry.rows[1]["fields"]?.elements.first { $0["field"] == "phone" }
    #expect(phone?["new"] == "0221 4710-300" && phone?["old"] == "0221 4710-300")
    #expect(phone?["alternatives"] == .array(["0221 4710-200"]))
    let lines = dry.rows.flatMap { ImportText.lines($0) }
    for text in [
      "line 2: phone (public) of organization a is in conflict; the row decides it",
      "also there: 0221 4710-200", "2 conflicts are decided",
    ] {
      #expect(lines.contains { $0.contains(text) }, "\(text)")
    }
    #expect(replicas.run(town, LocalRequest("conflicts")).rows.count == 3)

    // Nothing is decided by a file of which nothing is taken.
    let refused = replicas.import(town, rows + "\n{\"kind\":\"organization\"}")
    #expect(refused.rows.last?["decided"] == .integer(0))
    #expect(refused.rows.last?["decisions"] == .array([]))
    let done = replicas.import(town, rows)
    #expect(byField(done.rows.last?["decisions"]) == decisions)
    // What nobody wrote is still to be decided.
    let left = replicas.run(town, LocalRequest("conflicts")).rows
    #expect(left.map { $0["id"]?.text } == [ids[1]] && left.first?["field"] == "phone")
    #expect(replicas.import(town, rows).rows.last?["decided"] == .integer(0))
  }

  private func byField(_ decisions: JSONValue?) -> JSONValue {
    .array(
      (decisions?.elements ?? []).sorted { ($0["field"]?.text ?? "") < ($1["field"]?.text ?? "") })
  }

  @Test func `A table is imported by its header`() async throws {
    let replicas = try await Replicas()
    let table = "external_id;name;sectors\r\na;Kita A;health|social\r\nb;Kita B;\r\n"
    let answer = replicas.import(replicas.town, table, format: "csv", kind: "organization")
    #expect(answer.counts == [2, 0, 0, 0])
    #expect(
      replicas.show(replicas.town, "key:a")?.field("sectors") == .array(["health", "social"]))
    let wrong = replicas.import(
      replicas.town, table.replacing("name", with: "nmae"), format: "csv", kind: "organization")
    #expect(wrong.outcome == .wrongUse)
    #expect(wrong.failure?.text.contains("line 1") == true)
    #expect(replicas.import(replicas.town, table, format: "xml").outcome == .wrongUse)
  }

  @Test func `The fixtures of the Kreis are imported by hub and town`() async throws {
    let replicas = try await Replicas()
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/maerkischer-kreis")
    func rows(_ name: String) throws -> String {
      try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    let hub = replicas.import(replicas.hub, try rows("hub.ndjson"))
    #expect(hub.outcome == .done, "\(hub.errors)")
    try await replicas.sync()
    let town = replicas.import(replicas.town, try rows("halver.ndjson"))
    #expect(town.outcome == .done, "\(town.errors)")
    #expect(replicas.import(replicas.town, try rows("halver.ndjson")).counts[2] == town.counts[0])
  }
}
