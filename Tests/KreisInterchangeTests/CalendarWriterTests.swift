// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// Calendars. It is Friday, 15 January 2027, 9:00 in Berlin.
struct CalendarWriterTests {
  private static let now = 1_800_000_000
  private static func weeks(from first: Int) -> String {
    stride(from: first, through: 53, by: 2).map(String.init).joined(separator: ",")
  }

  private func writer(
    _ directory: SampleDirectory, holidays: SchoolHolidays = SchoolHolidays([])
  ) -> CalendarWriter {
    CalendarWriter(source: directory.source, realm: "realm", now: Self.now, holidays: holidays)
  }

  private func event(
    _ kind: String, _ values: KeyValuePairs<String, String>,
    holidays: SchoolHolidays = SchoolHolidays([])
  ) throws -> ExportResult {
    var directory = SampleDirectory()
    try directory.add(kind, 1, values)
    return try writer(directory, holidays: holidays).event(#require(directory[1]))
  }

  private func lines(_ result: ExportResult) throws -> [ReadLine] {
    guard case .written(let bytes) = result else { return [] }
    return try ReadLine.all(bytes)
  }

  private func line(_ result: ExportResult, _ name: String) throws -> String? {
    try lines(result).first { $0.name == name || $0.name.hasPrefix(name + ";") }
      .map { "\($0.name):\($0.value)" }
  }

  @Test func `An office hour in odd weeks is an event with rule, place and registration`() throws {
    var directory = SampleDirectory()
    try directory.add("location", 2, ["name": "Rathaus"])
    try directory.add(
      "address", 3,
      [
        "location_id": "2", "address_1": "Markt 1", "postal_code": "45721",
        "city": "Haltern am See",
      ])
    try directory.add("contact", 4, ["name": "Kinderbeauftragte Person"])
    try directory.add("contact", 5, ["name": "Sekretariat"])
    try directory.add(
      "schedule", 1,
      [
        "rrule": "FREQ=YEARLY;WKST=MO;BYWEEKNO=\(Self.weeks(from: 1));BYDAY=TU",
        "opens_at": "09:00", "closes_at": "11:30", "valid_to": "2027-12-31",
        "exdates": "2027-02-02,2027-02-03", "contact_id": "4", "location_id": "2",
        "room": "Zi. Nr. 2.12", "description": "Elternsprechstunde",
        "registration": "vorher telefonisch", "registration_contact_id": "5",
        "registration_phone": "0221 4710-537", "attending_type": "in_person",
        "schedule_link": "https://example.org/termine",
      ])
    let expected = """
      BEGIN:VEVENT
      UID:00000000-002a-8abc-9def-000000000001@realm
      DTSTAMP:20270115T080000Z
      DTSTART;TZID=Europe/Berlin:20270105T090000
      DTEND;TZID=Europe/Berlin:20270105T113000
      RRULE:FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,
       31,33,35,37,39,41,43,45,47,49,51,53;BYDAY=TU;UNTIL=20271231T225959Z
      EXDATE;TZID=Europe/Berlin:20270202T090000
      SUMMARY:Kinderbeauftragte Person: Elternsprechstunde
      DESCRIPTION:ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr\\, nicht am 2.2
       .2027 und 3.2.2027\\, bis 31.12.2027\\nAnmeldung: vorher telefonisch\\, Sekre
       tariat\\, 0221 4710-537\\nTeilnahme: persönlich
      LOCATION:Rathaus\\, Markt 1\\, 45721 Haltern am See\\, Zi. Nr. 2.12
      URL:https://example.org/termine
      TRANSP:TRANSPARENT
      END:VEVENT

      """
    let result = try writer(directory).event(#require(directory[1]))
    #expect(text(result) == expected.replacing("\n", with: "\r\n"))
  }

  @Test func `A calendar has one definition of the time in Berlin`() throws {
    let writer = writer(SampleDirectory())
    let lines = try ReadLine.all(writer.header() + writer.footer())
    #expect(lines.first == ReadLine(name: "BEGIN", value: "VCALENDAR"))
    #expect(lines.last == ReadLine(name: "END", value: "VCALENDAR"))
    #expect(lines.filter { $0 == ReadLine(name: "BEGIN", value: "VTIMEZONE") }.count == 1)
    #expect(lines.contains(ReadLine(name: "VERSION", value: "2.0")))
    #expect(!lines.contains { $0.name.hasPrefix("X-") })
  }

  @Test func `What an event says are the days that the schedule has`() throws {
    let schedules: [KeyValuePairs<String, String>] = [
      [
        "rrule": "FREQ=YEARLY;WKST=MO;BYWEEKNO=\(Self.weeks(from: 1));BYDAY=TU",
        "opens_at": "09:00",
      ],
      [
        "rrule": "FREQ=YEARLY;WKST=MO;BYWEEKNO=\(Self.weeks(from: 2));BYDAY=TH",
        "closed_in_school_holidays": "true", "valid_from": "2026-11-10",
      ],
      ["rrule": "FREQ=MONTHLY;BYDAY=-1MO", "opens_at": "17:30", "exdates": "2027-05-31"],
      ["rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "dtstart": "2026-12-02"],
      [
        "rrule": "FREQ=WEEKLY;COUNT=20;BYDAY=WE", "dtstart": "2026-12-02", "opens_at": "23:30",
        "valid_from": "2027-01-06", "valid_to": "2027-03-31", "exdates": "2027-01-13",
      ],
      ["rrule": "FREQ=WEEKLY;BYDAY=SU;UNTIL=20270328", "opens_at": "23:30"],
      ["rrule": "FREQ=WEEKLY;BYDAY=SU;UNTIL=20271031T223000Z", "opens_at": "23:30"],
      [
        "rrule": "FREQ=DAILY", "valid_to": "2027-10-31", "opens_at": "23:59",
        "closed_in_school_holidays": "true",
      ],
      ["rrule": "FREQ=MONTHLY", "dtstart": "2026-08-31", "valid_from": "2027-02-01"],
      ["dtstart": "2027-06-05", "opens_at": "10:00", "closes_at": "12:00"],
    ]
    let day = { (text: String) in CivilDate(text) ?? CivilDate(dayNumber: 0) }
    let holidays = SchoolHolidays([
      day("2027-03-22")...day("2027-04-03"), day("2026-12-23")...day("2027-01-06"),
    ])
    for values in schedules {
      let result = try event("schedule", values, holidays: holidays)
      var own: [String: String] = [:]
      for (name, value) in values { own[name] = value }
      let hours = try #require(OfficeHours(own, offset: Self.offset))
      let start = day(own["valid_from"] ?? own["dtstart"] ?? "2027-01-01")
      let range = max(start, day("2026-01-01"))...day("2032-12-31")
      #expect(
        try days(result, in: range) == hours.dates(in: range, except: holidays), "\(values)")
    }
  }

  /// By how many seconds Berlin is ahead of UTC, as the system's time zones say.
  private static func offset(_ seconds: Int) -> Int {
    let zone = TimeZone(identifier: "Europe/Berlin") ?? .gmt
    return zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
  }

  /// The days of an event as a program computes them from DTSTART, RRULE and EXDATE.
  private func days(
    _ result: ExportResult, in range: ClosedRange<CivilDate>
  ) throws -> [CivilDate] {
    let value = { (name: String) in
      try self.lines(result).first { $0.name.hasPrefix(name) }?.value
    }
    let iso = { (text: Substring) in
      "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.dropFirst(6).prefix(2))"
    }
    let start = try #require(try value("DTSTART"))
    var values = ["dtstart": iso(start[...])]
    values["rrule"] = try value("RRULE")
    values["exdates"] = try value("EXDATE")?.split(separator: ",").map(iso).joined(separator: ",")
    if start.contains("T") {
      values["opens_at"] = "\(start.dropFirst(9).prefix(2)):\(start.dropFirst(11).prefix(2))"
    }
    let hours = try #require(OfficeHours(values, offset: Self.offset))
    // Programs count DTSTART in any case.
    let first = try #require(CivilDate(iso(start[...])))
    #expect(hours.dates(in: first...first) == [first] || values["exdates"] != nil)
    return hours.dates(in: range)
  }

  @Test func `A whole day, a beginning alone and an end before the beginning`() throws {
    let day = try event("schedule", ["dtstart": "2027-06-05"])
    #expect(try line(day, "DTSTART") == "DTSTART;VALUE=DATE:20270605")
    #expect(try line(day, "SUMMARY") == "SUMMARY:Öffnungszeit")
    let open = try event("schedule", ["dtstart": "2027-06-05", "opens_at": "10:00"])
    #expect(try line(open, "DTSTART") == "DTSTART;TZID=Europe/Berlin:20270605T100000")
    #expect(try line(open, "DTEND") == nil)
    let backwards = try event(
      "schedule", ["dtstart": "2027-06-05", "opens_at": "10:00", "closes_at": "09:00"])
    #expect(try line(backwards, "DTEND") == nil)
    let weekly = try event("schedule", ["rrule": "FREQ=WEEKLY;BYDAY=MO", "valid_to": "2027-06-30"])
    let daily = try event(
      "schedule", ["rrule": "FREQ=DAILY", "valid_to": "2027-06-30", "opens_at": "00:30"])
    #expect(try line(daily, "RRULE") == "RRULE:FREQ=DAILY;UNTIL=20270630T215959Z")
    #expect(try line(weekly, "RRULE") == "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270630")
  }

  @Test func `A schedule without a day or in another zone is left out, with the reason`() throws {
    #expect(text(try event("schedule", ["opens_at": "09:00"])) == "(it has no day)")
    #expect(
      text(
        try event(
          "schedule", ["rrule": "FREQ=WEEKLY;BYDAY=MO", "timezone": "Europe/London"]))
        == "(its time zone is Europe/London)")
    #expect(
      text(
        try event(
          "schedule",
          [
            "rrule": "FREQ=WEEKLY;BYDAY=MO", "dtstart": "2027-02-01",
            "valid_to": "2027-01-31",
          ])) == "(it has no day)")
  }

  @Test func `A meeting is an event on its day; a partial date is left out`() throws {
    let forum = try event(
      "network_meeting",
      [
        "name": "Jahresforum Kindeswohl", "date": "2027-09-05", "opens_at": "15:30",
        "place": "Ratssaal", "status": "planned", "formats": "plenary|working_groups",
        "agenda": "Begrüßung;\nBerichte, Ausblick",
      ])
    let expected = """
      BEGIN:VEVENT
      UID:00000000-002a-8abc-9def-000000000001@realm
      DTSTAMP:20270115T080000Z
      DTSTART;TZID=Europe/Berlin:20270905T153000
      SUMMARY:Jahresforum Kindeswohl
      DESCRIPTION:Form: Plenum\\, Arbeitsgruppen\\nBegrüßung\\;\\nBerichte\\, Ausbli
       ck
      LOCATION:Ratssaal
      STATUS:TENTATIVE
      END:VEVENT

      """
    #expect(text(forum) == expected.replacing("\n", with: "\r\n"))
    let allDay = try event("network_meeting", ["name": "Treffen", "date": "2014-05-21"])
    #expect(try line(allDay, "DTSTART") == "DTSTART;VALUE=DATE:20140521")
    for date in ["2014", "2014-05", "--09-05"] {
      let partial = try event("network_meeting", ["name": "Treffen", "date": date])
      #expect(text(partial) == "(its date „\(date)“ names no day of a year)")
    }
    #expect(text(try event("network_meeting", ["name": "Treffen"])) == "(it has no date)")
  }

  @Test func `A protected place is in no event`() throws {
    var directory = SampleDirectory()
    try directory.add("location", 2, ["name": "Haus"], isPlaceProtected: true)
    try directory.add(
      "address", 3, ["location_id": "2", "address_1": "Geheimweg 1", "city": "Halver"])
    try directory.add("schedule", 1, ["dtstart": "2027-06-05", "location_id": "2"])
    let result = try writer(directory).event(#require(directory[1]))
    #expect(!text(result).contains("Geheimweg"))
    #expect(try line(result, "LOCATION") == "LOCATION:Haus")
  }

  @Test func `Every text survives escaping and folding`() throws {
    var dice = Dice(11)
    for _ in 0..<500 {
      let drawn = dice.text("a,;:\\nN\"' äß–\n\u{1F476}\u{1F3FD}\u{308}", upTo: 400)
      var directory = SampleDirectory()
      guard
        (try? directory.add(
          "network_meeting", 1, ["name": "x", "date": "2027-01-01", "agenda": drawn])) != nil
      else { continue }
      let result = try writer(directory).event(#require(directory[1]))
      let read = try lines(result).first { $0.name == "DESCRIPTION" }
      #expect(read?.text == directory[1]?["agenda"])
    }
  }
}
