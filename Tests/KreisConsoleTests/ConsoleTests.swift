// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import Testing

/// The console's pages, on a real store and executor.
@Suite struct ConsoleTests {
  @Test func `Search finds words in every spelling, in what belongs to it and with small errors`()
    async throws
  {
    let console = try await TestConsole()
    let term = try await console.add(
      "taxonomy_term",
      ["name": "Hebamme", "synonyms": "Geburtshilfe", "taxonomy": "Kategorien"])
    let school = try await console.add(
      "organization",
      ["name": "Grundschule Nachrodt-Wiblingwerde", "city": "Nachrodt", "phone": "0221 4710-316"])
    let midwife = try await console.add(
      "organization", ["name": "Praxis Müller", "city": "Schalksmühle", "categories": term])
    try await console.add(
      "service", ["name": "Erziehungsberatung", "organization_id": school])
    try await console.add(
      "contact",
      [
        "name": "Selma Weiß", "organization_id": school, "legal_basis": "public_task",
        "source": "Liste",
      ])
    for text in [
      "nachrodt", "Nachrodt-Wiblingwerde", "nachrodtwiblingwerde", "wiblingwerd", "4710316",
      "beratung", "Weiss", "weiß selma", "grundschule beratung", "Grudnschule", "Erzihungsberatung",
    ] {
      let rows = try await console.run("search", ["text": .string(text)])
      #expect(rows.dropFirst().map { $0["id"]?.text } == [school], "\(text)")
    }
    for text in ["Mueller", "muller", "MÜLLER", "hebame", "Geburtshilfe", "Schalksmuhle"] {
      let rows = try await console.run("search", ["text": .string(text)])
      #expect(rows.dropFirst().map { $0["id"]?.text } == [midwife], "\(text)")
    }
    for text in ["4710-317", "grundschule müller", "xyz"] {
      #expect(try await console.run("search", ["text": .string(text)]).count == 1, "\(text)")
    }
    // What changed, and what is gone, is found so at once.
    let name = try FieldChange(argument: "name=Praxis Meier", file: { $0 }).json
    try await console.run("edit", ["id": .string(midwife), "changes": .array([name])])
    #expect(try await console.run("search", ["text": "müller"]).count == 1)
    #expect(try await console.run("search", ["text": "meier"]).count == 2)
    try await console.run("delete", ["id": .string(midwife)])
    #expect(try await console.run("search", ["text": "meier"]).count == 1)
    #expect(try await console.run("search", [:]).first == ["total": .integer(1)])
  }

  @Test func `A list can be narrowed and comes in pages`() async throws {
    let console = try await TestConsole()
    let broad = try await console.add("taxonomy_term", ["name": "Beratung", "taxonomy": "K"])
    let narrow = try await console.add(
      "taxonomy_term", ["name": "Schuldnerberatung", "taxonomy": "K", "parent_id": broad])
    let town = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let network = try await console.add(
      "network", ["name": "Netzwerk West", "municipalities": town])
    var ids: [String] = []
    for number in 10..<40 {
      ids.append(try await console.add("organization", ["name": "Haus \(number)"]))
    }
    try await console.add(
      "service", ["name": "Rat", "organization_id": ids[0], "categories": narrow])
    try await console.add(
      "network_membership", ["network_id": network, "organization_id": ids[1]])
    try await console.add(
      "location", ["name": "Ort", "organization_id": ids[2], "municipality_id": town])
    try await console.add(
      "schedule",
      [
        "organization_id": ids[3], "rrule": "FREQ=DAILY", "opens_at": "00:00", "closes_at": "23:59",
      ])
    func names(_ query: String) async -> [String] {
      await console.get("/?" + query).text.matches(of: /<h3><a href="[^"]*">([^<]*)</).map {
        String($0.1)
      }
    }
    #expect(await names("kategorie=\(broad)") == ["Haus 10"])
    #expect(await names("netzwerk=\(network)") == ["Haus 11"])
    #expect(await names("ort=\(town)") == ["Haus 12"])
    #expect(await names("offen=1") == ["Haus 13"])
    let first = await names("")
    #expect(first.count == 25 && first.first == "Haus 10")
    #expect(await names("seite=2") == ["Haus 35", "Haus 36", "Haus 37", "Haus 38", "Haus 39"])
    let page = await console.get("/?q=haus&seite=2")
    #expect(page.text.contains("30 Organisationen") && page.text.contains("Seite 2 von 2"))
    #expect(page.text.contains("href=\"/?q=haus\" rel=\"prev\""))
  }

  @Test func `A record's page shows all that belongs to it, and to whom each value goes`()
    async throws
  {
    let console = try await TestConsole()
    let id = try await console.add(
      "organization",
      [
        "name": "Kita Löwenzahn", "phone": "0221 4710-316", "email": "kita@example.org",
        "website": "https://example.org/kita", "note": "Leitung wechselt", "languages": "de|tr",
      ])
    let place = try await console.add("location", ["name": "Haupthaus", "organization_id": id])
    try await console.add(
      "address", ["location_id": place, "address_1": "Am Markt 1", "city": "Halver"])
    let service = try await console.add("service", ["name": "Elterncafé", "organization_id": id])
    try await console.add(
      "schedule",
      [
        "service_id": service, "rrule": "FREQ=WEEKLY;BYDAY=MO", "opens_at": "09:00",
        "closes_at": "11:00",
      ])
    let page = await console.get("/eintrag/\(id)")
    #expect(page.status == 200)
    for text in [
      "<h1>Kita Löwenzahn</h1>", "href=\"tel:02214710316\"", "href=\"mailto:kita@example.org\"",
      "href=\"https://example.org/kita\" rel=\"noreferrer noopener\"", "Leitung wechselt",
      "Deutsch", "Türkisch", "Koordination", "Haupthaus", "Am Markt 1, Halver", "Elterncafé",
      "Noch nicht bestätigt", "Gepflegt von: Märkischer Kreis", "hat den Eintrag angelegt",
    ] { #expect(page.text.contains(text), "\(text)") }
    #expect(page.text.contains("montags") || page.text.contains("Mo"))
    let confirmed = await console.post("/eintrag/\(id)/bestaetigen", token: page.token, [])
    #expect(confirmed.status == 303)
    let after = await console.get(confirmed.fields["location"] ?? "")
    #expect(after.text.contains("Zuletzt bestätigt am 18.11.2026"))
    #expect(after.text.contains("Danke. Die Angaben sind als richtig bestätigt."))
    #expect(await console.get("/eintrag/\(id)/verlauf").text.contains("Zuletzt bestätigt am:"))
    #expect(await console.post("/eintrag/\(id)/loeschen", token: page.token, []).status == 303)
    let deleted = await console.get("/eintrag/\(id)").text
    #expect(deleted.contains("Wiederherstellen"))
    // Its offer is still there for families, and can be reached.
    #expect(deleted.contains("sehen Familien weiterhin") && deleted.contains("Elterncafé"))
    #expect(!page.text.contains("sehen Familien weiterhin"))
    #expect(
      await console.post("/eintrag/\(id)/wiederherstellen", token: page.token, []).status == 303)
    let acts = try await console.run("audit", [:]).compactMap { line -> String? in
      line["by"]?["via"] == "console" ? line["act"]?.text : nil
    }
    #expect(acts == ["confirm", "delete", "undelete"])
  }

  @Test func `What a record holds can never become markup`() async throws {
    let console = try await TestConsole()
    // A quotation mark with an accent is one character, and ends an attribute all the same.
    let evil = "\"\u{301} onfocus=alert(1) '><script>alert(2)</script>&amp;"
    let id = try await console.add(
      "organization", ["name": evil, "description": evil, "alternate_name": evil])
    for path in ["/", "/eintrag/\(id)", "/eintrag/\(id)/verlauf", "/?q=%22%CC%81%3E%3Cscript%3E"] {
      let page = await console.get(path)
      #expect(page.status == 200)
      #expect(!page.text.contains("<script>"))
      let bytes = Data(page.body)
      #expect(bytes.range(of: Data("\"\u{301}".utf8)) == nil, "\(path)")
      #expect(bytes.range(of: Data("&quot;\u{301}".utf8)) != nil, "\(path)")
    }
  }

  @Test func `Other pages in the same browser neither read nor change anything`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    for host in ["evil.example.org", "127.0.0.1.evil.example.org:\(console.port)", "[::2]", ""] {
      let answer = await console.get("/", ["Host": host])
      #expect(answer.status == 421 || answer.status == 400, "\(host)")
      #expect(!answer.text.contains("Haus"))
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80"] {
      #expect(await console.get("/", ["Host": host]).status == 200, "\(host)")
    }
    let page = await console.get("/eintrag/\(id)")
    let path = "/eintrag/\(id)/loeschen"
    let other = String(repeating: "0", count: 64)
    for fields: [String: String?] in [
      ["Origin": "http://evil.example.org"], ["Origin": "http://127.0.0.1:1"], ["Origin": "null"],
      ["Origin": nil], ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"],
      ["Cookie": nil], ["Cookie": "kreisnetz_formular=\(other)"],
    ] {
      let answer = await console.post(path, token: page.token, [], fields)
      #expect(answer.status == 403, "\(fields)")
      #expect(answer.text.contains("fremden Internetseiten"))
    }
    #expect(await console.get(path).status == 405)
    #expect(try await console.run("show", ["id": .string(id)]).first?["deleted"] == .bool(false))
    let fields = page.fields
    #expect(fields["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
    #expect(fields["x-frame-options"] == "DENY" && fields["referrer-policy"] == "same-origin")
    #expect(fields["set-cookie"]?.contains("HttpOnly; SameSite=Strict") == true)
    #expect(
      !page.text.contains("<style") && !page.text.contains(" style=") && !page.text.contains(" on"))
  }

  @Test func `Errors are pages in German, and too much is refused`() async throws {
    let console = try await TestConsole()
    let missing = "00000010-0001-8000-8000-000000000000"
    for path in ["/gibtsnicht", "/eintrag/abc", "/eintrag/\(missing)", "/eintrag/\(missing)/x"] {
      let answer = await console.get(path)
      #expect(answer.status == 404 && answer.text.contains("Hier ist nichts"), "\(path)")
      #expect(answer.text.contains("lang=\"de\""))
    }
    // No address is too short, or too long, for a page that says so.
    for word in [
      "eintrag", "konflikte", "neu", "rueckmeldungen", "faellig", "freigaben", "dubletten",
      "netzwerke", "druck", "daten", "loeschungen", "kreis", "ereignisse", "konto", "anmelden",
    ] {
      for path in ["/\(word)", "/\(word)/", "/\(word)/x", "/\(word)/x/y", "/\(word)/x/y/z"]
      where path != "/ereignisse" && path != "/ereignisse/" {
        for method in ["GET", "POST"] {
          let answer = await console.get(path, method: method)
          #expect(answer.text.contains("lang=\"de\"") || answer.status == 303, "\(method) \(path)")
        }
      }
    }
    #expect(await console.get("/%ff").status == 400)
    #expect(await console.get("/", method: "DELETE").status == 403)
    let token = await console.get("/").token
    let long = String(repeating: "x", count: 300_000)
    let answer = await console.post("/eintrag/\(missing)/loeschen", token: token, [("a", long)])
    #expect(answer.status == 413 && answer.text.contains("256 Kilobyte"))
    #expect(await console.get("/", ["X-Long": String(repeating: "x", count: 20_000)]).status != 200)
    let head = await console.get("/", method: "HEAD")
    #expect(head.status == 200 && head.body.isEmpty)
  }

  @Test func `A training realm is marked on every page`() async throws {
    let console = try await TestConsole(kreis: "SCHULUNG Märkischer Kreis")
    #expect(await console.get("/").text.contains("SCHULUNG – Übungsbestand, keine echten Daten"))
    #expect(await console.get("/nichts").text.contains("SCHULUNG – Übungsbestand"))
  }

  @Test func `Open pages learn of each commit, and do not keep the console from stopping`()
    async throws
  {
    let console = try await TestConsole()
    let (seen, tell) = AsyncStream<Void>.makeStream()
    let events = Task {
      await console.listen(for: "event: changed", "event: sync") { tell.finish() }
    }
    // What is written before the page listens is not told.
    let writing = Task {
      while !Task.isCancelled { try await console.add("organization", ["name": "Haus"]) }
    }
    for await _ in seen {}
    writing.cancel()
    _ = try? await writing.value
    try await console.stop()
    let answer = await events.value
    #expect(answer.status == 200 && answer.fields["content-type"] == "text/event-stream")
    #expect(answer.text.contains("event: changed") && answer.text.contains("event: sync"))
  }
}
