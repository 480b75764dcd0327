// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import Synchronization
import Testing

/// Rückmeldungen: what others ask to change, and what is said to it.
@Suite struct RequestTests {
  /// A request, as a form sends it.
  private func file(_ console: TestConsole, _ id: String, phone: String) async throws -> String {
    let sent = await console.fill("/eintrag/\(id)/rueckmeldung") { form in
      form["f.phone"] = phone
      form["bemerkung"] = "Neue Nummer <seit> Mai"
    }
    #expect(sent.fields["location"] == "/eintrag/\(id)?meldung=gesendet")
    let rows = try await console.run("requests", [:])
    return try #require(rows.last?["id"]?.text)
  }

  private func status(_ console: TestConsole, _ request: String) async throws -> String? {
    try await console.run("requests", ["all": .bool(true)])
      .first { $0["id"]?.text == request }?["status"]?.text
  }

  @Test func `Who only asks gets an answer; there is nothing to take over`() async throws {
    // As another town's requests come.
    let console = try await TestConsole(handlers: [
      "requests": { call in
        try call.row(["total": .integer(2)])
        for (name, changes) in [
          ("Ohne", []), ("Mit", [["field": "city", "display": "Balve", "now_display": "Halver"]]),
        ] as [(String, [JSONValue])] {
          try call.row([
            "id": "1", "subject_name": .string(name), "subject_kind": "organization",
            "status": "open", "concerns": "answer", "changes": .array(changes),
          ])
        }
        return .done
      }
    ])
    let page = await console.get("/rueckmeldungen").text
    let parts = page.split(separator: "<section class=\"request\">").dropFirst().map(String.init)
    #expect(parts.count == 2)
    #expect(parts.first?.contains(">Annehmen</button>") == true, "\(page)")
    #expect(parts.last?.contains(">Annehmen und übernehmen</button>") == true, "\(page)")
  }

  @Test func `A request is shown with what would change, and accepting it changes that`()
    async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "phone": "0221 4710-316"])
    let request = try await file(console, id, phone: "0221 4710-400")
    let page = await console.get("/rueckmeldungen")
    for text in [
      "0221 4710-400", "bisher: 0221 4710-316", "Neue Nummer &lt;seit&gt; Mai",
    ] { #expect(page.text.contains(text), "\(text)") }
    let done = await console.post("/rueckmeldungen/\(request)/annehmen", token: page.token, [])
    #expect(done.fields["location"] == "/rueckmeldungen?meldung=beantwortet")
    let row = try await console.run("show", ["id": .string(id)]).first
    #expect(row?["fields"]?["phone"]?["value"] == "0221 4710-400")
    #expect(try await status(console, request) == "accepted")
    #expect(await console.get("/rueckmeldungen").text.contains("Zurzeit liegt nichts vor."))
    #expect(await console.get("/rueckmeldungen?alle=1").text.contains("Neue Nummer"))
    // What was decided is not decided again.
    let again = await console.post("/rueckmeldungen/\(request)/annehmen", token: page.token, [])
    #expect(again.status == 409 && again.text.contains("Das ist nicht mehr offen"))
    let one = try await console.run("requests", ["id": .string(request)])
    #expect(one.map { $0["id"]?.text } == [request])
    #expect(try await console.run("requests", ["id": .string(id)]).isEmpty)
  }

  @Test func `What is asked for reads as on the record's page, not as it is stored`() async throws {
    let console = try await TestConsole()
    var terms: [String] = []
    for name in ["Kita", "Hebamme", "Beratung"] {
      terms.append(try await console.add("taxonomy_term", ["name": .init(name)]))
    }
    let house = try await console.add(
      "organization",
      ["name": "Haus", "status": "active", "categories": "\(terms[0])|\(terms[1])"])
    let hours = try await console.add(
      "schedule",
      ["organization_id": house, "rrule": "FREQ=MONTHLY;BYDAY=1TU", "dtstart": "2026-05-05"])
    func ask(_ id: String, _ changes: [String]) async throws {
      let changes = try changes.map { try FieldChange(argument: $0, file: { $0 }).json }
      try await console.run("request", ["id": .string(id), "changes": .array(changes)])
    }
    try await ask(
      house,
      [
        "status=ended", "categories=\(terms[1])|\(terms[2])", "languages=de|tr",
        "phone@coordination=0221 4710-316",
      ])
    try await ask(house, ["categories+=\(terms[2])", "categories-=\(terms[0])"])
    try await ask(hours, ["rrule=FREQ=MONTHLY;BYDAY=2TU", "dtstart=2026-05-12"])
    let page = await console.get("/rueckmeldungen").text
    // Elements stand in the order of their ids.
    let before = terms[0] < terms[1] ? "Kita, Hebamme" : "Hebamme, Kita"
    for text in [
      "</span> beendet <span class=\"changed\">(bisher: aktiv)",
      "</span> Hebamme, Beratung <span class=\"changed\">(bisher: \(before))",
      "</span> Deutsch, Türkisch <", "<span class=\"scope\">Koordination</span>",
      "„Beratung“ hinzufügen", "„Kita“ entfernen",
      "jeden zweiten Dienstag im Monat <span class=\"changed\">(bisher: jeden ersten Dienstag",
      "12.05.2026 <span class=\"changed\">(bisher: 05.05.2026)",
    ] { #expect(page.contains(text), "\(text): \(page)") }
    for raw in ["ended", "FREQ=", "2026-05", "de|tr"] { #expect(!page.contains(raw), "\(raw)") }
    for term in terms { #expect(!page.contains(">\(term)") && !page.contains(" \(term)")) }
  }

  @Test func `What would become public is asked once more, and the answer stays typed`()
    async throws
  {
    // As another town's request comes: the page must offer to answer it.
    let open = Mutex("")
    let console = try await TestConsole(handlers: [
      "requests": { call in
        try call.row([
          "id": .string(open.withLock { $0 }), "subject_kind": "organization", "status": "open",
          "concerns": "answer",
          "changes": .array([
            ["field": "memo", "scope": "public", "operation": "=", "display": "Hof"]
          ]),
        ])
        return .done
      }
    ])
    let id = try await console.add("organization", ["name": "Haus", "memo": "intern"])
    let change = try FieldChange(argument: "memo@public=Hof", file: { $0 }).json
    let sent = try await console.run("request", ["id": .string(id), "changes": .array([change])])
    let request = try #require(sent.first?["id"]?.text)
    open.withLock { $0 = request }
    let token = await console.get("/neu/organization").token
    func answer(_ act: String, _ values: [(String, String)]) async -> TestConsole.Answer {
      await console.post("/rueckmeldungen/\(request)/\(act)", token: token, values)
    }
    let missing = await answer("ablehnen", [])
    #expect(missing.status == 422 && missing.text.contains("Es fehlt ein Text"))
    #expect(missing.text.contains("formaction=\"/rueckmeldungen/\(request)/ablehnen\""))
    #expect(!missing.text.contains("name=\"veroeffentlichen\""))
    let asked = await answer("annehmen", [("text", "Gern <doch>.")])
    #expect(asked.status == 422 && asked.text.contains("Das würde öffentlich"))
    #expect(asked.text.contains(">\nGern &lt;doch&gt;.</textarea>"), "\(asked.text)")
    let box = "<input type=\"checkbox\" id=\"v-\(request)\" name=\"veroeffentlichen\" value=\"1\">"
    #expect(asked.text.contains(box), "\(asked.text)")
    func memo() async throws -> JSONValue? {
      try await console.run("show", ["id": .string(id)]).first?["fields"]?["memo"]
    }
    #expect(try await memo()?["value"] == "intern")
    // Where the Kreis wants a second person, the role is asked for as well.
    try await console.run("policy", ["publication_release": "true"])
    let confirmed = [("text", "Gern."), ("veroeffentlichen", "1")]
    let role = await answer("annehmen", confirmed)
    #expect(role.status == 422 && role.text.contains("name=\"rolle\""), "\(role.text)")
    #expect(role.text.contains(box.replacing("\">", with: "\" checked>")))
    let done = await answer("annehmen", confirmed + [("rolle", "Leitung")])
    #expect(done.fields["location"] == "/rueckmeldungen?meldung=freigabe", "\(done.text)")
    #expect(try await console.run("list", ["kind": "publication"]).count == 1)
  }

  @Test func `Declining and asking back need a word why, and an answer reopens nothing`()
    async throws
  {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "phone": "0221 4710-316"])
    let request = try await file(console, id, phone: "0221 4710-400")
    let token = await console.get("/rueckmeldungen").token
    for act in ["ablehnen", "rueckfrage", "antworten"] {
      let answer = await console.post(
        "/rueckmeldungen/\(request)/\(act)", token: token, [("text", " \r\n ")])
      #expect(answer.status == 422 && answer.text.contains("Es fehlt ein Text"), "\(act)")
    }
    let asked = await console.post(
      "/rueckmeldungen/\(request)/rueckfrage", token: token, [("text", "Seit wann?")])
    #expect(asked.status == 303)
    #expect(try await status(console, request) == "question")
    #expect(await console.get("/rueckmeldungen").text.contains("Seit wann?"))
    let replied = await console.post(
      "/rueckmeldungen/\(request)/antworten", token: token, [("text", "Seit Mai.")])
    #expect(replied.status == 303)
    #expect(await console.get("/rueckmeldungen").text.contains("Seit Mai."))
    let declined = await console.post(
      "/rueckmeldungen/\(request)/ablehnen", token: token, [("text", "Die alte gilt.")])
    #expect(declined.status == 303)
    #expect(try await status(console, request) == "declined")
    let row = try await console.run("show", ["id": .string(id)]).first
    #expect(row?["fields"]?["phone"]?["value"] == "0221 4710-316")
  }

  @Test func `A request can be taken back, and a remark alone is one`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus", "note": "intern"])
    let form = await console.get("/eintrag/\(id)/rueckmeldung")
    // Notes that are not for whoever keeps the record are no part of it.
    #expect(!form.text.contains("name=\"f.note\"") && !form.text.contains("name=\"f.memo\""))
    let empty = await console.post(
      "/eintrag/\(id)/rueckmeldung", token: form.token, FormFields(form).pairs)
    #expect(empty.fields["location"] == "/eintrag/\(id)?meldung=unveraendert")
    let sent = await console.fill("/eintrag/\(id)/rueckmeldung") { $0["bemerkung"] = "Umgezogen." }
    #expect(sent.fields["location"] == "/eintrag/\(id)?meldung=gesendet")
    let request = try #require(try await console.run("requests", [:]).first?["id"]?.text)
    let taken = await console.post(
      "/rueckmeldungen/\(request)/zurueckziehen", token: form.token, [])
    #expect(taken.status == 303)
    #expect(try await status(console, request) == "withdrawn")
    for path in ["/rueckmeldungen/abc/annehmen", "/rueckmeldungen/\(request)/loeschen"] {
      #expect(await console.post(path, token: form.token, []).status == 404, "\(path)")
    }
    #expect(await console.get("/rueckmeldungen/\(request)/annehmen").status == 405)
  }
}
