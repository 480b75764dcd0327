// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// What is refused and warned of when a record meets those that are there.
@Suite(.timeLimit(.minutes(2))) struct EntryRuleTests {
  private func contact(_ replicas: Replicas, _ store: Store, _ name: String) -> String {
    replicas.add(
      store, "contact", "name=\(name)", "legal_basis=public_task", "source=Meldebogen"
    ).id
  }

  @Test func `A number gets its international form where it stands, and keeps its spelling`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let person = contact(replicas, town, "Ayla Beispiel")
    let id = replicas.add(
      town, "phone", "number@coordination=(02 21) 4710 442", "contact_id=\(person)"
    ).id
    let shown = try #require(replicas.show(town, id))
    #expect(shown.field("number") == "(02 21) 4710 442")
    #expect(shown.field("number_e164") == "+492214710442")
    #expect(shown.scope("number_e164") == shown.scope("number"))
    #expect(replicas.edit(town, id, "number=0221/4710392").outcome == .done)
    #expect(replicas.show(town, id)?.field("number_e164") == "+492214710392")
    #expect(replicas.edit(town, id, "number=4710392").outcome == .done)
    #expect(replicas.show(town, id)?.field("number_e164") == nil)
    let wrong = replicas.edit(town, id, "number=0221 4710-1", "number_e164=+492214710999")
    #expect(wrong.outcome == .wrongUse)
  }

  @Test func `An organization is not above itself, over however many`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let top = replicas.add(town, "organization", "name=Träger").id
    let middle = replicas.add(
      town, "organization", "name=Verband", "parent_organization_id=\(top)"
    ).id
    let bottom = replicas.add(
      town, "organization", "name=Kita", "parent_organization_id=\(middle)"
    ).id
    let cycle = replicas.edit(town, top, "parent_organization_id=\(bottom)")
    #expect(cycle.failure?.text.contains("das ergäbe einen Kreis") == true)
    #expect(replicas.edit(town, bottom, "parent_organization_id=\(top)").outcome == .done)
    let rows = """
      {"kind":"organization","external_id":"a","name":"A","parent_organization_id":"key:b"}
      {"kind":"organization","external_id":"b","name":"B","parent_organization_id":"key:a"}
      """
    let imported = replicas.import(town, rows)
    #expect(imported.errors.first?.contains("das ergäbe einen Kreis") == true)
  }

  @Test func `A shelter's address is public on none of its records`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let category = replicas.add(
      town, "taxonomy_term", "name=Frauenhaus", "code=frauenhaus"
    ).id
    let byCategory = replicas.add(
      town, "organization", "name=Haus", "categories=\(category)", "street=Birkenhain 3")
    #expect(byCategory.failure?.text.contains("street@coordination") == true)
    let shelter = replicas.add(town, "organization", "name=Haus", "categories=\(category)").id
    let place = replicas.add(town, "location", "name=Haus", "organization_id=\(shelter)").id
    let address = replicas.add(
      town, "address", "location_id=\(place)", "city=Halver", "address_1=Birkenhain 3")
    #expect(address.failure?.text.contains("address_1@coordination") == true)
    #expect(
      replicas.add(
        town, "address", "location_id=\(place)", "city=Halver",
        "address_1@coordination=Birkenhain 3"
      ).outcome == .done)

    let office = replicas.add(town, "organization", "name=Amt").id
    let house = replicas.add(town, "location", "name=Amt", "organization_id=\(office)").id
    let known = replicas.add(
      town, "address", "location_id=\(house)", "city=Halver", "address_1=Markt 1"
    ).id
    let late = replicas.edit(town, office, "confidential=ja")
    #expect(late.failure?.text.contains("die Anschrift in \(known)") == true)
  }

  @Test func `A rule that needs a first day is refused on an existing schedule too`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let id = replicas.add(town, "schedule", "rrule=FREQ=WEEKLY;BYDAY=TU").id
    let refused = replicas.edit(town, id, "rrule=FREQ=WEEKLY;INTERVAL=2;BYDAY=TU")
    #expect(refused.failure?.text.contains("dtstart") == true)
    #expect(
      replicas.edit(
        town, id, "rrule=FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "dtstart=2027-01-05"
      ).outcome == .done)
    #expect(replicas.edit(town, id, "dtstart=").outcome == .wrongUse)
  }

  @Test func `One element of a set leaves the others, and the last may not go`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let towns = ["Halver", "Balve"].enumerated().map { index, name in
      replicas.add(town, "municipality", "name=\(name)", "ags=0596201\(index)").id
    }
    let id = replicas.add(
      town, "network", "name=West", "municipalities=\(towns[0])|\(towns[1])"
    ).id
    #expect(replicas.edit(town, id, "municipalities-=\(towns[0])").outcome == .done)
    let last = replicas.edit(town, id, "municipalities-=\(towns[1])")
    #expect(last.failure?.text.contains("eine oder mehrere Kommunen") == true)
  }

  @Test func `Categories and municipalities are called by name, synonym or official key`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let kita = replicas.add(
      town, "taxonomy_term", "name=Kindertageseinrichtung", "synonyms=Kita\nKindergarten"
    ).id
    let halver = replicas.add(town, "municipality", "name=Halver", "ags=05962012").id
    let id = replicas.add(
      town, "organization", "name=Löwenzahn", "categories=Kita", "municipality_id=05962012"
    ).id
    #expect(replicas.show(town, id)?.field("categories") == .array([.string(kita)]))
    #expect(replicas.show(town, id)?.field("municipality_id") == .string(halver))
    let table = "external_id;name;categories;municipality_id\r\na;Haus;KINDERGARTEN;Halver\r\n"
    let answer = replicas.import(town, table, format: "csv", kind: "organization")
    #expect(answer.counts == [1, 0, 0, 0], "\(answer.errors)")
    #expect(replicas.show(town, "key:a")?.field("categories") == .array([.string(kita)]))
    let unknown = replicas.import(
      town, table.replacing("KINDERGARTEN", with: "Zirkus"), format: "csv", kind: "organization")
    #expect(unknown.errors.first?.contains("called „Zirkus“") == true)
  }

  @Test func `What looks like a case is taken with a warning, also by an import`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let added = replicas.add(town, "organization", "name=Kita", "note=Lena B., geb. 12.03.2015")
    #expect(added.outcome == .done)
    guard case .array(let warnings)? = added.rows.first?["warnings"] else {
      Issue.record("no warning")
      return
    }
    #expect(warnings.count == 1)
    #expect(replicas.edit(town, added.id, "note=Rückruf").rows.first?["warnings"] == nil)
    let rows = """
      {"kind":"organization","external_id":"a","name":"A","description":"Kita am Markt"}
      {"kind":"organization","external_id":"b","name":"B","note":"Az. 51-12/19"}
      """
    let report = try #require(replicas.import(town, rows).rows.first)
    #expect(report["warned"] == .integer(1))
    #expect(report["created"] == .integer(2))
    guard case .array(let lines)? = report["warnings"] else { return }
    #expect(lines.first?["line"] == .integer(2))
  }
}
