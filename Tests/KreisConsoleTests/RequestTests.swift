// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
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
          ("Ohne", []), ("Mit", [["field": "city", "value": "Balve", "now": "Halver"]]),
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
