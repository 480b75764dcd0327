// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import Testing

/// Tables for Excel, and that they are read back.
struct DirectoryTableTests {
  private let organization: RecordKind

  init() throws { organization = try Schema.directory.kind(named: "organization") }

  private func row(
    _ kind: RecordKind, _ values: KeyValuePairs<String, String>, at scope: ScopeKind? = nil
  ) throws -> DirectoryRow {
    let entries = try values.map { name, text -> DirectoryRow.Entry in
      let field = try kind.field(named: name)
      let edit: FieldEdit =
        field.isSet
        ? .elements(text.split(separator: "|").map { .text(String($0)) }) : .set(.text(text))
      return DirectoryRow.Entry(field, edit, scope: scope)
    }
    return DirectoryRow(line: 0, kind: kind, id: SampleDirectory.id(7), values: entries)
  }

  private func table(_ kind: RecordKind, _ rows: [DirectoryRow]) -> [UInt8] {
    let used = Set(rows.flatMap(\.values).map { DirectoryTable.Column($0.field, $0.scope) })
    let table = DirectoryTable(kind: kind, scopes: [], used: used)
    return table.header() + rows.flatMap(table.line)
  }

  /// What the import makes of a table: the values by their columns.
  private func read(_ bytes: [UInt8], _ kind: RecordKind) throws -> [[String: String]] {
    var rows = try CSVRows(defaultKind: kind, read: chunks(bytes))
    var result: [[String: String]] = []
    while let row = try rows.next() { result.append(values(row)) }
    return result
  }

  private func values(_ row: DirectoryRow) -> [String: String] {
    var out = ["id": row.id ?? ""]
    for entry in row.values {
      let key = "\(entry.field.name)@\(entry.scope)"
      switch entry.edit {
      case .set(let value): out[key] = value.text
      case .elements(let elements): out[key] = elements.map(\.text).joined(separator: "|")
      case .withdraw: out[key] = nil
      }
    }
    return out
  }

  @Test func `A table has a mark, German labels, semicolons and CRLF`() throws {
    let row = try row(
      organization,
      [
        "name": "Kita \"Löwenzahn\"; Halver", "description": "Zwei\nZeilen",
        "phone": "0221 / 4710 244", "minimum_age": "0", "carrier": "free",
        "sectors": "education|youth_welfare", "single_person": "false",
        "assured_date": "2026-03-01",
      ])
    let phone = try self.row(organization, ["phone": "0221 4710-316"], at: .kreis)
    let merged = DirectoryRow(
      line: 0, kind: organization, id: row.id, values: row.values + phone.values)
    let bytes = table(organization, [merged])
    #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]))
    #expect(
      String(decoding: bytes.dropFirst(3), as: UTF8.self)
        == "Kennung [id];Zuletzt bestätigt am [assured_date];Name [name];"
        + "Beschreibung [description];Telefon (Zentrale) [phone];"
        + "\"Telefon (Zentrale), Netzwerkpartner [phone@kreis]\";Alter von (Jahre) [minimum_age];"
        + "Trägerart [carrier];Bereiche [sectors];Einzelperson [single_person]\r\n"
        + "00000000-002a-8abc-9def-000000000007;01.03.2026;\"Kita \"\"Löwenzahn\"\"; Halver\";"
        + "\"Zwei\nZeilen\";0221 / 4710 244;0221 4710-316;0;freier Träger;"
        + "Bildung | Kinder- und Jugendhilfe;nein\r\n")
    #expect(try read(bytes, organization) == [values(merged)])
  }

  @Test(arguments: [
    ("=HYPERLINK(\"http://example.org\")", "'=HYPERLINK"), ("+1-2", "'+1-2"), ("-1", "'-1"),
    ("@SUM(1)", "'@SUM"), ("＝1+1", "'＝1+1"), ("'=1", "''=1"), ("'s Haus", "'s Haus"),
    ("Haus 2", "Haus 2"), ("2-12", "'2-12"), ("02/2014", "'02/2014"), ("1.5.26", "'1.5.26"),
    ("2E3", "'2E3"), ("007", "'007"), ("7", "7"), ("123456789012", "'123456789012"),
    ("12-", "'12-"), ("E3", "E3"), ("12345-1", "12345-1"),
  ])
  func `A cell that a spreadsheet would compute or change gets an apostrophe, and loses it`(
    name: String, cell: String
  ) throws {
    let row = try row(organization, ["name": name])
    let bytes = table(organization, [row])
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")[1]
    let written = line.split(separator: ";", maxSplits: 1)[1]
    #expect(written.hasPrefix(cell) || written.hasPrefix("\"" + cell), "\(written)")
    #expect(try read(bytes, organization) == [values(row)])
  }

  @Test func `Numbers, dates and telephone numbers are written as Excel shows them`() throws {
    let cases: [(String, String, String, String)] = [
      ("phone", "number_e164", "+492214710244", "'+492214710244"),
      ("phone", "number", "+49 221 4710-244", "'+49 221 4710-244"),
      ("phone", "number", "0221 4710-244", "0221 4710-244"),
      ("phone", "number", "02214710244", "'02214710244"),
      ("municipality", "ags", "05962012", "'05962012"),
      ("location", "latitude", "51.18", "51,18"), ("location", "longitude", "-7.5", "-7,5"),
      ("indicator", "value", "-418.5", "-418,5"), ("schedule", "opens_at", "09:00", "09:00"),
      ("network_meeting", "date", "2014-05-21", "21.05.2014"),
      ("network_meeting", "date", "2014-05", "'2014-05"),
      ("network_meeting", "date", "2014", "2014"),
      ("network_meeting", "date", "--09-05", "'--09-05"),
      ("schedule", "exdates", "2026-12-24,2026-12-31", "2026-12-24,2026-12-31"),
    ]
    for (kind, field, value, cell) in cases {
      let kind = try Schema.directory.kind(named: kind)
      let row = try row(kind, [field: value])
      let bytes = table(kind, [row])
      let line = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")[1]
      #expect(line.split(separator: ";")[1].filter { $0 != "\"" } == cell)
      #expect(try read(bytes, kind) == [values(row)])
    }
  }

  @Test func `Whatever text a field holds is read back`() throws {
    var dice = Dice(41)
    let name = try organization.field(named: "name")
    let description = try organization.field(named: "description")
    var rows: [DirectoryRow] = []
    while rows.count < 1_000 {
      let texts = [
        dice.text("=+-@'\"; ,.|/:[]0123Eeäß", upTo: 8),
        dice.text("=+-@'\"; ,\n\u{E4}\u{1F476}x|", upTo: 30),
      ]
      guard let first = try? name.validate(texts[0]),
        let second = try? description.validate(texts[1])
      else { continue }
      rows.append(try row(organization, ["name": first, "description": second]))
    }
    #expect(try read(table(organization, rows), organization) == rows.map(values))
  }

  @Test func `The columns of the fields' own scopes are always there`() throws {
    let contact = try Schema.directory.kind(named: "contact")
    let table = DirectoryTable(kind: contact, scopes: [.public, .kreis], used: [])
    let header = String(decoding: table.header(), as: UTF8.self)
    #expect(header.contains("Telefon (Durchwahl) [phone]"))
    #expect(!header.contains("mobile") && !header.contains("memo"))
  }
}
