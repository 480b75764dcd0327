// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Testing

/// Office hours in what `show` answers. It is Friday, 15 January 2027, shortly after 9:00 in Berlin.
@Suite struct HoursTests {
  private func hours(_ answer: JSONValue?) -> [JSONValue] {
    guard case .array(let hours) = answer?["hours"] else { return [] }
    return hours
  }

  @Test func `A schedule and all it refers to show its text and next opening`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let office = replicas.add(town, "organization", "name=Familienbüro").id
    let place = replicas.add(town, "location", "name=Rathaus").id
    let odd = stride(from: 1, through: 53, by: 2).map(String.init).joined(separator: ",")
    let schedule = replicas.add(
      town, "schedule", "organization_id=\(office)", "location_id=\(place)",
      "rrule=FREQ=YEARLY;WKST=MO;BYWEEKNO=\(odd);BYDAY=TU", "opens_at=9:00", "closes_at=11:30",
      "description=Elternsprechstunde"
    ).id
    _ = replicas.add(
      town, "schedule", "organization_id=\(office)", "rrule=FREQ=MONTHLY;BYDAY=-1MO",
      "opens_at=17:30", "closes_at=19:00")
    let expected: JSONValue = [
      "id": .string(schedule),
      "text": "ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr",
      "description": "Elternsprechstunde", "registration": .null,
      "next": [
        "date": "2027-01-19", "text": "Dienstag, 19.1.2027, 9:00-11:30 Uhr", "now": .bool(false),
        "uncertain": .bool(false),
      ],
    ]
    #expect(hours(replicas.show(town, schedule)) == [expected])
    #expect(hours(replicas.show(town, place)) == [expected])
    let all = hours(replicas.show(town, office))
    #expect(all.first == expected)
    #expect(all.map { $0["next"]?["date"] } == ["2027-01-19", "2027-01-25"])
    let deleted = replicas.run(town, LocalRequest("delete", ["id": .string(schedule)]))
    #expect(deleted.outcome == .done)
    #expect(hours(replicas.show(town, office)).count == 1)
    #expect(replicas.show(town, place)?["hours"] == nil)
  }

  @Test func `A service shows its hours at its places`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let place = replicas.add(town, "location", "name=Haus").id
    let service = replicas.add(town, "service", "name=Beratung").id
    let there = replicas.add(
      town, "service_at_location", "service_id=\(service)", "location_id=\(place)"
    ).id
    let schedule = replicas.add(
      town, "schedule", "service_at_location_id=\(there)", "service_id=\(service)",
      "rrule=FREQ=MONTHLY;BYDAY=-1MO", "opens_at=17:30"
    ).id
    let other = replicas.add(
      town, "schedule", "service_at_location_id=\(there)", "rrule=FREQ=WEEKLY;BYDAY=TU"
    ).id
    _ = replicas.add(town, "schedule", "location_id=\(place)", "rrule=FREQ=WEEKLY;BYDAY=FR")
    #expect(
      Set(hours(replicas.show(town, service)).map { $0["id"] })
        == [.string(schedule), .string(other)])
  }

  @Test func `Whether it is open now is asked of the clock at its place`() async throws {
    let replicas = try await Replicas()
    func next(_ zone: String) throws -> JSONValue? {
      let id = replicas.add(
        replicas.town, "schedule", "rrule=FREQ=WEEKLY;BYDAY=FR", "opens_at=9:00",
        "closes_at=10:00", "timezone=\(zone)"
      ).id
      return try #require(hours(replicas.show(replicas.town, id)).first)["next"]
    }
    #expect(try next("Europe/Berlin")?["now"] == .bool(true))
    #expect(try next("Europe/London")?["now"] == .bool(false))
    #expect(try next("Europe/London")?["date"] == "2027-01-15")
    #expect(try next("Asia/Tokyo")?["date"] == "2027-01-22")
  }

  @Test func `School holidays in the directory move the next opening`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(
      replicas.town, "schedule", "rrule=FREQ=WEEKLY;BYDAY=TU", "closed_in_school_holidays=ja"
    ).id
    func next() -> JSONValue? { hours(replicas.show(replicas.town, id)).first?["next"] }
    #expect(next()?["date"] == "2027-01-19")
    #expect(next()?["uncertain"] == .bool(true))
    for (first, last) in [("18.1.2027", "22.1.2027"), ("22.3.2027", "3.4.2027")] {
      let added = replicas.add(
        replicas.town, "school_holiday", "name=Ferien", "first_day=\(first)", "last_day=\(last)")
      #expect(added.outcome == .done)
    }
    #expect(next()?["date"] == "2027-01-26")
    #expect(next()?["uncertain"] == .bool(false))
    let backwards = replicas.add(
      replicas.town, "school_holiday", "name=Ferien", "first_day=2027-02-02",
      "last_day=2027-02-01")
    #expect(backwards.failure?.text.contains("liegt vor first_day") == true)
  }

  @Test func `Hours that are over have no next opening`() async throws {
    let replicas = try await Replicas()
    let id = replicas.add(
      replicas.town, "schedule", "rrule=FREQ=WEEKLY;BYDAY=TU", "valid_to=2027-01-12"
    ).id
    let shown = try #require(hours(replicas.show(replicas.town, id)).first)
    #expect(shown["text"] == "Dienstag, bis 12.1.2027")
    #expect(shown["next"] == .null)
  }

  @Test func `An office hour in odd weeks, in even weeks and on last Mondays, by registration`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let person = replicas.add(
      town, "contact", "name=Kinderbeauftragte Person", "legal_basis=public_task", "source=Liste"
    ).id
    let secretariat = replicas.add(
      town, "contact", "name=Sekretariat", "legal_basis=public_task", "source=Liste"
    ).id
    func weeks(from first: Int) -> String {
      stride(from: first, through: 53, by: 2).map(String.init).joined(separator: ",")
    }
    for (rule, opens, closes) in [
      ("FREQ=YEARLY;WKST=MO;BYWEEKNO=\(weeks(from: 1));BYDAY=TU", "9:00", "11:30"),
      ("FREQ=YEARLY;WKST=MO;BYWEEKNO=\(weeks(from: 2));BYDAY=TH", "14:00", "15:30"),
      ("FREQ=MONTHLY;BYDAY=-1MO", "17:30", "19:00"),
    ] {
      _ = replicas.add(
        town, "schedule", "contact_id=\(person)", "rrule=\(rule)", "opens_at=\(opens)",
        "closes_at=\(closes)", "room=Zi. Nr. 2.12", "registration=vorher telefonisch",
        "registration_contact_id=\(secretariat)", "registration_phone=0221 4710-537")
    }
    let shown = hours(replicas.show(town, person))
    #expect(
      shown.map { $0["text"] } == [
        "ungerade Kalenderwochen: Dienstag 9:00-11:30 Uhr",
        "jeden letzten Montag im Monat 17:30-19:00 Uhr",
        "gerade Kalenderwochen: Donnerstag 14:00-15:30 Uhr",
      ])
    #expect(
      shown.map { $0["next"]?["date"] } == ["2027-01-19", "2027-01-25", "2027-01-28"])
    #expect(
      shown.allSatisfy { $0["registration"] == "vorher telefonisch, Sekretariat, 0221 4710-537" })
  }
}
