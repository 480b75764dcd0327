// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

private let sampleID = "00000000-002a-8abc-9def-0123456789ab"

struct NDJSONRowsTests {
  private func rows(_ text: String, kind: String? = nil) throws -> [DirectoryRow] {
    let kind = try kind.map { try Schema.directory.kind(named: $0) }
    var rows = NDJSONRows(defaultKind: kind, read: chunks(text))
    var result: [DirectoryRow] = []
    while let row = try rows.next() { result.append(row) }
    return result
  }

  private func reasons(_ text: String) throws -> [String] {
    try #require(throws: RowError.self) { try rows(text) }.reasons
  }

  @Test func `a line becomes validated edits of a record`() throws {
    let text = """
      {"kind":"service","id":"\(sampleID.uppercased())","external_id":"s1","name":" Elterncafé ",\
      "organization_id":"key:familienzentrum","minimum_age":0,"free_of_charge":true,"phone":null,\
      "audience":["professionals","families","families"],"categories":["key:hebamme"],\
      "note@local":"x"}
      """
    let row = try #require(try rows(text).first)
    #expect([row.kind.name, row.id, row.externalID] == ["service", sampleID, "s1"])
    let edits = Dictionary(uniqueKeysWithValues: row.values.map { ($0.field.name, $0.edit) })
    #expect(edits["name"] == .set(.text("Elterncafé")))
    #expect(edits["organization_id"] == .set(.reference(.key("familienzentrum"))))
    #expect(edits["minimum_age"] == .set(.text("0")))
    #expect(edits["free_of_charge"] == .set(.text("true")))
    #expect(edits["phone"] == .withdraw)
    #expect(edits["audience"] == .elements([.text("families"), .text("professionals")]))
    #expect(edits["categories"] == .elements([.reference(.key("hebamme"))]))
    #expect(row.values.first { $0.field.name == "note" }?.scope == .local)
    #expect(row.problems(isNew: true) == [])
  }

  @Test func `the kind may be given for the whole file`() throws {
    #expect(try rows("{\"name\":\"A\"}", kind: "organization").first?.kind.name == "organization")
    #expect(try reasons("{\"name\":\"A\"}") == ["„kind“ is missing, for example \"organization\""])
    #expect(try reasons("{\"kind\":7}") == ["„kind“ must be a string, not a number"])
    #expect(try reasons("{\"kind\":\"organisation\"}")[0].contains("did you mean „organization“?"))
  }

  @Test func `everything that is wrong with a line is said, with its number`() throws {
    let text = """

      {"kind":"organization","nmae":"A","minimum_age":"abc","sectors":"health","name":["A"],"id":"4711","city":true}
      """
    let error = try #require(throws: RowError.self) { try rows(text) }
    #expect(error.line == 2)
    #expect(error.reasons.count == 6)
    #expect(error.reasons[0].contains("did you mean „name“?"))
    #expect(error.reasons[1] == "minimum_age: „abc“ ist keine ganze Zahl zwischen 0 und 120.")
    #expect(error.reasons[2].hasPrefix("sectors: „\"health\"“ ist keine Liste von Texten"))
    #expect(error.reasons[4] == "id: „4711“ ist keine vollständige Kennung.")
  }

  @Test func `malformed JSON names line and column, and reading goes on with the next line`() throws
  {
    let kind = try Schema.directory.kind(named: "organization")
    var rows = NDJSONRows(
      defaultKind: kind, read: chunks("{\"name\":\"A\"}\n{\"name\":}\n[]\n{\"name\":\"B\"}\n"))
    #expect(try rows.next()?.line == 1)
    let error = try #require(throws: RowError.self) { try rows.next() }
    #expect(error.description.hasPrefix("line 2: column 9: a value is expected"))
    #expect(throws: RowError.self) { try rows.next() }
    #expect(try rows.next()?.line == 4)
    #expect(try rows.next() == nil)
  }

  @Test func `a field stands once per scope, and scopes must exist`() throws {
    #expect(throws: Never.self) {
      try rows(#"{"kind":"phone","number":"0221 4710-001","number@public":"0221 4710-002"}"#)
    }
    #expect(
      try reasons(#"{"kind":"phone","number":"0221 4710-001","number@kreis":"0221 4710-002"}"#)
        == ["number: „“ steht zweimal in der Zeile."])
    #expect(
      try reasons(#"{"kind":"phone","number@intern":"0221 4710-002"}"#)
        == [
          "number@intern: „intern“ ist kein Leserkreis; erlaubt: public, kreis, coordination, local."
        ])
  }

  @Test func `references are ids or keys`() throws {
    let row = try rows(
      "{\"kind\":\"location\",\"name\":\"A\",\"organization_id\":\"\(sampleID.uppercased())\"}")[0]
    #expect(row.values[1].edit == .set(.reference(.id(sampleID))))
    for wrong in [
      "4711", "key:", "key: ", "key:a\\nb", "key:" + String(repeating: "x", count: 129),
    ] {
      let text = "{\"kind\":\"location\",\"organization_id\":\"\(wrong)\"}"
      #expect(throws: RowError.self, "\(wrong)") { try rows(text) }
    }
  }

  @Test func `a row that is written reads back equal`() throws {
    let text = """
      {"kind":"organization","id":"\(sampleID)","external_id":"kita-1","name":"Kita „Löwenzahn“",\
      "description":"eins\\nzwei","phone":null,"minimum_age":0,"parent_organization_id":"key:stadt",\
      "sectors":["education","youth_welfare"],"single_person":false,"street@coordination":"Weg 1"}
      """
    let row = try rows(text)[0]
    #expect(String(decoding: row.ndjson(), as: UTF8.self).hasSuffix("\"single_person\":false}\n"))
    let again = try rows(String(decoding: row.ndjson(), as: UTF8.self))[0]
    #expect(again.ndjson() == row.ndjson())
    #expect(Set(again.values) == Set(row.values))
    #expect([again.id, again.kind.name] == [row.id, row.kind.name])
  }
}

struct CSVRowsTests {
  private func rows(_ text: String, kind: String? = "organization") throws -> [DirectoryRow] {
    let kind = try kind.map { try Schema.directory.kind(named: $0) }
    var rows = try CSVRows(defaultKind: kind, read: chunks(text))
    var result: [DirectoryRow] = []
    while let row = try rows.next() { result.append(row) }
    return result
  }

  @Test func `a row becomes validated edits, and an empty cell says nothing`() throws {
    let text =
      "external_id; name ;phone;sectors;parent_organization_id;street@coordination\r\n"
      + "k1; Kita A;0221/4710-12;education | youth_welfare|;key:stadt; \r\n"
    let row = try #require(try rows(text).first)
    #expect(row.line == 2)
    #expect(
      row.values.map(\.field.name) == [
        "external_id", "name", "phone", "sectors", "parent_organization_id",
      ])
    #expect(row.values[1].edit == .set(.text("Kita A")))
    #expect(row.values[3].edit == .elements([.text("education"), .text("youth_welfare")]))
    #expect(row.values[4].edit == .set(.reference(.key("stadt"))))
  }

  @Test func `a column may name the kind of each row`() throws {
    let text =
      "kind,name,location_id,city\norganization,Kita A,,Halver\naddress,,key:l1,Halver\n,B,,\n"
    #expect(try rows(text).map(\.kind.name) == ["organization", "address", "organization"])
    #expect(throws: RowError.self) { try rows(text, kind: nil) }
  }

  @Test func `a column that is no field is refused before any row`() throws {
    let error = try #require(throws: RowError.self) { try rows("name;strasse\nA;B\n") }
    #expect(error.description.hasPrefix("line 1: unknown field „strasse“ of organization;"))
    let mixed = try #require(throws: RowError.self) { try rows("kind;name;strasse\n", kind: nil) }
    #expect(mixed.reasons == ["no kind has a field „strasse“"])
    let none = try #require(throws: RowError.self) { try rows("name\nA\n", kind: nil) }
    #expect(none.description.contains("no column „kind“"))
  }

  @Test func `a cell in a column of other kinds is an error with its line`() throws {
    let error = try #require(throws: RowError.self) {
      try rows("kind;name;ags\norganization;A;05962012\n", kind: nil)
    }
    #expect(error.line == 2)
    #expect(error.reasons[0].hasPrefix("unknown field „ags“ of organization"))
  }

  @Test func `wrong values name the physical line of their record`() throws {
    let error = try #require(throws: RowError.self) {
      try rows("name;description;minimum_age;id\nA;\"x\ny\";3;\nB;;abc;17\n")
    }
    #expect(error.line == 4)
    #expect(error.reasons.count == 2)
  }

  @Test func `the dialect that was found can be reported`() throws {
    let kind = try Schema.directory.kind(named: "organization")
    let rows = try CSVRows(
      defaultKind: kind, read: chunks(Array("name;city\nK".utf8) + [0xF6, 0x0A]))
    #expect(rows.encoding == .windows1252)
    #expect(rows.delimiter == ";")
  }
}
