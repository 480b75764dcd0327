// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import Testing

/// What an export hands out, to whom.
@Suite struct ExportTests {
  private static let formats = ["ndjson", "csv", "vcard", "ical", "hsds"]

  private func export(
    _ replicas: Replicas, _ format: String, _ kinds: [String] = [], scope: String? = nil
  ) -> Answer {
    replicas.run(
      replicas.town,
      LocalRequest(
        "export",
        [
          "format": .string(format), "kinds": .array(kinds.map { .string($0) }),
          "scope": scope.map { .string($0) } ?? .null,
        ]))
  }

  /// All that goes out, and the notes.
  private func text(_ answer: Answer) -> String {
    answer.rows.map { row in
      if case .string(let text) = row["text"] { text } else { JSONWriter.text(of: row) }
    }.joined()
  }

  @Test func `Formats that leave the house hold public data unless more is asked for`()
    async throws
  {
    let replicas = try await Replicas()
    let town = replicas.town
    let office = replicas.add(
      town, "organization", "name=Amt", "phone=0221 4710-001", "phone@kreis=0221 4710-002",
      "note=Geheimnotiz"
    ).id
    _ = replicas.add(
      town, "contact", "name=Ayla Beispiel", "legal_basis=public_task", "source=Liste",
      "organization_id=\(office)",
      "phone=0221 4710-003",
      "mobile=0221 4710-004")
    for format in ["vcard", "hsds"] {
      let open = text(export(replicas, format))
      #expect(open.contains("0221 4710-001"), "\(format)")
      #expect(!open.contains("4710-002") && !open.contains("Ayla"), "\(format)")
      let partners = text(export(replicas, format, scope: "kreis"))
      // The narrowest value is the one that is shown.
      #expect(partners.contains("4710-002") && partners.contains("4710-003"), "\(format)")
      #expect(!partners.contains("4710-004") && !partners.contains("Geheimnotiz"), "\(format)")
    }
    #expect(text(export(replicas, "csv")).contains("Geheimnotiz"))
    for format in ["ndjson", "csv"] {
      let part = text(export(replicas, format, scope: "kreis"))
      #expect(part.contains("4710-001") && part.contains("4710-002"), "\(format)")
      #expect(!part.contains("4710-004") && !part.contains("Geheimnotiz"), "\(format)")
      #expect(!text(export(replicas, format, scope: "public")).contains("Ayla"), "\(format)")
    }
  }

  @Test(arguments: formats)
  func `A deleted record and a restricted person with numbers and roles never go out`(
    format: String
  ) async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let deleted = replicas.add(town, "organization", "name=Gestern GmbH").id
    _ = replicas.add(
      town, "schedule", "description=Verlassen", "dtstart=2027-02-01", "organization_id=\(deleted)")
    _ = replicas.run(town, LocalRequest("delete", ["id": .string(deleted)]))
    let office = replicas.add(town, "organization", "name=Amt").id
    let hidden = replicas.add(
      town, "contact", "name=Verborgene Person", "legal_basis=public_task", "source=Liste",
      "organization_id=\(office)", "restricted=ja",
      "phone@public=0221 4710-900", "name@public=Verborgene Person"
    ).id
    _ = replicas.add(town, "phone", "number@public=0221 4710-901", "contact_id@public=\(hidden)")
    _ = replicas.add(town, "role_assignment", "contact_id=\(hidden)", "role=Verborgenes Amt")
    _ = replicas.add(
      town, "schedule", "contact_id@public=\(hidden)", "dtstart=2027-02-01",
      "description=Sprechstunde")
    for scope in ["public", "kreis"] {
      let all = text(export(replicas, format, scope: scope))
      #expect(!all.contains("Gestern") && !all.contains("Verborgen"), "\(scope)")
      #expect(!all.contains("4710-900") && !all.contains("4710-901"), "\(scope)")
      #expect(all.contains(format == "ical" ? "Sprechstunde" : "Amt"), "\(scope)")
    }
    let shown = replicas.edit(town, hidden, "restricted=nein")
    #expect(shown.outcome == .done)
    #expect(text(export(replicas, format, scope: "kreis")).contains("Verborgen"))
  }

  @Test func `Tables are imported again without a change`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    let added = replicas.add(
      town, "organization", "name==1+1", "phone=+49 221 4710-001", "postal_code=01067",
      "sectors=health|education", "phone@kreis=0221 4710-002", "description=Zwei\nZeilen; \"so\"",
      "note=-Intern", "memo=@@hier", "minimum_age=0", "assured_date=1.3.2026", "single_person=ja",
      "languages=de|tr")
    #expect(added.outcome == .done, "\(added.failure?.text ?? "")")
    _ = replicas.add(town, "location", "name=Ort", "latitude=51.5", "organization_id=\(added.id)")
    _ = replicas.add(town, "municipality", "name=Halver", "ags=05962012")
    for kind in ["organization", "location", "municipality"] {
      let table = export(replicas, "csv", [kind])
      #expect(table.rows.allSatisfy { $0["file"] == .string("\(kind).csv") })
      let again = replicas.import(town, text(table), format: "csv", kind: kind)
      #expect(again.counts == [0, 0, 1, 0], "\(again.errors)")
    }
    #expect(text(export(replicas, "csv", ["location"])).contains("51,5"))
  }

  @Test func `What a format cannot say is told`() async throws {
    let replicas = try await Replicas()
    let town = replicas.town
    #expect(text(export(replicas, "vcard")).contains("Nothing of this is public"))
    _ = replicas.add(town, "network_meeting", "name@public=Forum", "date@public=--09-05")
    #expect(text(export(replicas, "ical")).contains("names no day of a year"))
    _ = replicas.add(town, "service", "name=Café")
    #expect(text(export(replicas, "hsds")).contains("without an organization"))
    for number in 1...25 { _ = replicas.add(town, "service", "name=Café \(number)") }
    let notes = export(replicas, "hsds").rows.filter { $0["note"] != nil }
    #expect(notes.count == 22)
    #expect(notes.contains { $0["note"] == "… and 6 more are left out." })
  }

  @Test(
    arguments: [
      ("xml", [], nil, "formats: ndjson, csv, vcard, ical, hsds"),
      ("vcard", [], "local", "scopes: kreis, public"), ("csv", [], "geheim", "no scope for csv"),
      ("ical", ["contact"], nil, "it takes schedule and network_meeting"),
      ("csv", ["organisation"], nil, "did you mean"),
    ] as [(String, [String], String?, String)])
  func `What cannot be exported is refused`(
    format: String, kinds: [String], scope: String?, reason: String
  ) async throws {
    let replicas = try await Replicas()
    let answer = export(replicas, format, kinds, scope: scope)
    #expect(answer.outcome == .wrongUse)
    #expect(answer.failure?.text.contains(reason) == true, "\(answer.failure?.text ?? "")")
  }
}
