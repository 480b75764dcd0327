// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import Testing

@testable import KreisConsole

/// Erasing, importing and exporting at the console, on a real store and executor.
@Suite struct DataPageTests {
  // MARK: - Erasing

  @Test func `What an import does is told by names, and what a row lacks in words`() async throws {
    let console = try await TestConsole()
    try await console.add(
      "organization", ["name": "Haus am Markt", "external_id": "haus-1", "city": "Halver"])
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    let rows = "external_id,name,city\nhaus-1,Haus am Markt,Balve\nhaus-2,,Halver\n"
    let sent = await visitor.upload(
      "/daten/einlesen", [("art", "organization"), ("schluessel", "external_id")],
      file: ("datei", "liste.csv", Array(rows.utf8)))
    let preview = await visitor.get(try #require(sent.fields["location"], "\(sent.text)")).text
    #expect(preview.contains("<strong>Haus am Markt</strong> geändert"), "\(preview)")
    #expect(preview.contains("Name: fehlt (Pflichtfeld bei Organisation)."))
  }

  @Test func `What an import does reads as on the record's page, not as it is stored`()
    async throws
  {
    let console = try await TestConsole()
    for (name, code) in [("Kita", "kita"), ("Hebamme", "hebamme")] {
      try await console.add("taxonomy_term", ["name": .init(name), "external_id": .init(code)])
    }
    try await console.add(
      "organization",
      [
        "name": "Haus", "external_id": "haus-1", "status": "active", "categories": "key:kita",
        "assured_date": "2025-05-21",
      ])
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    let rows =
      "external_id,name,status,categories,assured_date\n"
      + "haus-1,Haus,ended,key:hebamme,2026-05-21\nhaus-2,Hof,planned,key:kita,2026-06-01\n"
    let sent = await visitor.upload(
      "/daten/einlesen", [("art", "organization"), ("schluessel", "external_id")],
      file: ("datei", "liste.csv", Array(rows.utf8)))
    let preview = await visitor.get(try #require(sent.fields["location"], "\(sent.text)")).text
    for text in [
      "<del>aktiv</del> beendet", "<del>Kita</del>", "</span> Hebamme <",
      "<del>21.05.2025</del> 21.05.2026", "</span> Kita <", "01.06.2026",
    ] { #expect(preview.contains(text), "\(text): \(preview)") }
    #expect(!preview.contains("key:"))
  }

  @Test func `An erasure says what goes, asks once more, and ends in a certificate`() async throws {
    let console = try await TestConsole()
    let house = try await console.add("organization", ["name": "Kita Löwenzahn"])
    let person = try await console.add(
      "contact",
      [
        "name": "Selma Weiß", "organization_id": house, "legal_basis": "public_task",
        "source": "Liste", "phone": "0221 4710-316",
      ])
    let phone = try await console.add(
      "phone", ["number": "0221 4710-317", "contact_id": person])
    let visitor = Visitor(console)
    let record = await visitor.get("/eintrag/\(person)")
    #expect(record.text.contains("/eintrag/\(person)/vernichten"))
    let page = await visitor.get("/eintrag/\(person)/vernichten")
    #expect(page.status == 200 && page.text.contains("unwiederbringlich"))
    #expect(page.text.contains(phone))
    let shown = { try await console.run("show", ["id": .string(person)]).first }
    for (values, what) in [
      ([("sicher", "1")], "Bitte ausfüllen"), ([("grund", "Antrag nach Art. 17")], "gelesen haben"),
      ([("grund", "Frau Weiß hat darum gebeten"), ("sicher", "1")], "nicht nennen"),
    ] {
      let refused = await visitor.post("/eintrag/\(person)/vernichten", values)
      #expect(refused.status == 422 && refused.text.contains(what), "\(what)")
      #expect(refused.text.contains("Noch nichts gelöscht"))
      #expect(!refused.text.contains("lang=\"en\""))
    }
    #expect(try await shown()?["fields"]?["phone"]?["value"]?.text == "0221 4710-316")
    #expect(
      try await !console.run("audit", [:]).contains {
        $0["act"] == "erase" && $0["outcome"] == "done"
      })
    let done = await visitor.post(
      "/eintrag/\(person)/vernichten",
      [("grund", "Antrag nach Art. 17 DSGVO"), ("sicher", "1"), ("mit", phone)])
    #expect(done.fields["location"] == "/loeschungen/\(person)?meldung=vernichtet")
    let list = await visitor.get("/loeschungen")
    #expect(list.text.contains(person) && list.text.contains(phone))
    let certificate = await visitor.get("/loeschungen/\(person)")
    #expect(certificate.status == 200)
    for text in [
      "Löschbestätigung", person, "Antrag nach Art. 17 DSGVO", "Märkischer Kreis",
      "Außer Reichweite dieser Löschung", "signierte Erklärung",
    ] {
      #expect(certificate.text.contains(text), "\(text)")
    }
    #expect(!certificate.text.contains("Selma"))
    // The same as a text to be filed.
    #expect(certificate.text.contains("href=\"/loeschungen/\(person)/text\""))
    let file = await visitor.get("/loeschungen/\(person)/text")
    #expect(file.fields["content-type"] == "text/plain; charset=utf-8")
    #expect(file.fields["content-disposition"]?.contains("loeschbestaetigung-\(person)-") == true)
    for text in [
      "LÖSCHBESTÄTIGUNG\r\n", "Eintrag: \(person)\r\n", "Grund: Antrag nach Art. 17 DSGVO\r\n",
      "Außer Reichweite", "- Quelllisten anderer Programme",
    ] {
      #expect(file.text.contains(text), "\(text)")
    }
    #expect(!file.text.contains("Selma") && !file.text.contains("<"))
    #expect(await visitor.get("/loeschungen/\(person)/andere").status == 404)
    #expect(await visitor.get("/loeschungen/\(house)").status == 404)
    await #expect(throws: CommandError.self) {
      try await console.run("erase", ["id": .string(person), "only": .bool(true)])
    }
  }

  @Test func `Only administrators erase, and everybody may see the proof`() async throws {
    let console = try await TestConsole(signIn: .accounts)
    try TestAccounts.add("karl", .coordinating, to: console)
    let id = try await console.add("organization", ["name": "Kita Löwenzahn"])
    let visitor = Visitor(console)
    await visitor.signIn("karl")
    #expect(!(await visitor.get("/eintrag/\(id)").text.contains("/vernichten")))
    #expect(await visitor.get("/eintrag/\(id)/vernichten").status == 403)
    let refused = await visitor.post(
      "/eintrag/\(id)/vernichten", [("grund", "Antrag"), ("sicher", "1")])
    #expect(refused.status == 403)
    #expect(try await console.run("erasures", [:]).isEmpty)
    #expect(await visitor.get("/loeschungen").status == 200)
  }

  // MARK: - Importing

  private func send(
    _ visitor: Visitor, _ file: String, named name: String, _ values: [(String, String)] = []
  ) async -> TestConsole.Answer {
    await visitor.upload(
      "/daten/einlesen", [("art", "organization"), ("schluessel", "name,city")] + values,
      file: ("datei", name, Array(file.utf8)))
  }

  @Test func `A file is shown before it is imported, and then all or nothing`() async throws {
    let console = try await TestConsole()
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    let first = "name,city,phone\nHaus Nord,Halver,0221 4710-316\nHaus Süd,Balve,0221 4710-317\n"
    let answer = await send(visitor, first, named: "C:\\Listen\\häuser.csv")
    let place = try #require(answer.fields["location"])
    let preview = await visitor.get(place)
    #expect(preview.text.contains("Haus Nord") && preview.text.contains("2 Einträge einlesen"))
    #expect(preview.text.contains("<h1>Vorschau: häuser.csv</h1>"))
    #expect(try await console.run("list", ["kind": "organization"]).isEmpty)
    #expect(await visitor.post("\(place)/ausfuehren", []).fields["location"] == place)
    #expect(await visitor.get(place).text.contains("<h1>Eingelesen</h1>"))
    #expect(try await console.run("list", ["kind": "organization"]).count == 2)
    // Once is enough.
    #expect(await visitor.post("\(place)/ausfuehren", []).fields["location"] == place)

    let second =
      "name,city,phone\nHaus Nord,Halver,0221 4710-999\nHaus Süd,Balve,kein Telefon\nHaus Ost,Plettenberg,\n"
    let next = try #require(await send(visitor, second, named: "häuser.csv").fields["location"])
    let page = await visitor.get(next)
    #expect(page.text.contains("<del>0221 4710-316</del> 0221 4710-999"))
    #expect(page.text.contains("Zeile 3") && page.text.contains("Telefon"))
    #expect(page.text.contains("Die übrigen einlesen: 2 Einträge"))
    // Whoever does not say that the others are to be taken gets nothing.
    #expect(await visitor.post("\(next)/ausfuehren", []).fields["location"] == next)
    #expect(try await console.run("list", ["kind": "organization"]).count == 2)
    await visitor.post("\(next)/ausfuehren", [("uebrige", "1")])
    #expect(try await console.run("list", ["kind": "organization"]).count == 3)
    let acts = try await console.run("audit", [:]).filter { $0["act"] == "import" }
    #expect(acts.count == 3 && acts.allSatisfy { $0["by"]?["via"] == "console" })

    let gone = try #require(await send(visitor, first, named: "a.csv").fields["location"])
    #expect(await visitor.post("\(gone)/verwerfen", []).status == 303)
    #expect(await visitor.get(gone).fields["location"] == "/daten/einlesen?meldung=weg")
    let files = try FileManager.default.contentsOfDirectory(atPath: console.root.path)
    #expect(!files.contains { $0.hasPrefix("import-") })
  }

  @Test func `A conflict that a file decides is told before it is imported, and afterwards`()
    async throws
  {
    let console = try await TestConsole()
    let house = try await console.add(
      "organization",
      ["name": "Haus Nord", "external_id": "haus-1", "phone": "0221 4710-316"])
    try await console.disagree(house, "phone", "0221 4710-317")
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    func send(_ file: String) async throws -> String {
      let answer = await visitor.upload(
        "/daten/einlesen", [("art", "organization"), ("schluessel", "external_id")],
        file: ("datei", "liste.csv", Array(file.utf8)))
      return try #require(answer.fields["location"], "\(answer.text)")
    }
    let heading = "<h2 id=\"entschieden\">"
    let harmless = await visitor.get(try await send("external_id,name\nhaus-1,Haus Süd\n"))
    #expect(harmless.text.contains("Haus Süd") && !harmless.text.contains(heading))
    let place = try await send("external_id,name,phone\nhaus-1,Haus Nord,0221 4710-318\n")
    let preview = await visitor.get(place).text
    let line = "<a href=\"/eintrag/\(house)\">Haus Nord</a>: Telefon"
    for text in [
      heading, line, "<dt>Widersprüche entschieden</dt><dd>1</dd>",
      "Wird die Datei eingelesen, gilt", "auch eingetragen: 0221 4710-31",
    ] {
      #expect(preview.contains(text), "\(text): \(preview)")
    }
    #expect(try await console.run("conflicts", [:]).count == 1)
    #expect(await visitor.post("\(place)/ausfuehren", []).status == 303)
    let done = await visitor.get(place).text
    for text in [heading, line, "Jetzt gilt, was in der Datei steht"] {
      #expect(done.contains(text), "\(text): \(done)")
    }
    #expect(try await console.run("conflicts", [:]).isEmpty)
  }

  @Test func `What cannot be read is said in German beside the form`() async throws {
    let console = try await TestConsole()
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    for (file, name, what) in [
      ("", "leer.csv", "Bitte wählen Sie eine Datei"), ("x", "liste.xlsx", "CSV UTF-8"),
      ("name,name\na,b\n", "a.csv", "kommt zweimal vor"),
      ("name,gibtsnicht\na,b\n", "a.csv", "gibtsnicht"),
    ] {
      let answer = await send(visitor, file, named: name)
      #expect(answer.status == 422 && answer.text.contains(what), "\(name) \(what)")
    }
    let place = try #require(
      await send(
        visitor, "name,city\n\"offen,Halver\n", named: "a.csv", [("schluessel", "external_id")]
      ).fields["location"])
    let page = await visitor.get(place)
    #expect(page.text.contains("Anführungszeichen aus Zeile 2 wird nirgends geschlossen"))
    #expect(!page.text.contains("ausfuehren"))
  }

  @Test func `A file is its sender's alone, and its size is bounded`() async throws {
    let console = try await TestConsole(signIn: .accounts)
    for (name, role) in [
      ("karl", ConsoleRole.coordinating), ("jan", .coordinating), ("rita", .reading),
    ] {
      try TestAccounts.add(name, role, to: console)
    }
    let (karl, jan, rita) = (Visitor(console), Visitor(console), Visitor(console))
    await karl.signIn("karl")
    await jan.signIn("jan")
    await rita.signIn("rita")
    for visitor in [karl, jan, rita] { await visitor.get("/konto") }
    let file = "name,city\nHaus Nord,Halver\n"
    let place = try #require(await send(karl, file, named: "a.csv").fields["location"])
    #expect(await jan.get(place).status == 303)
    #expect(await jan.post("\(place)/ausfuehren", []).status == 410)
    #expect(await rita.get(place).status == 403)
    #expect(await send(rita, file, named: "a.csv").status == 403)
    #expect(try await console.run("list", ["kind": "organization"]).isEmpty)
    let long = "name,city\n" + String(repeating: "Haus,Halver\n", count: 30_000)
    #expect(await send(rita, long, named: "a.csv").status == 413)
    #expect([303, 422].contains(await send(karl, long, named: "a.csv").status))
    let endless = String(repeating: "x", count: Console.uploadLimit + 400_000)
    #expect(await send(karl, endless, named: "a.csv").status == 413)
    #expect(
      await Visitor(console).upload(
        "/daten/einlesen", [], file: ("datei", "a.csv", Array(file.utf8))
      ).status == 403)
  }

  @Test func `A form with files is read as browsers write it, and nothing else is`() {
    let boundary = "----WebKitFormBoundaryA"
    func body(_ parts: [String], end: String = "--") -> [UInt8] {
      Array((parts.map { "--\(boundary)\r\n\($0)\r\n" }.joined() + "--\(boundary)\(end)\r\n").utf8)
    }
    let whole = body([
      "Content-Disposition: form-data; name=\"token\"\r\n\r\nabc",
      "Content-Disposition: form-data; name=\"datei\"; filename=\"a %22b%22.csv\"\r\n"
        + "Content-Type: text/csv\r\n\r\n1\r\n--2\r\n",
      "Content-Disposition: form-data; name=\"leer\"\r\n\r\n",
    ])
    let form = MultipartForm(whole, boundary: boundary)
    #expect(form?.values.map(\.name) == ["token", "leer"])
    #expect(form?.values.map(\.value) == ["abc", ""])
    #expect(form?.files["datei"]?.name == "a \"b\".csv")
    #expect(form.map { Array($0.files["datei"]?.bytes ?? []) } == Array("1\r\n--2\r\n".utf8))
    #expect(
      MultipartForm.boundary(of: "multipart/form-data; boundary=\"\(boundary)\"") == boundary)
    #expect(MultipartForm.boundary(of: "application/x-www-form-urlencoded") == nil)
    #expect(MultipartForm(Array("--A\r\n--A--\r\n".utf8), boundary: "A") == nil)
    #expect(MultipartForm(body([]) + body([]), boundary: boundary)?.values.isEmpty == true)
    // Cut off anywhere, or with any byte changed, it is refused or read, and never a crash.
    for length in 0..<(whole.count - 4) {
      #expect(MultipartForm(Array(whole[..<length]), boundary: boundary) == nil, "\(length)")
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3_000 {
      var changed = whole
      for _ in 0...Int.random(in: 0...3, using: &generator) {
        changed[Int.random(in: changed.indices, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      }
      _ = MultipartForm(changed, boundary: boundary)
    }
  }

  // MARK: - Exporting

  @Test func `What goes out is what was chosen, and it is noted`() async throws {
    let console = try await TestConsole(signIn: .accounts)
    try TestAccounts.add("karl", .coordinating, to: console)
    try TestAccounts.add("rita", .reading, to: console)
    try await console.add(
      "organization",
      ["name": "Kita Löwenzahn", "phone": "0221 4710-316", "note": "Leitung wechselt"])
    let visitor = Visitor(console)
    await visitor.signIn("karl")
    await visitor.get("/daten/ausgeben")
    let file = await visitor.post(
      "/daten/ausgeben", [("kreis", "public"), ("format", "csv"), ("art", "organization")])
    #expect(file.status == 200 && file.fields["content-type"]?.hasPrefix("text/csv") == true)
    let name = try #require(file.fields["content-disposition"])
    #expect(name.hasPrefix("attachment; filename=\"kreisnetz-organization-oeffentlich-"))
    #expect(file.text.contains("Kita Löwenzahn") && !file.text.contains("Leitung wechselt"))
    #expect(file.fields["content-length"] == String(file.body.count))
    let all = await visitor.post(
      "/daten/ausgeben", [("kreis", "coordination"), ("format", "ndjson")])
    #expect(all.text.contains("Leitung wechselt"))
    #expect(all.fields["content-disposition"]?.contains("INTERN") == true)
    let refused = await visitor.post(
      "/daten/ausgeben", [("kreis", "coordination"), ("format", "vcard")])
    #expect(refused.status == 422 && refused.text.contains("Internes gibt es als CSV"))
    let nothing = await visitor.post("/daten/ausgeben", [("kreis", "public"), ("format", "ical")])
    #expect(nothing.status == 200 || nothing.status == 422)
    let exports = try await console.run("audit", [:]).filter { $0["act"] == "export" }
    #expect(exports.count >= 2)
    #expect(exports.allSatisfy { $0["by"]?["account"]?.text == "karl" })
    #expect(exports.first?["about"]?["scope"] == "public")
    let reader = Visitor(console)
    await reader.signIn("rita")
    #expect(await reader.get("/daten/ausgeben").status == 403)
    #expect(
      await reader.post("/daten/ausgeben", [("kreis", "local"), ("format", "ndjson")]).status == 403
    )
  }
}
