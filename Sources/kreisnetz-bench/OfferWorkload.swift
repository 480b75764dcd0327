// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// The organizations of the workload with what families look for: each in a town and under topics, with an
/// offer that has its hours.
struct OfferWorkload {
  /// The towns, categories and networks that all share, as the hub imports them.
  let common: String
  /// What each town imports.
  let parts: [(town: String, file: String)]

  private static let towns = [
    "Halver", "Balve", "Kierspe", "Menden", "Plettenberg", "Werdohl", "Altena", "Neuenrade",
  ]
  private static let topics = [
    "Stillberatung", "Schwangerschaft", "Hebammen", "Krabbelgruppen", "Elterncafé",
    "Erziehungsberatung", "Frühförderung", "Kindertagespflege", "Familienbildung", "Babyschwimmen",
    "Trennung", "Schulden", "Sprache", "Wohnen", "Gewalt", "Sucht",
  ]
  private static let hours = [
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "08:00", "12:00"),
    ("FREQ=WEEKLY;BYDAY=TU,TH", "14:00", "17:30"), ("FREQ=WEEKLY;BYDAY=SA,SU", "10:00", "16:00"),
    ("FREQ=DAILY", "00:00", "23:59"), ("FREQ=MONTHLY;BYDAY=1WE", "18:00", "20:00"),
    (
      "FREQ=YEARLY;WKST=MO;BYWEEKNO="
        + stride(from: 1, through: 53, by: 2).map(String.init).joined(separator: ",")
        + ";BYDAY=MO,FR", "09:00", "11:30"
    ),
  ]

  /// - Throws: what writing files throws.
  init(_ workload: Workload, towns count: Int, in place: Workplace) throws {
    common = place.path("common.ndjson")
    try Data(Self.commonRows().utf8).write(to: URL(filePath: common))
    let lines = try Workload.lines(workload.recordTable)
    let size = (lines.count + count - 1) / count
    parts = try (0..<count).map { number in
      let file = place.path("offers-\(number).ndjson")
      var out: [UInt8] = []
      for index in min(number * size, lines.count)..<min((number + 1) * size, lines.count) {
        Self.append(lines[index], index, to: &out)
      }
      try Data(out).write(to: URL(filePath: file))
      return (Self.towns[number].lowercased(), file)
    }
  }

  private static func commonRows() -> String {
    var out = ""
    for topic in topics {
      out += #"{"kind":"taxonomy_term","external_id":"thema-\#(topic)","name":"\#(topic)","#
      out += #""taxonomy":"Frühe Hilfen","language":"de"}"# + "\n"
    }
    for (index, town) in towns.enumerated() {
      out += #"{"kind":"municipality","external_id":"ort-\#(town)","name":"\#(town)","#
      out += #""ags":"0596200\#(index + 1)"}"# + "\n"
      out += #"{"kind":"network","external_id":"netz-\#(town)","name":"Netzwerk \#(town)","#
      out += #""municipalities":["key:ort-\#(town)"]}"# + "\n"
    }
    return out
  }

  /// Everything depends on the number alone.
  private static func append(_ line: ArraySlice<UInt8>, _ index: Int, to out: inout [UInt8]) {
    let cells = line.split(separator: Workload.tab, omittingEmptySubsequences: false)
    out += #"{"kind":"organization""#.utf8
    for (cell, column) in zip(cells, Workload.columns) { Workload.append(column, cell, to: &out) }
    let id = String(decoding: cells[0], as: UTF8.self)
    let topic = topics[index % topics.count]
    out += #","municipality_id":"\#(towns[index / 3 % towns.count])""#.utf8
    out += #","categories":["\#(topic)"]}"#.utf8
    let age = index % 12
    let name = String(decoding: cells[1], as: UTF8.self).replacing("\"", with: "")
      .replacing("\\", with: "")
    out += "\n".utf8
    out += #"{"kind":"service","external_id":"\#(id)-a","name":"\#(topic) \#(name)","#.utf8
    out += #""organization_id":"key:\#(id)","status":"active","audience":["families"],"#.utf8
    out += #""description":"Offenes Angebot, ohne Anmeldung, \#(index + 1). Gruppe","#.utf8
    out += #""minimum_age":\#(age),"maximum_age":\#(age + 3),"#.utf8
    out += #""categories":["\#(topics[(index / 7) % topics.count])"]}"#.utf8
    let (rule, opens, closes) = hours[index % hours.count]
    out += "\n".utf8
    out += #"{"kind":"schedule","external_id":"\#(id)-z","service_id":"key:\#(id)-a","#.utf8
    out += #""rrule":"\#(rule)","dtstart":"2026-01-05","opens_at":"\#(opens)","#.utf8
    out += #""closes_at":"\#(closes)","timezone":"Europe/Berlin"}"#.utf8
    out += "\n".utf8
  }
}
