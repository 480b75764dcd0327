// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

/// Office hours in German.
struct HoursTextTests {
  private static let odd =
    "FREQ=YEARLY;WKST=MO;BYWEEKNO=1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,"
    + "47,49,51,53;BYDAY="
  private static let even =
    "FREQ=YEARLY;WKST=MO;BYWEEKNO=2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,"
    + "46,48,50,52;BYDAY="

  /// The text on 22 November 2026.
  private func text(
    _ rule: String?, _ times: String = "09:00-11:30", _ others: [String: String] = [:]
  ) throws -> String {
    var values = others
    values["rrule"] = rule
    let clock = times.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    if clock.count == 2 {
      if !clock[0].isEmpty { values["opens_at"] = clock[0] }
      if !clock[1].isEmpty { values["closes_at"] = clock[1] }
    }
    let hours = try #require(OfficeHours(values) { _ in 3_600 })
    return hours.text(on: try #require(CivilDate("2026-11-22")))
  }

  @Test(arguments: [
    (odd + "TU", "ungerade Kalenderwochen: Dienstag"),
    (even + "TH", "gerade Kalenderwochen: Donnerstag"),
    (odd + "MO,TU,WE,FR", "ungerade Kalenderwochen: Montag bis Mittwoch und Freitag"),
    ("FREQ=YEARLY;BYWEEKNO=1,5,9;BYDAY=TU", "Kalenderwochen 1, 5 und 9: Dienstag"),
    ("FREQ=YEARLY;BYWEEKNO=40;BYDAY=TU", "Kalenderwoche 40: Dienstag"),
    ("FREQ=WEEKLY;BYDAY=TU", "Dienstag"),
    ("FREQ=WEEKLY;BYDAY=FR,MO,WE", "Montag, Mittwoch und Freitag"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Montag bis Freitag"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,TH,FR", "Montag, Dienstag, Donnerstag und Freitag"),
    ("FREQ=WEEKLY;BYDAY=SU,SA,FR,TH,WE,TU,MO", "täglich"),
    ("FREQ=DAILY", "täglich"),
    ("FREQ=MONTHLY;BYDAY=-1MO", "jeden letzten Montag im Monat"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "jeden letzten Montag im Monat"),
    ("FREQ=MONTHLY;BYDAY=3MO,1MO", "jeden ersten und dritten Montag im Monat"),
    (
      "FREQ=MONTHLY;BYDAY=1MO,-2FR",
      "jeden ersten Montag und jeden vorletzten Freitag im Monat"
    ),
    ("FREQ=MONTHLY;BYDAY=MO,-1FR", "jeden Montag und jeden letzten Freitag im Monat"),
    (
      "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
      "jeden ersten Werktag (Montag bis Freitag) im Monat"
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=1,15", "am 1. und 15. jedes Monats"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "am letzten Tag jedes Monats"),
    ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", "am 24. Dezember"),
    ("FREQ=YEARLY;BYMONTH=6;BYDAY=-1SA", "jeden letzten Samstag im Juni"),
    ("FREQ=YEARLY;BYDAY=20MO", "jeden 20. Montag im Jahr"),
    (
      "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
      "an den Tagen, auf die alles zutrifft (13. Tag des Monats; Freitag)"
    ),
    ("FREQ=MONTHLY;BYDAY=MO,1MO", "jeden Montag im Monat"),
    (
      "FREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=-1",
      "jeden Monat: am letzten der Tage, auf die zutrifft"
        + " (erster Montag oder letzter Freitag im Monat)"
    ),
    (
      "FREQ=YEARLY;WKST=SU;BYWEEKNO=1,3;BYDAY=TU",
      "an den Tagen, auf die alles zutrifft (Kalenderwoche 1 oder 3, Wochen ab Sonntag; Dienstag)"
    ),
    (
      "FREQ=WEEKLY;WKST=SU;BYDAY=SU,TU;BYSETPOS=1",
      "jede Woche (ab Sonntag): am ersten der Tage, auf die zutrifft (Dienstag oder Sonntag)"
    ),
    (
      "FREQ=YEARLY;BYDAY=SA,SU;BYSETPOS=-2",
      "jedes Jahr: am vorletzten der Tage, auf die zutrifft (Samstag oder Sonntag)"
    ),
  ])
  func `a rule reads as offices write it, before its times`(rule: String, days: String) throws {
    #expect(try text(rule) == days + " 9:00-11:30 Uhr")
  }

  @Test(arguments: [
    ("FREQ=WEEKLY;BYMONTH=3,4,5,6;BYDAY=SA", "Samstag 9:00-11:30 Uhr, nur von März bis Juni"),
    ("FREQ=DAILY;BYMONTH=1,2,11,12", "täglich 9:00-11:30 Uhr, nur von November bis Februar"),
    (
      "FREQ=DAILY;BYMONTH=1,2,3,5", "täglich 9:00-11:30 Uhr, nur von Januar bis März und im Mai"
    ),
    (
      "FREQ=MONTHLY;BYMONTH=1,7;BYDAY=1TU",
      "jeden ersten Dienstag im Monat 9:00-11:30 Uhr, nur im Januar und Juli"
    ),
    (
      "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
      "alle zwei Wochen: Dienstag 9:00-11:30 Uhr, gezählt ab der Woche vom 5.1.2026"
    ),
    ("FREQ=DAILY;INTERVAL=10", "alle zehn Tage: 9:00-11:30 Uhr, gezählt ab 7.1.2026"),
    (
      "FREQ=MONTHLY;INTERVAL=3;BYDAY=1TU",
      "alle drei Monate: jeden ersten Dienstag im Monat 9:00-11:30 Uhr, gezählt ab Januar 2026"
    ),
    ("FREQ=WEEKLY", "Mittwoch 9:00-11:30 Uhr"),
    ("FREQ=YEARLY", "am 7. Januar 9:00-11:30 Uhr"),
    ("FREQ=WEEKLY;COUNT=10;BYDAY=TU", "Dienstag 9:00-11:30 Uhr, 10 Termine ab 7.1.2026"),
    ("FREQ=WEEKLY;UNTIL=20261231;BYDAY=TU", "Dienstag 9:00-11:30 Uhr, bis 31.12.2026"),
  ])
  func `months, counting and ends are said after the times`(rule: String, expected: String) throws {
    #expect(try text(rule, "09:00-11:30", ["dtstart": "2026-01-07"]) == expected)
  }

  @Test func `times may be open at either end`() throws {
    #expect(try text("FREQ=WEEKLY;BYDAY=TU", "17:30-") == "Dienstag ab 17:30 Uhr")
    #expect(try text("FREQ=WEEKLY;BYDAY=TU", "-08:05") == "Dienstag bis 8:05 Uhr")
    #expect(try text("FREQ=WEEKLY;BYDAY=TU", "") == "Dienstag")
    #expect(try text(nil, "08:00-12:00") == "8:00-12:00 Uhr")
    #expect(try text(nil, "") == "")
    #expect(
      try text(nil, "08:00-12:00", ["dtstart": "2026-11-24"])
        == "Dienstag, 24.11.2026, 8:00-12:00 Uhr")
    #expect(try text(nil, "", ["dtstart": "2026-11-24"]) == "Dienstag, 24.11.2026")
  }

  @Test func `exceptions to come and the period are named`() throws {
    let weekly = "FREQ=WEEKLY;BYDAY=MO,WE,FR"
    #expect(
      try text(weekly, "08:00-12:00", ["closed_in_school_holidays": "true"])
        == "Montag, Mittwoch und Freitag 8:00-12:00 Uhr, nicht in den Schulferien")
    #expect(
      try text(weekly, "08:00-12:00", ["exdates": "2026-11-20,2026-12-25,2026-12-30"])
        == "Montag, Mittwoch und Freitag 8:00-12:00 Uhr, nicht am 25.12.2026 und 30.12.2026")
    let many = (1...9).map { "2026-12-0\($0)" }.joined(separator: ",")
    #expect(
      try text(weekly, "", ["exdates": many]).hasSuffix(
        ", nicht am 1.12.2026, 2.12.2026, 3.12.2026, 4.12.2026, 5.12.2026 und 4 weiteren Tagen"))
    #expect(
      try text(
        weekly, "", ["dtstart": "2026-01-05", "valid_from": "2027-02-01", "valid_to": "2027-06-30"])
        == "Montag, Mittwoch und Freitag, ab 1.2.2027, bis 30.6.2027")
    #expect(
      try text(weekly, "", ["timezone": "Europe/London"])
        == "Montag, Mittwoch und Freitag, Zeitzone Europe/London")
  }

  @Test func `what is counted from a first day that is missing says so`() throws {
    #expect(
      try text("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")
        == "alle zwei Wochen: Dienstag 9:00-11:30 Uhr, gezählt ab dem ersten Termin, der fehlt")
    #expect(try text("FREQ=WEEKLY", "") == "am Tag des ersten Termins, der fehlt")
  }

  @Test func `rules with the same text have the same days`() throws {
    let first = try #require(CivilDate("1000-01-01"))
    var known: [String: KnownDates] = [:]
    for rule in try KnownDates.fixture() {
      let hours = try #require(
        OfficeHours(["rrule": rule.rule, "dtstart": rule.start.description]) { _ in 0 })
      let text = hours.text(on: first)
      #expect(!text.isEmpty)
      if let other = known[text] {
        #expect(other.dates == rule.dates, "\(other.rule) and \(rule.rule) read „\(text)“")
      }
      known[text] = rule
    }
    #expect(known.count > 150)
  }
}
