// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Testing

/// What forms do beyond typing: choose other records, say who reads, check while one types.
@Suite struct ReferenceFormTests {
  private func field(
    _ console: TestConsole, _ id: String, _ name: String
  ) async throws -> JSONValue? {
    try await console.run("show", ["id": .string(id)]).first?["fields"]?[name]
  }

  @Test func `A record to refer to is found by its name, and nothing typed is lost`() async throws {
    let console = try await TestConsole()
    let house = try await console.add("organization", ["name": "Haus", "city": "Halver"])
    let other = try await console.add("organization", ["name": "Kreisjugendamt", "city": "Balve"])
    let path = "/eintrag/\(house)/bearbeiten"
    let found = await console.fill(path) { form in
      form["q.parent_organization_id"] = "jugendamt"
      form["f.description"] = "Neu"
      form["f.phone"] = "kein Telefon"
    }
    #expect(found.status == 200)
    #expect(found.text.contains("1 gefunden. Bitte auswählen."))
    #expect(found.text.contains("value=\"\(other)\"><label"))
    #expect(found.text.contains("Balve"))
    #expect(found.text.contains(">\nNeu</textarea>"))
    // Where one only looked for something nothing is wrong yet.
    #expect(!found.text.contains("keine Telefonnummer"))
    var form = FormFields(found)
    form["f.parent_organization_id"] = other
    form["f.phone"] = ""
    let saved = await console.post(path, token: found.token, form.pairs)
    #expect(saved.status == 303)
    #expect(try await field(console, house, "parent_organization_id")?["value"]?.text == other)
    #expect(await console.get("/eintrag/\(house)").text.contains("Kreisjugendamt"))
    // It stays chosen, and can be taken away.
    #expect(FormFields(await console.get(path))["f.parent_organization_id"] == other)
    #expect(await console.fill(path) { $0["f.parent_organization_id"] = "" }.status == 303)
    #expect(try await field(console, house, "parent_organization_id") == nil)
    let none = await console.fill(path) { $0["q.parent_organization_id"] = "gibtsnicht" }
    #expect(none.text.contains("Dazu wurde nichts gefunden."))
  }

  @Test func `What is added from a record's page belongs to it, and leads back to it`() async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let place = try await console.add("location", ["name": "Haupthaus", "organization_id": id])
    let page = await console.get("/eintrag/\(id)").text
    for path in [
      "/neu/service?organization_id=\(id)", "/neu/schedule?organization_id=\(id)",
      "/neu/contact?organization_id=\(id)", "/neu/phone?organization_id=\(id)",
      "/neu/location?organization_id=\(id)", "/neu/address?location_id=\(place)",
      "/eintrag/\(place)/bearbeiten",
    ] { #expect(page.contains("href=\"\(path)"), "\(path)") }
    let saved = await console.fill("/neu/address?location_id=\(place)&zurueck=/eintrag/\(id)") {
      $0["f.city"] = "Halver"
    }
    #expect(saved.fields["location"] == "/eintrag/\(id)?meldung=gespeichert")
    #expect(await console.get("/eintrag/\(id)").text.contains("Halver"))
    let person = await console.fill("/neu/contact?organization_id=\(id)") { form in
      #expect(form["f.organization_id"] == id)
      form["f.name"] = "Selma Weiß"
      form["f.legal_basis"] = "public_task"
      form["f.source"] = "Liste"
    }
    #expect(person.fields["location"] == "/eintrag/\(id)?meldung=gespeichert")
    #expect(await console.get("/eintrag/\(id)").text.contains("Selma Weiß"))
    // Nobody is led elsewhere.
    for back in ["//evil.example.org/x", "/%5Cevil.example.org/\(id)", "https:/evil/\(id)"] {
      let form = await console.get("/neu/service?zurueck=\(back)")
      #expect(!form.text.contains("evil"), "\(back)")
    }
  }

  @Test func `A value goes to those who were chosen, and is gone where it stood`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "phone": "0221 4710-316"])
    let path = "/eintrag/\(id)/bearbeiten"
    #expect(FormFields(await console.get(path))["z.phone"] == "public")
    #expect(await console.fill(path) { $0["z.phone"] = "coordination" }.status == 303)
    let narrowed = try await field(console, id, "phone")
    #expect(narrowed?["scope"]?.text?.hasPrefix("coordination") == true)
    #expect(narrowed?["value"]?.text == "0221 4710-316")
    #expect(
      try await console.run("export", ["format": "ndjson", "scope": "public"])
        .allSatisfy { !"\($0)".contains("4710-316") })
    // To the public it goes back only if somebody says that this is meant.
    let asked = await console.fill(path) { $0["z.phone"] = "public" }
    #expect(asked.status == 422)
    #expect(asked.text.contains("Ja, das dürfen alle lesen, auch im Internet: Telefon (Zentrale)"))
    #expect(asked.text.contains("Das würde öffentlich"))
    #expect(try await field(console, id, "phone")?["scope"]?.text?.hasPrefix("coord") == true)
    var form = FormFields(asked)
    form["veroeffentlichen"] = "1"
    #expect(await console.post(path, token: asked.token, form.pairs).status == 303)
    #expect(try await field(console, id, "phone")?["scope"] == "public")
  }

  @Test func `What is ticked of a list goes to those who were chosen, too`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "languages": "de|tr"])
    let path = "/eintrag/\(id)/bearbeiten"
    let saved = await console.fill(path) { form in
      form["f.languages"] = "Deutsch, Arabisch"
      form["z.languages"] = "kreis"
    }
    #expect(saved.status == 303)
    let shown = try await field(console, id, "languages")
    #expect(shown?["scope"] == "kreis" && shown?["value"] == .array(["ar", "de"]))
    let rows = try await console.run("export", ["format": "ndjson", "scope": "public"])
    #expect(rows.allSatisfy { !"\($0)".contains("languages") })
  }

  @Test func `What is filled in goes no further than the record is known`() async throws {
    let console = try await TestConsole()
    let changes = try ["name@coordination=Frauenhaus", "city@coordination=Balve"].map {
      try FieldChange(argument: $0, file: { $0 }).json
    }
    let rows = try await console.run(
      "add", ["kind": "organization", "changes": .array(changes)])
    let id = rows.first?["id"]?.text ?? ""
    let saved = await console.fill("/eintrag/\(id)/bearbeiten") { form in
      #expect(form["z.street"] == "coordination")
      form["f.street"] = "Am Markt 1"
    }
    #expect(saved.status == 303)
    #expect(try await field(console, id, "street")?["scope"]?.text?.hasPrefix("coord") == true)
  }

  @Test func `A form is checked while it is filled in, by the rules by which it is saved`()
    async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let before = try await console.run("history", ["id": .string(id)]).count
    let checked = await console.fill("/eintrag/\(id)/bearbeiten") { form in
      form["f.phone"] = "kein Telefon"
      form["f.city"] = "Halver"
      form["pruefen"] = "1"
    }
    #expect(checked.status == 200 && checked.fields["content-type"] == "application/json")
    #expect(checked.text.contains("\"phone\":\"Das ist keine Telefonnummer"))
    #expect(!checked.text.contains("\"city\""))
    let hours = await console.fill("/neu/schedule?organization_id=\(id)") { form in
      form.tick("r.tag", "FR")
      form["f.opens_at"] = "08:00"
      form["pruefen"] = "1"
    }
    #expect(hours.text == #"{"errors":{},"hours":"Freitag ab 8:00 Uhr","others":{}}"#)
    #expect(try await console.run("history", ["id": .string(id)]).count == before)
    #expect(try await console.run("related", ["id": .string(id)]).isEmpty)
  }
}
