// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import Testing

/// When the digest is due, and what it says: as values, with the time given.
@Suite struct DigestTests {
  private func local(_ seconds: UInt64) -> (day: CivilDate, minute: Int) {
    let time = BerlinTime.local(Int(clamping: seconds))
    return (time.date, time.minute)
  }

  @Test func `It is due at its hour on the clocks in Germany, in summer and winter`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<4_000 {
      let weekday =
        Bool.random(using: &generator) ? Weekday.allCases.randomElement(using: &generator) : nil
      let hour = Int.random(in: 0...23, using: &generator)
      let schedule = DigestSchedule(weekday: weekday, hour: hour)
      let now = UInt64.random(in: 1_700_000_000...2_000_000_000, using: &generator)
      let (last, next) = (schedule.last(before: now), schedule.next(after: now))
      #expect(last <= now && now < next, "\(now)")
      #expect(next - last <= 7 * 86_400 + 3_600)
      for time in [last, next] {
        let shown = local(time)
        // Where clocks skip the hour at night, the one before counts.
        let isSkipped = hour == 2 && shown.minute == 60 && shown.day.weekday == .sunday
        #expect(shown.minute == hour * 60 || isSkipped, "\(time) \(hour)")
        if let weekday {
          #expect(shown.day.weekday == weekday)
        } else {
          #expect(shown.day.weekday.rawValue < Weekday.saturday.rawValue)
        }
      }
      #expect(schedule.next(after: last) == next || schedule.next(after: last) > now)
    }
  }

  /// Whatever is restarted and whenever, each time is served once if the mail server lets it.
  @Test func `It is sent once each time, also over restarts and failures`() throws {
    var generator = SystemRandomNumberGenerator()
    let schedule = DigestSchedule(weekday: nil, hour: 7)
    for _ in 0..<40 {
      var now: UInt64 = 1_795_000_000
      var state = DigestState(done: now)
      var served: [UInt64] = []
      for _ in 0..<600 {
        now += UInt64.random(in: 1...7_200, using: &generator)
        // A restart reads what was kept.
        if Bool.random(using: &generator) { state = try #require(DigestState(state.json)) }
        guard state.isDue(schedule, at: now) else { continue }
        if Int.random(in: 0..<3, using: &generator) == 0 {
          state.failed("kein Server", at: now)
          #expect(!state.isDue(schedule, at: now + 1) && state.failure == "kein Server")
        } else {
          state.succeeded(at: now)
          served.append(schedule.last(before: now))
          #expect(state.failure == nil)
        }
        #expect(state.done <= now)
      }
      #expect(Set(served).count == served.count)
      #expect(served.count > 10)
    }
    let old = DigestState(done: 5)
    #expect(old.isDue(schedule, at: 1_795_000_000))
  }

  @Test func `It counts, and names nobody`() throws {
    let row: JSONValue = [
      "title": "Halver", "training": .bool(false), "requests": .integer(1), "due": .integer(12),
      "conflicts": .integer(0), "overdue_erasures": .integer(2),
    ]
    let mail = DigestMail(row, console: "https://kreisnetz.example.org")
    #expect(mail.subject == "Kreisnetz Halver: 15 offene Punkte" && !mail.isEmpty)
    for text in [
      "1 offene Rückmeldung\n  https://kreisnetz.example.org/rueckmeldungen",
      "12 Einträge zu bestätigen", "2 Löschungen nicht rechtzeitig bestätigt",
    ] {
      #expect(mail.text.contains(text), "\(text)")
    }
    #expect(!mail.text.contains("zu entscheiden"))
    let bytes = mail.message(
      from: "kreisnetz@example.org", to: ["selma@example.org", "jan@example.org"],
      at: 1_795_000_000, id: "1")
    let message = String(decoding: bytes, as: UTF8.self)
    let parts = message.components(separatedBy: "\r\n\r\n")
    #expect(parts.count == 2 && bytes.allSatisfy { $0 < 128 })
    #expect(message.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 })
    #expect(parts[0].contains("Date: Wed, 18 Nov 2026 11:06:40 +0000"), "\(parts[0])")
    #expect(parts[0].contains("Auto-Submitted: auto-generated"))
    let text = Data(base64Encoded: parts[1], options: .ignoreUnknownCharacters)
    #expect(
      text.map { String(decoding: $0, as: UTF8.self) } == mail.text.replacing("\n", with: "\r\n"))
    let empty = DigestMail(["title": "Halver"], console: "http://127.0.0.1:8090")
    #expect(empty.isEmpty)
    let kreis = DigestMail(
      [
        "title": "Märkischer Kreis", "towns": .integer(2), "troubles": .integer(1),
        "disagreements": .integer(0), "requests": .integer(0),
      ], console: "https://kreisnetz.example.org")
    #expect(kreis.subject == "Kreisnetz Märkischer Kreis: 3 offene Punkte")
    #expect(kreis.text.contains("1 Störung des Hubs\n  https://kreisnetz.example.org/kreis\n"))
    #expect(kreis.text.contains("2 Kommunen still oder lange im Rückstand"))
    #expect(!kreis.text.contains("widerspr") && kreis.text.contains("vom Dienst des Kreises"))
    // A name of a town brings no further line into the head.
    let long = DigestMail(
      ["title": .string(String(repeating: "Ä", count: 120) + "\r\nBcc: x"), "due": .integer(1)],
      console: "x")
    let head = String(
      decoding: long.message(from: "a@example.org", to: ["b@example.org"], at: 0, id: "1"),
      as: UTF8.self
    ).components(separatedBy: "\r\n\r\n")[0]
    #expect(!head.contains("Bcc"))
  }
}
