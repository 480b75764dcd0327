// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Testing

/// Forms: what is typed is never lost, and nothing of others is overwritten unseen.
@Suite struct FormTests {
  private func fields(_ page: TestConsole.Answer) -> [(String, String)] { FormFields(page).pairs }

  private func with(
    _ fields: [(String, String)], _ name: String, _ value: String
  ) -> [(String, String)] {
    fields.filter { $0.0 != name } + [(name, value)]
  }

  private func value(_ console: TestConsole, _ id: String, _ field: String) async throws -> String?
  {
    try await console.run("show", ["id": .string(id)]).first?["fields"]?[field]?["display"]?.text
  }

  private func change(_ console: TestConsole, _ id: String, _ argument: String) async throws {
    let json = try FieldChange(argument: argument, file: { $0 }).json
    try await console.run("edit", ["id": .string(id), "changes": .array([json])])
  }

  @Test func `A new organization is entered, and an offer that belongs to it`() async throws {
    let console = try await TestConsole()
    let empty = await console.get("/neu/organization")
    var sent = fields(empty)
    let refused = await console.post("/neu/organization", token: empty.token, sent)
    #expect(refused.status == 422 && refused.text.contains("Bitte ausfüllen."))
    #expect(refused.text.contains("<title>Fehler: Organisation eintragen"))
    sent = with(
      with(with(sent, "f.name", "Kita Löwenzahn"), "f.languages", "Deutsch, Türkisch"), "f.phone",
      "0221 4710-316")
    sent.append(("f.sectors", "education"))
    let saved = await console.post("/neu/organization", token: empty.token, sent)
    #expect(saved.status == 303)
    let address = saved.fields["location"] ?? ""
    let page = await console.get(address)
    for text in ["<h1>Kita Löwenzahn</h1>", "Gespeichert.", "Türkisch", "Bildung", "0221 4710-316"]
    {
      #expect(page.text.contains(text), "\(text)")
    }
    let id = String(address.dropFirst("/eintrag/".count).prefix(36))
    let form = await console.get("/neu/service?organization_id=\(id)")
    let added = await console.post(
      "/neu/service", token: form.token, with(fields(form), "f.name", "Elterncafé"))
    #expect(added.fields["location"]?.hasPrefix("/eintrag/\(id)?") == true)
    #expect(await console.get("/eintrag/\(id)").text.contains("Elterncafé"))
    #expect(await console.get("/neu/policy").status == 404)
    #expect(await console.get("/neu/nichts").status == 404)
  }

  @Test func `What must not be empty is told at its field, together with all else`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "phone": "0221 4710-316"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    let sent = with(with(fields(form), "f.phone", "keine"), "f.name", " ")
    let refused = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent)
    #expect(refused.status == 422)
    #expect(refused.text.contains("<a href=\"#feld-name\">Name</a>: Bitte ausfüllen."))
    #expect(refused.text.contains("id=\"feld-name-fehler\""))
    #expect(refused.text.contains("id=\"feld-phone-fehler\""))
    #expect(try await value(console, id, "name") == "Haus")
  }

  @Test func `What was typed stays when it is refused, with the reason at its field`() async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "phone": "0221 4710-316"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    let sent = with(with(fields(form), "f.phone", "Zimmer <3>"), "f.description", "Neu\nund lang")
    let refused = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent)
    #expect(refused.status == 422)
    #expect(refused.text.contains("value=\"Zimmer &lt;3&gt;\""))
    #expect(refused.text.contains(">\nNeu\nund lang</textarea>"))
    #expect(refused.text.contains("id=\"feld-phone-fehler\""))
    #expect(refused.text.contains("Das ist keine Telefonnummer"))
    #expect(refused.text.contains("aria-describedby=\"feld-phone-fehler\" aria-invalid=\"true\""))
    #expect(try await value(console, id, "phone") == "0221 4710-316")
  }

  @Test func `Only what was changed is written, and nothing where nothing was`() async throws {
    let console = try await TestConsole()
    let id = try await console.add(
      "organization", ["name": "Haus", "phone": "0221 4710-316", "languages": "de|tr", "note": "x"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    let before = try await console.run("history", ["id": .string(id)]).count
    let same = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, fields(form))
    #expect(same.fields["location"] == "/eintrag/\(id)?meldung=unveraendert")
    #expect(try await console.run("history", ["id": .string(id)]).count == before)
    // A value stays in its scope.
    let sent = with(fields(form), "f.note", "y")
    #expect(await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent).status == 303)
    let row = try await console.run("show", ["id": .string(id)]).first
    #expect(row?["fields"]?["note"]?["value"] == "y")
    #expect(row?["fields"]?["note"]?["scope"]?.text?.hasPrefix("coordination") == true)
    #expect(try await console.run("history", ["id": .string(id)]).count == before + 1)
    let cleared = with(fields(await console.get("/eintrag/\(id)/bearbeiten")), "f.phone", "")
    #expect(
      await console.post("/eintrag/\(id)/bearbeiten", token: form.token, cleared).status == 303)
    #expect(try await value(console, id, "phone") == nil)
  }

  @Test func `Who was second sees the other's change beside his own, and decides`() async throws {
    let console = try await TestConsole()
    let id = try await console.add(
      "organization", ["name": "Haus", "phone": "0221 4710-316", "city": "Halver"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    try await change(console, id, "phone=0221 4710-400")
    try await change(console, id, "city=Balve")
    // The town was not touched in the form: it stays as the other wrote it.
    let sent = with(fields(form), "f.phone", "0221 4710-500")
    let second = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent)
    #expect(second.status == 422)
    #expect(second.text.contains("Das hat inzwischen jemand anderes geändert."))
    #expect(second.text.contains("Jetzt steht dort: 0221 4710-400 (Märkischer Kreis, "))
    #expect(second.text.contains("value=\"0221 4710-500\""))
    #expect(try await value(console, id, "phone") == "0221 4710-400")
    let again = await console.post(
      "/eintrag/\(id)/bearbeiten", token: second.token, fields(second))
    #expect(again.status == 303)
    #expect(try await value(console, id, "phone") == "0221 4710-500")
    #expect(try await value(console, id, "city") == "Balve")
  }

  @Test func `A form being filled in learns what others wrote, and only that`() async throws {
    let console = try await TestConsole()
    let id = try await console.add(
      "organization",
      ["name": "Haus", "phone": "0221 4710-316", "city": "Halver", "fax": "0221 4710-317"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    let sent = with(with(fields(form), "f.phone", "kein Telefon"), "pruefen", "1")
    let before = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent)
    #expect(before.text.hasSuffix(#""others":{}}"#))
    for argument in ["phone=0221 4710-400", "city=Balve", "fax="] {
      try await change(console, id, argument)
    }
    let after = await console.post("/eintrag/\(id)/bearbeiten", token: form.token, sent)
    let others = try JSONParser.parse(Array(after.text.utf8), limit: 1 << 16)["others"]
    // Also beside what is wrong by itself, and where nothing was typed.
    for (field, text) in ["phone": "0221 4710-400 (M", "city": "Balve (M", "fax": "nichts."] {
      #expect(others?[field]?.text?.contains(text) == true, "\(after.text)")
    }
    #expect(others?["name"] == nil)
  }

  @Test func `An edit of a field that is not as it was seen writes nothing`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "city": "Halver"])
    let row = try await console.run("show", ["id": .string(id), "versions": .bool(true)]).first
    let seen: JSONValue = ["city": row?["versions"]?["city"] ?? .null]
    try await change(console, id, "city=Balve")
    let json = try FieldChange(argument: "city=Kierspe", file: { $0 }).json
    let answer = try await console.run(
      "edit", ["id": .string(id), "changes": .array([json]), "seen": seen])
    #expect(answer.first?["changed_since"] == .array([.string("city")]))
    #expect(try await value(console, id, "city") == "Balve")
  }

  @Test func `Due records are confirmed together`() async throws {
    let console = try await TestConsole()
    let ids = [
      try await console.add("organization", ["name": "Haus A"]),
      try await console.add("organization", ["name": "Haus B", "assured_date": "2024-01-01"]),
    ]
    let page = await console.get("/faellig")
    #expect(page.text.contains("2 Einträge") && page.text.contains("noch nie bestätigt"))
    #expect(page.text.contains("fällig am 31.12.2024"))
    let done = await console.post("/faellig", token: page.token, ids.map { ("id", $0) })
    #expect(done.status == 303)
    #expect(await console.get("/faellig").text.contains("Zurzeit ist nichts fällig."))
  }

  @Test func `What is due names the organization that it belongs to, however far away`()
    async throws
  {
    let console = try await TestConsole()
    let today = "2026-11-01"
    let house = try await console.add(
      "organization", ["name": "Haus am Markt", "assured_date": today])
    let place = try await console.add(
      "location", ["name": "Hof", "organization_id": house, "assured_date": today])
    let offer = try await console.add("service", ["name": "Beratung", "organization_id": house])
    let there = try await console.add(
      "service_at_location",
      ["service_id": offer, "location_id": place, "assured_date": "2025-01-02"])
    try await console.add(
      "schedule",
      [
        "service_at_location_id": there, "rrule": "FREQ=WEEKLY;BYDAY=MO", "opens_at": "09:00",
        "closes_at": "12:00", "assured_date": "2025-01-03",
      ])
    try await console.add("working_group", ["name": "Runder Tisch"])
    let page = await console.get("/faellig").text
    let lines = page.matches(of: /<label for="e-[^"]*">([^<]*)<span class="hit-more">([^<]*)/)
      .map { "\($0.output.1)– \($0.output.2)" }
    #expect(
      lines.sorted() == [
        "Angebot am Standort – Angebot am Standort, Haus am Markt, ",
        "Beratung – Angebot, Haus am Markt, noch nie bestätigt",
        "Runder Tisch – Arbeitsgruppe, noch nie bestätigt",
        "Öffnungszeit – Öffnungszeit, Haus am Markt, ",
      ], "\(page)")
    #expect(page.contains("Ansehen<span class=\"hidden\">: Beratung, Haus am Markt</span>"))
  }
}
