// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Writes schedules and network meetings as a calendar (RFC 5545).
///
/// Begin with `header`, then one result per record, and end with `footer`. An event's UID is the
/// record's id and the realm, so a calendar program replaces what it already has. Office hours do
/// not block the time of whoever subscribes to them.
package struct CalendarWriter {
  private let source: ExportSource
  private let realm: String
  private let now: Int
  private let holidays: SchoolHolidays

  /// - Parameters:
  ///   - realm: follows the `@` of every UID.
  ///   - now: seconds since 1970.
  ///   - holidays: on these days schedules that are closed in school holidays are excepted.
  package init(source: ExportSource, realm: String, now: Int, holidays: SchoolHolidays) {
    self.source = source
    self.realm = realm
    self.now = now
    self.holidays = holidays
  }

  package func header() -> [UInt8] {
    let lines =
      ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Kreisnetz//Kreisnetz//DE", "METHOD:PUBLISH"]
      + BerlinTime.definition.split(separator: "\n").map(String.init)
    return lines.flatMap { Array($0.utf8) + [0x0D, 0x0A] }
  }

  package func footer() -> [UInt8] { ContentLine.line("END", "VCALENDAR") }

  /// A schedule or a network meeting as an event.
  ///
  /// - Throws: what the source throws.
  package func event(_ record: ExportRecord) throws -> ExportResult {
    record.kind.name == "schedule" ? try schedule(record) : try meeting(record)
  }

  // MARK: - Schedules

  private func schedule(_ record: ExportRecord) throws -> ExportResult {
    let values = record.singleValues
    guard let hours = OfficeHours(values, offset: BerlinTime.offset) else {
      return .leftOut("its rule cannot be computed")
    }
    guard hours.timeZone == OfficeHours.defaultTimeZone else {
      return .leftOut("its time zone is \(hours.timeZone)")
    }
    guard let series = EventSeries(values, hours, today: today, holidays: holidays) else {
      return .leftOut("it has no day")
    }
    let words = try PlaceWords(record, source)
    let description = record["description"]
    let title = [words.subject, description.flatMap(Self.short)].compactMap(\.self)
    var details = [hours.text(on: today)]
    if let description, Self.short(description) == nil { details.append(description) }
    details += try registration(record)
    if let type = record.display("attending_type") { details.append("Teilnahme: \(type)") }
    var lines = series.lines
    lines += ContentLine.text(
      "SUMMARY", title.isEmpty ? record.kind.label : title.joined(separator: ": "))
    lines += ContentLine.text("DESCRIPTION", details.joined(separator: "\n"))
    if let place = words.place { lines += ContentLine.text("LOCATION", place) }
    if let link = record["schedule_link"] { lines += ContentLine.line("URL", link) }
    lines += ContentLine.line("TRANSP", "TRANSPARENT")
    return .written(event(record, lines))
  }

  private var today: CivilDate {
    BerlinTime.local(now).date
  }

  /// A description that fits into a title.
  private static func short(_ text: String) -> String? {
    text.utf8.count <= 80 && !text.contains("\n") ? text : nil
  }

  private func registration(_ record: ExportRecord) throws -> [String] {
    let contact = try source.target("registration_contact_id", of: record)?["name"]
    let words = [record["registration"], contact, record["registration_phone"]]
      .compactMap(\.self)
    return words.isEmpty ? [] : ["Anmeldung: " + words.joined(separator: ", ")]
  }

  // MARK: - Meetings

  private func meeting(_ record: ExportRecord) throws -> ExportResult {
    guard let text = record["date"] else { return .leftOut("it has no date") }
    guard let date = CivilDate(text) else {
      return .leftOut("its date „\(text)“ names no day of a year")
    }
    var lines = EventSeries.single(
      date, opens: EventSeries.minutes(record["opens_at"]),
      closes: EventSeries.minutes(record["closes_at"]))
    lines += ContentLine.text("SUMMARY", record["name"] ?? record.kind.label)
    var details: [String] = []
    if let group = try source.target("working_group_id", of: record)?["name"] {
      details.append("Arbeitsgruppe: \(group)")
    }
    if let organizer = try source.target("organizer_id", of: record)?["name"] {
      details.append("Veranstalter: \(organizer)")
    }
    let formats = record.elements("formats").map { key in
      (try? record.kind.field(named: "formats"))?.display(key) ?? key
    }
    if !formats.isEmpty { details.append("Form: " + formats.joined(separator: ", ")) }
    if let agenda = record["agenda"] { details.append(agenda) }
    if !details.isEmpty {
      lines += ContentLine.text("DESCRIPTION", details.joined(separator: "\n"))
    }
    let words = try PlaceWords(record, source)
    if let place = record["place"] ?? words.place { lines += ContentLine.text("LOCATION", place) }
    let states = ["planned": "TENTATIVE", "held": "CONFIRMED", "cancelled": "CANCELLED"]
    if let status = record["status"].flatMap({ states[$0] }) {
      lines += ContentLine.line("STATUS", status)
    }
    return .written(event(record, lines))
  }

  private func event(_ record: ExportRecord, _ lines: [UInt8]) -> [UInt8] {
    ContentLine.line("BEGIN", "VEVENT") + ContentLine.line("UID", "\(record.id)@\(realm)")
      + ContentLine.line("DTSTAMP", BerlinTime.instant(now)) + lines
      + ContentLine.line("END", "VEVENT")
  }
}
