// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

/// Recurrence rules against python-dateutil, every day from 2018 to 2040.
struct RecurrenceDatesTests {
  private static let range = day("2018-01-01")...day("2040-12-31")

  private static func day(_ text: String) -> CivilDate {
    CivilDate(text) ?? CivilDate(dayNumber: 0)
  }

  private static func dates(
    _ rule: String, from start: String, in range: ClosedRange<CivilDate> = range
  ) throws -> [CivilDate] {
    let hours = try #require(OfficeHours(["rrule": rule, "dtstart": start]) { _ in 0 })
    return hours.dates(in: range)
  }

  @Test func `all days of all rules are those of python-dateutil`() throws {
    let expectations = try KnownDates.fixture()
    try #require(expectations.count > 150)
    var days = 0
    for expected in expectations {
      let found = try Self.dates(expected.rule, from: expected.start.description)
      if found != expected.dates {
        let differing = Set(found).symmetricDifference(expected.dates).sorted().prefix(5)
        Issue.record(
          "\(expected.rule) from \(expected.start): \(found.count) days instead of \(expected.dates.count), first \(differing)"
        )
      }
      days += found.count
    }
    #expect(days > 150_000)
  }

  @Test func `a part of the range has the same days as the whole`() throws {
    for expected in try KnownDates.fixture() {
      for first in stride(from: Self.range.lowerBound.dayNumber, to: 25_900, by: 1_213) {
        let part = CivilDate(dayNumber: first)...CivilDate(dayNumber: first + 90)
        #expect(
          try Self.dates(expected.rule, from: expected.start.description, in: part)
            == expected.dates.filter(part.contains), "\(expected.rule) in \(part)")
      }
    }
  }

  @Test func `odd weeks follow each other where a year has 53, and every second week drifts`()
    throws
  {
    let odd =
      "FREQ=YEARLY;WKST=MO;BYWEEKNO=\((0...26).map { "\($0 * 2 + 1)" }.joined(separator: ","));BYDAY=TU"
    let even =
      "FREQ=YEARLY;WKST=MO;BYWEEKNO=\((1...26).map { "\($0 * 2)" }.joined(separator: ","));BYDAY=TU"
    for (last, next) in [
      ("2020-12-29", "2021-01-05"), ("2026-12-29", "2027-01-05"), ("2032-12-28", "2033-01-04"),
      ("2037-12-29", "2038-01-05"),
    ] {
      let turn = Self.day(last)...Self.day(next)
      #expect(try Self.dates(odd, from: "2018-01-02", in: turn).map(\.description) == [last, next])
      #expect(try Self.dates(even, from: "2018-01-02", in: turn) == [])
    }
    let drifting = try Self.dates("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", from: "2018-01-02")
    let faithful = try Self.dates(odd, from: "2018-01-02")
    #expect(drifting.prefix(79) == faithful.prefix(79))
    #expect(!drifting.contains(Self.day("2021-01-05")) && faithful.contains(Self.day("2021-01-05")))
  }

  @Test func `every day of four hundred years has its place in calendar, week and year`() {
    var previous = CivilDate(year: 1799, month: 12, day: 31)
    #expect(previous.weekday == .tuesday)
    for number in (previous.dayNumber + 1)...CivilDate(year: 2200, month: 1, day: 1).dayNumber {
      let date = CivilDate(dayNumber: number)
      let (year, month, day) = date.parts
      let before = previous.parts
      if day == 1 {
        #expect([28, 29, 30, 31].contains(before.day) && (month == 1) == (before.month == 12))
        #expect(
          before.month != 2
            || (before.day == 29) == (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
      } else {
        #expect((year, month, day) == (before.year, before.month, before.day + 1))
      }
      #expect(CivilDate(year: year, month: month, day: day) == date)
      #expect((previous.weekday.rawValue + 1) % 7 == date.weekday.rawValue)
      previous = date
    }
    #expect(CivilDate(year: 1970, month: 1, day: 1).dayNumber == 0)
    #expect(CivilDate("2024-02-29")?.adding(days: 366).description == "2025-03-01")
    #expect(CivilDate("2023-02-29") == nil)
    #expect(CivilDate("1.3.2024") == nil)
  }

  @Test func `weekdays with and without an ordinal in one rule are all meant`() throws {
    let march = Self.day("2026-03-01")...Self.day("2026-03-31")
    #expect(
      try Self.dates("FREQ=MONTHLY;BYDAY=MO,-1FR", from: "2026-01-01", in: march).map(\.description)
        == ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-27", "2026-03-30"])
  }

  @Test func `the first week of a rule is chosen from as a whole`() throws {
    // Wednesday 7 January: Tuesday, the first of that week's days, lies before the first day.
    let january = Self.day("2026-01-05")...Self.day("2026-01-14")
    #expect(
      try Self.dates("FREQ=WEEKLY;BYDAY=TU,TH;BYSETPOS=1", from: "2026-01-07", in: january)
        .map(\.description) == ["2026-01-13"])
  }

  @Test func `a rule that never fits ends`() throws {
    #expect(
      try Self.dates(
        "FREQ=DAILY;COUNT=9999;BYMONTH=2;BYMONTHDAY=30", from: "1000-01-01") == [])
    #expect(
      try Self.dates("FREQ=YEARLY;INTERVAL=9999;BYMONTH=2;BYMONTHDAY=30", from: "9999-01-01") == [])
  }
}
