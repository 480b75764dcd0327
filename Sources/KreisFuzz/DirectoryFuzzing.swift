// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Readers of single values: what people enter, and what other members' logs hold, whoever wrote it.
enum DirectoryFuzzing {
  /// The first byte chooses the field, the rest is what was entered.
  static func value(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    let fields = Schema.directory.kinds.flatMap(\.fields)
    guard let first = input.first else { return false }
    let field = fields[Int(first) % fields.count]
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    guard let canonical = try? field.type.canonical(text) else { return false }
    try BrokenProperty.unless(
      (try? field.type.canonical(canonical)) == canonical,
      "a value of \(field.name) that changes when it is entered again")
    return true
  }

  /// A schedule as lines "field=value": a log may hold what no program of today would write.
  static func hours(_ input: [UInt8]) throws(BrokenProperty) -> Bool {
    var values: [String: String] = [:]
    for line in String(decoding: input.prefix(2_000), as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
    guard let hours = OfficeHours(values, offset: { _ in 3_600 }) else { return false }
    let today = CivilDate(year: 2_026, month: 11, day: 22)
    let holidays = SchoolHolidays([today.adding(days: 20)...today.adding(days: 34)])
    _ = hours.text(on: today)
    let range = today...today.adding(days: 800)
    let dates = hours.dates(in: range, except: holidays)
    try BrokenProperty.unless(
      dates.allSatisfy(range.contains) && zip(dates, dates.dropFirst()).allSatisfy { $0 < $1 },
      "office hours out of order or out of the range asked for")
    if let next = hours.next(at: LocalTime(today, minute: 600), except: holidays) {
      _ = hours.text(of: next)
      try BrokenProperty.unless(next.date >= today, "a next opening in the past")
    }
    return true
  }
}
