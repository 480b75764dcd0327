// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// The time in Germany: Central European Time, since 1996 an hour ahead of it from the last Sunday
/// in March to the last Sunday in October, each change at 1:00 UTC (Directive 2000/84/EC).
package enum BerlinTime {
  /// By how many seconds clocks are ahead of UTC.
  ///
  /// - Parameter seconds: since 1970, in UTC.
  package static func offset(at seconds: Int) -> Int {
    let year = LocalTime(seconds: seconds, offset: 0).date.year
    let change = { (month: Int) in lastSunday(of: month, in: year).dayNumber * 86_400 + 3_600 }
    return (change(3)..<change(10)).contains(seconds) ? 7_200 : 3_600
  }

  /// What the clocks show.
  ///
  /// - Parameter seconds: since 1970, in UTC.
  package static func local(_ seconds: Int) -> LocalTime {
    LocalTime(seconds: seconds, offset: offset(at: seconds))
  }

  /// The last second of a day, in UTC: `20261231T225959Z`.
  static func end(of date: CivilDate) -> String {
    let winter = (date.dayNumber + 1) * 86_400 - 1 - 3_600
    return instant(winter + 3_600 - offset(at: winter))
  }

  /// `20270115T080000Z`
  static func instant(_ seconds: Int) -> String {
    let time = LocalTime(seconds: seconds, offset: 0)
    let second = seconds - time.date.dayNumber * 86_400 - time.minute * 60
    return "\(day(time.date))T\(clock(time.minute, second))Z"
  }

  /// `20270115`
  static func day(_ date: CivilDate) -> String { date.description.filter { $0 != "-" } }

  /// `080000`
  static func clock(_ minute: Int, _ second: Int = 0) -> String {
    [minute / 60, minute % 60, second].map { ($0 < 10 ? "0" : "") + String($0) }.joined()
  }

  private static func lastSunday(of month: Int, in year: Int) -> CivilDate {
    let last = CivilDate(year: year, month: month, day: 31)
    return last.adding(days: -((last.weekday.rawValue + 1) % 7))
  }

  /// What a calendar must hold for times `TZID=Europe/Berlin` (RFC 5545, section 3.6.5).
  static let definition = """
    BEGIN:VTIMEZONE
    TZID:Europe/Berlin
    BEGIN:DAYLIGHT
    DTSTART:19960331T020000
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
    TZOFFSETFROM:+0100
    TZOFFSETTO:+0200
    TZNAME:CEST
    END:DAYLIGHT
    BEGIN:STANDARD
    DTSTART:19961027T030000
    RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    TZNAME:CET
    END:STANDARD
    END:VTIMEZONE
    """
}
