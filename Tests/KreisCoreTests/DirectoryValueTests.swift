// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct DirectoryValueTests {
  /// The canonical text, or `nil` if the type refuses.
  private func canonical(_ type: FieldType, _ raw: String) -> String? {
    try? type.canonical(raw)
  }

  @Test func `text is trimmed and composed`() {
    #expect(canonical(.line, "  Kita Löwenzahn\u{A0} ") == "Kita Löwenzahn")
    #expect(
      canonical(.line, "Kita Lo\u{308}wenzahn").map { Array($0.utf8) }
        == Array("Kita Löwenzahn".utf8))
    #expect(
      canonical(.line, "ange\u{301} – „so“ … 5 €").map { Array($0.utf8) }
        == Array("angé – „so“ … 5 €".utf8))
    #expect(canonical(.line, "\u{212B}").map { Array($0.utf8) } == Array("Å".utf8))
    #expect(canonical(.line, "日本") == "日本")
  }

  @Test(arguments: [
    "", "   ", "\n", "a\u{0}b", "a\tb", "a\nb", "a\u{7F}b", "a\u{85}b", "a\u{202E}b", "a\u{2028}b",
  ])
  func `a line takes neither nothing nor control characters`(raw: String) {
    #expect(canonical(.line, raw) == nil)
  }

  @Test func `long text keeps line ends in one form`() {
    #expect(canonical(.longText, "eins\r\nzwei\rdrei\n\nvier\r\n") == "eins\nzwei\ndrei\n\nvier")
    #expect(canonical(.longText, "a\tb") == nil)
  }

  @Test func `the limits of text count bytes`() {
    #expect(canonical(.line, String(repeating: "ä", count: 250)) != nil)
    #expect(canonical(.line, String(repeating: "ä", count: 250) + "a") == nil)
    #expect(canonical(.longText, String(repeating: "a", count: 16_384)) != nil)
    #expect(canonical(.longText, String(repeating: "a", count: 16_385)) == nil)
  }

  @Test(arguments: [
    ("007", "7"), ("+5", "5"), ("0", "0"), ("120", "120"), ("121", nil), ("-1", nil), ("1.0", nil),
    ("1e2", nil), ("٣", nil), ("99999999999999999999999", nil),
  ])
  func `integers have no leading zeros and keep their range`(raw: String, expected: String?) {
    #expect(canonical(.integer(0...120), raw) == expected)
  }

  @Test(arguments: [
    ("418", "418"), ("12,50", "12.5"), ("-0.0", "0"), ("007.10", "7.1"), ("-3.25", "-3.25"),
    (".5", nil),
    ("1.", nil), ("1.2.3", nil), ("1e5", nil), ("1234567890123", nil), ("0.1234567891", nil),
    ("0.100000000000", "0.1"),
  ])
  func `decimals have one spelling`(raw: String, expected: String?) {
    #expect(canonical(.decimal, raw) == expected)
  }

  @Test func `degrees stay on the globe`() {
    #expect(canonical(.latitude, "51.33") == "51.33")
    #expect(canonical(.latitude, "90.1") == nil)
    #expect(canonical(.longitude, "-180") == "-180")
    #expect(canonical(.longitude, "180.000001") == nil)
  }

  @Test func `truth is read in German and English`() {
    #expect(
      ["ja", "TRUE", "1", "wahr"].map { canonical(.boolean, $0) }
        == Array(repeating: "true", count: 4))
    #expect(
      ["Nein", "false", "0"].map { canonical(.boolean, $0) } == Array(repeating: "false", count: 3))
    #expect(canonical(.boolean, "vielleicht") == nil)
  }

  @Test(arguments: [
    ("2014", "2014"), ("2014-05", "2014-05"), ("2014-05-21", "2014-05-21"), ("--09-05", "--09-05"),
    ("21.5.2014", "2014-05-21"), ("31. 12. 2026", "2026-12-31"), ("5.2014", "2014-05"),
    ("5.9.", "--09-05"),
    ("--02-29", "--02-29"), ("2024-02-29", "2024-02-29"), ("2023-02-29", nil), ("1900-02-29", nil),
    ("2014-13", nil),
    ("2014-5", nil), ("14", nil), ("2014-05-32", nil), ("2014-05-00", nil), ("2014-05-21-01", nil),
    ("--09", nil), ("1.2.3.4", nil), (".", nil), ("..", nil), ("", nil), ("-", nil), ("--", nil),
  ])
  func `dates may be partial, but must exist`(raw: String, expected: String?) {
    #expect(canonical(.partialDate, raw) == expected)
  }

  @Test func `a full date needs year, month and day`() {
    #expect(canonical(.date, "31.12.2026") == "2026-12-31")
    #expect(canonical(.date, "2026-12") == nil)
    #expect(canonical(.date, "--12-31") == nil)
  }

  @Test func `lists of days are sorted and without repetition`() {
    #expect(canonical(.dates, "2026-12-31, 24.12.2026,2026-12-31") == "2026-12-24,2026-12-31")
    #expect(canonical(.dates, "2026-12-31,") == nil)
  }

  @Test(arguments: [
    ("9:00", "09:00"), ("09.30 Uhr", "09:30"), ("23:59", "23:59"), ("24:00", nil), ("9", nil),
    ("9:5", nil), ("12:60", nil), ("009:00", nil),
  ])
  func `times have two digits each`(raw: String, expected: String?) {
    #expect(canonical(.time, raw) == expected)
  }

  @Test func `instants are in UTC`() {
    #expect(canonical(.timestamp, "2026-05-21T14:00:00Z") != nil)
    #expect(canonical(.timestamp, "2026-05-21T14:00:00+02:00") == nil)
    #expect(canonical(.timestamp, "2026-05-21T14:00:61Z") == nil)
    #expect(canonical(.timestamp, "2026-02-30T14:00:00Z") == nil)
    #expect(canonical(.timestamp, "2026-05-21T25:00:00Z") == nil)
  }

  @Test(arguments: [
    "0221 / 4710 244", "0221/4710392", "(02 21) 4710 442", "+49 221 4710-000", "112",
  ])
  func `telephone numbers stay as typed`(raw: String) {
    #expect(canonical(.phone, raw) == raw)
  }

  @Test(arguments: ["12", "0221 4710 App. 5", "--/--", "Anna", String(repeating: "1", count: 41)])
  func `what is no telephone number is refused`(raw: String) {
    #expect(canonical(.phone, raw) == nil)
  }

  @Test func `international numbers have a plus and digits`() {
    #expect(canonical(.e164, "+492214710244") == "+492214710244")
    #expect(canonical(.e164, "02214710244") == nil)
    #expect(canonical(.e164, "+0221471024") == nil)
    #expect(canonical(.e164, "+4922147102440000") == nil)
  }

  @Test func `e-mail addresses have a name and a domain`() {
    #expect(canonical(.email, "kita.loewenzahn@example.org") != nil)
    #expect(canonical(.email, "büro@straße.example") != nil)
    for raw in [
      "info", "a@b", "@example.org", "a@.example", "a@b..example", "a b@example.org",
      "a@b@example.org", "a@example.org,b@example.org", "x@example.org>",
    ] {
      #expect(canonical(.email, raw) == nil, "\(raw)")
    }
  }

  @Test func `internet addresses are http or https and carry no password`() {
    #expect(
      canonical(.url, "HTTPS://www.example.org/Kita?x=1") == "https://www.example.org/Kita?x=1")
    for raw in [
      "www.example.org", "javascript:alert(1)", "https://", "https:///x", "https://a@example.org",
      "https://exa mple.org", "ftp://example.org", "https://example.org/\"x",
    ] {
      #expect(canonical(.url, raw) == nil, "\(raw)")
    }
  }

  @Test func `codes have their form`() {
    #expect(canonical(.language, "de-AT") == "de-at")
    #expect(canonical(.language, "Deutsch") == nil)
    #expect(canonical(.language, "de-") == nil)
    #expect(["05", "059", "05962", "05962012"].allSatisfy { canonical(.ags, $0) == $0 })
    #expect(["5", "0596", "0596201", "05962o12"].allSatisfy { canonical(.ags, $0) == nil })
    #expect(canonical(.term, "fruehe-hilfen_2") == "fruehe-hilfen_2")
    #expect(
      ["Frühe", "-a", "a b", "A", String(repeating: "a", count: 129)].allSatisfy {
        canonical(.term, $0) == nil
      })
    #expect(canonical(.timezone, "Europe/Berlin") == "Europe/Berlin")
    #expect(canonical(.timezone, "Europe/Isle_of_Man") != nil)
    #expect(
      ["CET", "europe/berlin", "Europe/", "/Berlin", "a/b/c/d"].allSatisfy {
        canonical(.timezone, $0) == nil
      })
  }

  @Test func `references are full ids in lower case`() {
    let id = "00000000002a-8abc-9def-0123456789ab"
    let text = "00000000-002A-8ABC-9DEF-0123456789AB"
    #expect(canonical(.reference(["organization"]), text) == text.lowercased())
    #expect(canonical(.reference([]), id) == nil)
    #expect(canonical(.reference([]), "4711") == nil)
  }

  @Test(arguments: [
    ("FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=WEEKLY;BYDAY=TU,TH"),
    (
      "rrule:byday=tu;byweekno=1,3,53;wkst=mo;freq=yearly",
      "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,53;BYDAY=TU"
    ),
    ("FREQ=MONTHLY;BYDAY=-1MO", "FREQ=MONTHLY;BYDAY=-1MO"),
    ("FREQ=WEEKLY;UNTIL=20261231T235959Z", "FREQ=WEEKLY;UNTIL=20261231T235959Z"),
    ("BYDAY=TU", nil), ("FREQ=HOURLY", nil), ("FREQ=WEEKLY;BYDAY=DI", nil), ("FREQ=WEEKLY;", nil),
    ("FREQ=WEEKLY;FREQ=DAILY", nil), ("FREQ=WEEKLY;UNTIL=20260230", nil),
    ("FREQ=WEEKLY;COUNT=3;UNTIL=20261231", nil),
    ("FREQ=YEARLY;BYWEEKNO=54", nil), ("FREQ=WEEKLY;INTERVAL=0", nil), ("FREQ=WEEKLY;X=1", nil),
    ("FREQ=WEEKLY;BYWEEKNO=--3", nil),
  ])
  func `recurrence rules have one order and only known parts`(raw: String, expected: String?) {
    #expect(canonical(.rrule, raw) == expected)
  }

  @Test func `a vocabulary takes its keys and their labels`() throws {
    let access = try Schema.directory.kind(named: "service").field(named: "access")
    #expect(try access.validate("voluntary") == "voluntary")
    #expect(try access.validate(" Freiwillig ") == "voluntary")
    #expect(access.display("voluntary") == "freiwillig")
    let error = try #require(throws: InvalidValue.self) { try access.validate("bald") }
    #expect(
      error.description.hasPrefix(
        "access: „bald“ ist nicht vorgesehen; erlaubt: voluntary (freiwillig), "))
  }

  @Test func `an error names the field, what was given and what is allowed`() throws {
    let age = try Schema.directory.kind(named: "organization").field(named: "minimum_age")
    let error = try #require(throws: InvalidValue.self) { try age.validate("abc") }
    #expect(
      error.description == "minimum_age: „abc“ ist keine ganze Zahl zwischen 0 und 120.")
    let long = try #require(throws: InvalidValue.self) {
      try age.validate(String(repeating: "9\u{7}", count: 200))
    }
    #expect(long.description.utf8.count < 400)
    #expect(!long.description.unicodeScalars.contains("\u{7}"))
  }

  @Test func `what is canonical stays as it is`() throws {
    let samples: [(FieldType, String)] = [
      (.line, " a\u{308} "), (.longText, "a\r\nb"), (.integer(0...9), "07"), (.decimal, "1,50"),
      (.boolean, "ja"), (.partialDate, "5.9."), (.time, "9.00 Uhr"), (.url, "HTTP://example.org"),
      (.language, "DE"), (.rrule, "byday=mo;freq=weekly"), (.dates, "2.1.2026,1.1.2026"),
    ]
    for (type, raw) in samples {
      let once = try type.canonical(raw)
      #expect(try Array(type.canonical(once).utf8) == Array(once.utf8))
    }
  }
}
