// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct OfficeHoursTests {
  private static let tuesdays = [
    "rrule": "FREQ=WEEKLY;BYDAY=TU", "opens_at": "09:00", "closes_at": "11:30",
  ]

  private func hours(_ values: [String: String], _ others: [String: String] = [:]) throws
    -> OfficeHours
  {
    try #require(OfficeHours(values.merging(others) { $1 }) { _ in 3_600 })
  }

  private func day(_ text: String) throws -> CivilDate { try #require(CivilDate(text)) }

  /// `2026-11-24 9:30`
  private func time(_ text: String) throws -> LocalTime {
    let words = text.split(separator: " ").map(String.init)
    let clock = words[1].split(separator: ":").compactMap { Int($0) }
    return LocalTime(try day(words[0]), minute: clock[0] * 60 + clock[1])
  }

  private func next(
    _ hours: OfficeHours, _ now: String, except holidays: SchoolHolidays = SchoolHolidays([])
  ) throws -> String? {
    hours.next(at: try time(now), except: holidays).map { hours.text(of: $0) }
  }

  private func dates(_ hours: OfficeHours, _ first: String, _ last: String) throws -> [String] {
    hours.dates(in: try day(first)...day(last)).map(\.description)
  }

  @Test func `the next opening is today's until it is over`() throws {
    let hours = try hours(Self.tuesdays)
    #expect(try next(hours, "2026-11-22 12:00") == "Dienstag, 24.11.2026, 9:00-11:30 Uhr")
    #expect(try next(hours, "2026-11-24 08:59") == "Dienstag, 24.11.2026, 9:00-11:30 Uhr")
    #expect(try next(hours, "2026-11-24 09:00") == "Dienstag, 24.11.2026, 9:00-11:30 Uhr (jetzt)")
    #expect(try next(hours, "2026-11-24 11:29") == "Dienstag, 24.11.2026, 9:00-11:30 Uhr (jetzt)")
    #expect(try next(hours, "2026-11-24 11:30") == "Dienstag, 1.12.2026, 9:00-11:30 Uhr")
  }

  @Test func `without an end the next opening is over when it begins, without times with the day`()
    throws
  {
    let start = try hours(["rrule": "FREQ=WEEKLY;BYDAY=TU", "opens_at": "09:00"])
    #expect(try next(start, "2026-11-24 08:59") == "Dienstag, 24.11.2026, ab 9:00 Uhr")
    #expect(try next(start, "2026-11-24 09:00") == "Dienstag, 1.12.2026, ab 9:00 Uhr")
    let day = try hours(["rrule": "FREQ=WEEKLY;BYDAY=TU"])
    #expect(try next(day, "2026-11-24 23:59") == "Dienstag, 24.11.2026")
  }

  @Test func `what is held day and night is held in the last minute of a day too`() throws {
    let always = try hours([
      "rrule": "FREQ=DAILY", "dtstart": "2026-01-05", "opens_at": "00:00", "closes_at": "23:59",
    ])
    for clock in ["00:00", "12:00", "23:58", "23:59"] {
      let opening = try next(always, "2026-11-22 " + clock)
      #expect(opening == "Sonntag, 22.11.2026, 0:00-23:59 Uhr (jetzt)")
    }
  }

  @Test func `the next opening in odd weeks follows the one of week 53`() throws {
    let odd = try hours([
      "rrule":
        "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,"
        + "43,45,47,49,51,53;BYDAY=TU", "dtstart": "2026-01-01", "opens_at": "09:00",
      "closes_at": "11:30",
    ])
    #expect(try next(odd, "2026-12-16 12:00") == "Dienstag, 29.12.2026, 9:00-11:30 Uhr")
    #expect(try next(odd, "2026-12-29 12:00") == "Dienstag, 5.1.2027, 9:00-11:30 Uhr")
  }

  @Test func `exceptions and the period of validity leave days out`() throws {
    let limits = [
      "exdates": "2026-12-22,2026-12-29", "dtstart": "2026-01-06", "valid_from": "2026-12-10",
      "valid_to": "2027-01-12",
    ]
    let hours = try hours(Self.tuesdays, limits)
    #expect(
      try dates(hours, "2026-11-01", "2027-12-31") == ["2026-12-15", "2027-01-05", "2027-01-12"])
    #expect(try next(hours, "2026-12-15 12:00") == "Dienstag, 5.1.2027, 9:00-11:30 Uhr")
    #expect(try next(hours, "2027-01-12 11:30") == nil)
  }

  @Test func `an exception uses up one of the days that are counted`() throws {
    let rule = ["rrule": "FREQ=WEEKLY;COUNT=3;BYDAY=TU", "dtstart": "2026-12-01"]
    let hours = try hours(rule, ["exdates": "2026-12-08"])
    #expect(try dates(hours, "2026-01-01", "2027-12-31") == ["2026-12-01", "2026-12-15"])
  }

  @Test func `school holidays that are known are left out, and others are said to be possible`()
    throws
  {
    let hours = try hours(Self.tuesdays, ["closed_in_school_holidays": "true"])
    let holidays = SchoolHolidays([
      try day("2026-10-17")...day("2026-10-31"), try day("2026-12-23")...day("2027-01-06"),
    ])
    #expect(
      try next(hours, "2026-10-14 12:00", except: holidays)
        == "Dienstag, 3.11.2026, 9:00-11:30 Uhr")
    #expect(
      try next(hours, "2026-12-22 12:00", except: holidays)
        == "Dienstag, 12.1.2027, 9:00-11:30 Uhr (sofern keine Schulferien sind)")
    #expect(
      try next(hours, "2026-10-14 12:00")
        == "Dienstag, 20.10.2026, 9:00-11:30 Uhr (sofern keine Schulferien sind)")
    #expect(try hours.next(at: time("2026-10-14 12:00"))?.isUncertain == true)
    let always = try self.hours(Self.tuesdays)
    #expect(
      try next(always, "2026-10-14 12:00", except: holidays)
        == "Dienstag, 20.10.2026, 9:00-11:30 Uhr")
  }

  @Test func `a schedule without a rule is held once`() throws {
    let once = try hours(["dtstart": "2026-11-24", "opens_at": "09:00", "closes_at": "11:30"])
    #expect(try next(once, "2026-11-22 12:00") == "Dienstag, 24.11.2026, 9:00-11:30 Uhr")
    #expect(try next(once, "2026-11-24 11:30") == nil)
    #expect(try next(hours(["opens_at": "09:00"]), "2026-11-22 12:00") == nil)
  }

  @Test func `a rule that counts from a first day has no days without one`() throws {
    let rule = ["rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"]
    #expect(try dates(hours(rule), "2026-01-01", "2026-12-31") == [])
    #expect(
      try dates(hours(rule, ["valid_from": "2026-12-02"]), "2026-12-01", "2026-12-31")
        == ["2026-12-15", "2026-12-29"])
  }

  @Test(arguments: [
    // The last of these Tuesdays is 29 December 2026, 9:00 here, 8:00 in UTC.
    ("20261229", true), ("20261228", false), ("20261229T090000", true),
    ("20261229T085900", false), ("20261229T080000Z", true), ("20261229T075900Z", false),
    ("20261228T230000Z", false),
  ])
  func `a rule ends at the moment that UNTIL names`(until: String, isIncluded: Bool) throws {
    let hours = try hours(Self.tuesdays, ["rrule": "FREQ=WEEKLY;UNTIL=\(until);BYDAY=TU"])
    #expect(
      try dates(hours, "2026-12-22", "2027-02-01")
        == ["2026-12-22"] + (isIncluded ? ["2026-12-29"] : []))
  }

  @Test func `the offset of the zone is asked for at the moment of UNTIL`() throws {
    var asked: [Int] = []
    _ = OfficeHours(["rrule": "FREQ=WEEKLY;UNTIL=20261229T080000Z;BYDAY=TU"]) {
      asked.append($0)
      return 3_600
    }
    #expect(asked == [1_798_531_200])
  }

  @Test func `what another version wrote is not guessed at`() {
    #expect(OfficeHours(["rrule": "FREQ=HOURLY"]) { _ in 0 } == nil)
    #expect(OfficeHours(["rrule": "FREQ=WEEKLY;BYHOUR=9;BYDAY=TU"]) { _ in 0 } == nil)
  }

  @Test(arguments: [
    ("FREQ=WEEKLY;BYDAY=TU;BYHOUR=9", "sie gehören in opens_at und closes_at"),
    ("FREQ=WEEKLY;BYWEEKNO=1;BYDAY=TU", "das geht nur mit FREQ=YEARLY"),
    ("FREQ=YEARLY;BYWEEKNO=1,3", "ohne Wochentage (Beispiel: BYWEEKNO=1,3,5;BYDAY=TU)"),
    ("FREQ=MONTHLY;BYYEARDAY=1", "das geht nur mit FREQ=YEARLY"),
    ("FREQ=WEEKLY;BYMONTHDAY=1", "das geht nicht mit FREQ=WEEKLY"),
    ("FREQ=WEEKLY;BYDAY=-1MO", "das geht nur mit FREQ=MONTHLY oder FREQ=YEARLY"),
    ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "und ohne BYWEEKNO"),
    ("FREQ=MONTHLY;BYSETPOS=1", "sagt aber nicht, woraus"),
    ("FREQ=WEEKLY;UNTIL=20261231T250000", "ist keine Wiederholungsregel"),
    ("FREQ=HOURLY", "ist keine Wiederholungsregel"),
  ])
  func `a rule that cannot be is refused with what to write instead`(rule: String, reason: String)
    throws
  {
    let field = try Schema.directory.kind(named: "schedule").field(named: "rrule")
    let error = try #require(throws: InvalidValue.self) { try field.validate(rule) }
    #expect(error.reason.contains(reason), "\(error)")
  }

  @Test func `a new schedule that is counted from its first day must have one`() throws {
    let kind = try Schema.directory.kind(named: "schedule")
    func problems(_ values: [String: String?], isNew: Bool) throws -> [String] {
      kind.problems(
        in: try values.map { FieldValue(try kind.field(named: $0.key), $0.value) }, isNew: isNew
      ).map(\.description)
    }
    let rule: [String: String?] = ["rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"]
    let sentence =
      "rrule: „FREQ=WEEKLY;INTERVAL=2;BYDAY=TU“ zählt von einem ersten Termin an; er fehlt (dtstart)."
    #expect(try problems(rule, isNew: true) == [sentence])
    #expect(try problems(rule.merging(["dtstart": "2026-01-06"]) { $1 }, isNew: true) == [])
    #expect(try problems(rule.merging(["valid_from": "2026-01-06"]) { $1 }, isNew: true) == [])
    #expect(try problems(rule, isNew: false) == [])
    #expect(
      try problems(rule.merging(["dtstart": String?.none]) { $1 }, isNew: false) == [sentence])
    #expect(try problems(["rrule": "FREQ=WEEKLY;BYDAY=TU"], isNew: true) == [])
  }
}
