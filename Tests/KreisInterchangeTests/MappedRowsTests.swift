// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// Tables of offices, read with a mapping file.
@Suite struct MappedRowsTests {
  private let yaml = """
    ignore: Lfd. Nr.
    records:
      - kind: organization
        key: [Einrichtung, PLZ]
        fields:
          name: Einrichtung
          street: { columns: [Straße, Hausnr.] }
          postal_code: PLZ
          organization_type: { constant: Kindertagesstätte }
          carrier: { column: Träger, values: { städtisch: public, k.A.: ~ } }
          languages: { column: Sprachen, separator: "," }
          single_person: Einzelperson
          assured_date: Stand
      - kind: contact
        as: leitung
        when: Leitung
        fields:
          name: Leitung
          organization_id: { record: organization }
      - kind: phone
        fields:
          number: Telefon
          contact_id: { record: leitung }
          organization_id: { record: organization }

    """

  private func rows(
    _ table: String, _ mapping: String? = nil, encode: (String) -> [UInt8] = { Array($0.utf8) }
  ) throws -> (rows: [DirectoryRow], refused: [String], warnings: [String]) {
    var bytes: [UInt8]? = encode(table)
    var reader = try MappedRows(ImportMapping(yaml: mapping ?? yaml)) {
      defer { bytes = nil }
      return bytes
    }
    var rows: [DirectoryRow] = []
    var refused: [String] = []
    while true {
      do {
        guard let row = try reader.next() else { break }
        rows.append(row)
      } catch { refused.append("\(error)") }
    }
    return (rows, refused, reader.warnings.map(\.description))
  }

  private func text(_ row: DirectoryRow, _ name: String) -> String? {
    for entry in row.values where entry.field.name == name {
      switch entry.edit {
      case .set(let value): return value.text
      case .elements(let elements): return elements.map(\.text).joined(separator: "|")
      case .withdraw: return nil
      }
    }
    return nil
  }

  private let table = """
    Lfd. Nr.;Einrichtung;Straße;Hausnr.;PLZ;Träger;Sprachen;Einzelperson;Stand;Leitung;Telefon;Farbe
    1;"Kita
    Löwenzahn";Am Markt;12a;58553;städtisch;Deutsch, Türkisch;nein;31.12.2026;Ayla Beispiel;Tel. 0221/4710–001;rot
    2;Kita Sonne;;;58553;k.A.;;ja;;;;

    """

  @Test func `A row becomes several records that refer to each other`() throws {
    // As Excel saves it: Windows-1252.
    let cp1252 = { (text: String) in
      text.unicodeScalars.map { $0 == "–" ? 0x96 : UInt8(truncatingIfNeeded: $0.value) }
    }
    let (rows, refused, warnings) = try rows(
      table.replacing("Kita\nLöwenzahn", with: "Löwenzahn"), encode: cp1252)
    #expect(refused.isEmpty)
    #expect(rows.map(\.kind.name) == ["organization", "contact", "phone", "organization"])
    #expect(rows.map(\.line) == [2, 2, 2, 3])
    let kita = rows[0]
    #expect(text(kita, "name") == "Löwenzahn")
    #expect(text(kita, "street") == "Am Markt 12a")
    #expect(text(kita, "organization_type") == "Kindertagesstätte")
    #expect(text(kita, "carrier") == "public")
    #expect(text(kita, "languages") == "de|tr")
    #expect(text(kita, "single_person") == "false")
    #expect(text(kita, "assured_date") == "2026-12-31")
    let key = try #require(kita.externalID)
    #expect(text(rows[1], "organization_id") == "key:\(key)")
    #expect(text(rows[2], "contact_id") == "key:" + (rows[1].externalID ?? ""))
    #expect(text(rows[2], "number") == "0221/4710-001")
    // What is translated to nothing is nothing, and a record without content is none.
    #expect(text(rows[3], "carrier") == nil)
    #expect(text(rows[3], "single_person") == "true")
    #expect(warnings.count == 1 && warnings[0].contains("„Farbe“"))
  }

  @Test func `A row without an id gets the same one each time, and another for other content`()
    throws
  {
    let plain = table.replacing("Kita\n", with: "Kita ")
    let first = try rows(plain).rows.map(\.externalID)
    let spelled = plain.replacing("Kita Löwenzahn", with: "KITA  Löwenzahn")
    #expect(try rows(spelled).rows.map(\.externalID) == first)
    #expect(Set(first).count == 4)
    let moved = plain.replacing("58553", with: "58540")
    #expect(Set(try rows(moved).rows.map(\.externalID)).isDisjoint(with: first))
  }

  @Test func `What is wrong is told with the line on which its record starts`() throws {
    let broken = table.replacing("31.12.2026", with: "32.12.2026")
      .replacing("Kita Sonne;;;58553", with: "Kita Sonne;;;58553-58554-58555-1")
    let (_, refused, _) = try rows(broken)
    #expect(refused.map { $0.prefix(7) } == ["line 2:", "line 4:"])
    #expect(refused[0].contains("Zeilenumbruch") && refused[0].contains("assured_date"))
    #expect(refused.last?.contains("postal_code") == true)
  }

  @Test func `A record that several rows repeat is taken once, and refused where they differ`()
    throws
  {
    let list = """
      Träger;Ort;Angebot
      Haus A;Halver;Krabbelgruppe
      Haus A;Halver;Elterncafé
      Haus A;Kierspe;Hebamme
      """
    let mapping = """
      key: Träger
      records:
        - kind: organization
          key: Träger
          fields: { name: Träger, city: Ort }
        - kind: service
          key: [Träger, Angebot]
          fields:
            name: Angebot
            organization_id: { record: organization }
      """
    // "key" of all records stands beside "records" only where a record has none.
    let (rows, refused, _) = try rows(list, mapping)
    #expect(rows.map(\.kind.name) == ["organization", "service", "service", "service"])
    #expect(refused.count == 1 && refused[0].hasPrefix("line 4:"))
    #expect(refused[0].contains("line 2 says"))
  }

  @Test(arguments: [
    ("kind: organizaton\nfields: { name: N }", 1, "did you mean „organization“"),
    ("kind: organization\nfields:\n  nmae: N", 3, "did you mean „name“"),
    ("kind: organization\nfields:\n  name: { colum: N }", 3, "has no \"colum\""),
    ("kind: organization\nfields:\n  name: { column: N, constant: x }", 3, "one of"),
    ("kind: organization\nfields:\n  name: Nirgends", 3, "no column „Nirgends“"),
    ("kind: organization\nfelder:\n  name: N", 2, "has no \"felder\""),
    (
      "records:\n  - kind: contact\n    fields:\n      name: N\n      organization_id: { record: x }",
      1,
      "cannot refer to x"
    ),
    ("kind: organization\nfields: [", 3, ""),
  ])
  func `A mapping that cannot be used is told by its line`(
    yaml: String, line: Int, reason: String
  ) throws {
    let error = try #require(throws: MappingError.self) { try rows("N\nx\n", yaml) }
    #expect(error.line == line, "\(error)")
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test func `A hostile mapping is refused`() {
    #expect(throws: MappingError.self) {
      try ImportMapping(yaml: String(repeating: "#", count: ImportMapping.limit + 1))
    }
    #expect(throws: MappingError.self) {
      try ImportMapping(yaml: String(repeating: "[", count: 60_000))
    }
  }

  @Test func `Columns of a table may be called by the labels of their fields`() throws {
    let table = """
      Kennung im Quellsystem;Name;Straße und Hausnummer;Postleitzahl;Telefon;Sprachen
      k1;Kita;Am Markt 1;58553;0221 4710-001;Deutsch | tr
      """
    var bytes: [UInt8]? = Array(table.utf8)
    var reader = try CSVRows(defaultKind: Schema.directory.kind(named: "organization")) {
      defer { bytes = nil }
      return bytes
    }
    let row = try #require(try reader.next())
    #expect(row.externalID == "k1")
    #expect(text(row, "street") == "Am Markt 1")
    #expect(text(row, "phone") == "0221 4710-001")
    #expect(text(row, "languages") == "de|tr")
  }
}
