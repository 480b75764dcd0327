// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisStore

/// Office hours as the JSON that `show` prints: of a schedule its own, of organizations, locations,
/// services and contacts those of the schedules that refer to them.
struct HoursJSON {
  private let snapshot: Snapshot
  private let now: Int

  /// - Parameter now: seconds since 1970.
  init(_ snapshot: Snapshot, at now: Int) {
    self.snapshot = snapshot
    self.now = now
  }

  /// `{"id","text","description","registration","next":{"date","text","now","uncertain"}}`, the next
  /// opening first.
  ///
  /// All but `id` and `text` are null if there is none. A schedule that cannot be computed here is
  /// left out.
  func hours(of state: RecordState) throws -> [JSONValue] {
    guard !state.isDeleted, let kind = state.kind.flatMap({ Schema.directory.kind(tag: $0) })
    else { return [] }
    let schedule = try Schema.directory.kind(named: "schedule")
    let schedules = kind == schedule ? [state] : try schedules(of: state, kind)
    guard !schedules.isEmpty else { return [] }
    let holidays = try schoolHolidays()
    return try schedules.compactMap { try hours(of: $0, schedule, holidays) }
      .sorted { ($0.next, $0.text) < ($1.next, $1.text) }.map(\.json)
  }

  /// The schedules that belong to a record: those that name it, those that name a service at its
  /// places, and those that still name a record merged into it.
  private func schedules(of state: RecordState, _ kind: RecordKind) throws -> [RecordState] {
    let schedule = try Schema.directory.kind(named: "schedule")
    guard let field = try? schedule.field(named: kind.name + "_id") else { return [] }
    let own = try ([state.record] + snapshot.merged(into: state.record)).map(\.description)
    var wanted = own.map { (field: field, value: $0) }
    if kind.name == "service" {
      let link = try Schema.directory.kind(named: "service_at_location")
      let service = try link.field(named: "service_id")
      let place = try schedule.field(named: "service_at_location_id")
      try snapshot.list(link, any: own.map { (service, $0) }) {
        wanted.append((place, $0.record.description))
      }
    }
    var found: [RecordState] = []
    // SQLite takes so many parameters; no service is at more places.
    try snapshot.list(schedule, any: Array(wanted.prefix(1_000))) { found.append($0) }
    return found
  }

  private func hours(
    of state: RecordState, _ kind: RecordKind, _ holidays: SchoolHolidays
  ) throws -> (next: CivilDate, text: String, json: JSONValue)? {
    let values = Self.values(of: state, kind)
    let zone = TimeZone(identifier: values["timezone"] ?? OfficeHours.defaultTimeZone) ?? .gmt
    func offset(_ seconds: Int) -> Int {
      zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }
    guard let hours = OfficeHours(values, offset: offset) else { return nil }
    let time = LocalTime(seconds: now, offset: offset(now))
    // Those that are held by appointment have no days.
    let days = hours.text(on: time.date)
    guard let text = days.isEmpty ? values["registration"] : days else { return nil }
    let opening = hours.next(at: time, except: holidays)
    let next = opening.map { opening -> JSONValue in
      [
        "date": .string(opening.date.description), "text": .string(hours.text(of: opening)),
        "now": .bool(opening.isNow), "uncertain": .bool(opening.isUncertain),
      ]
    }
    let json: JSONValue = [
      "id": .string(state.record.description), "text": .string(text),
      "description": values["description"].map { .string($0) } ?? .null,
      "registration": try registration(
        days.isEmpty ? values.filter { $0.key != "registration" } : values
      ).map { .string($0) } ?? .null, "next": next ?? .null,
    ]
    return (opening?.date ?? CivilDate(dayNumber: .max), text, json)
  }

  /// How to register, with whom, under which number: `telefonisch, Sekretariat, 0221 4710-537`.
  private func registration(_ values: [String: String]) throws -> String? {
    let contact = try values["registration_contact_id"].flatMap { RecordID(text: $0) }
      .flatMap { try snapshot.naming(of: $0)?.name }
    let words = [values["registration"], contact, values["registration_phone"]].compactMap(\.self)
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  private func schoolHolidays() throws -> SchoolHolidays {
    let kind = try Schema.directory.kind(named: "school_holiday")
    var ranges: [ClosedRange<CivilDate>] = []
    try snapshot.list(kind) { state in
      let values = Self.values(of: state, kind)
      // Concurrent edits may combine to what no one would enter.
      guard let first = values["first_day"].flatMap({ CivilDate($0) }),
        let last = values["last_day"].flatMap({ CivilDate($0) }), first <= last
      else { return }
      ranges.append(first...last)
    }
    return SchoolHolidays(ranges)
  }

  private static func values(of state: RecordState, _ kind: RecordKind) -> [String: String] {
    var values: [String: String] = [:]
    for (register, place) in state.shown {
      if let field = kind.field(tag: register.tag) { values[field.name] = place.head.value }
    }
    return values
  }
}
