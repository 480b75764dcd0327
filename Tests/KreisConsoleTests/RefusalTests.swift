// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import KreisStore
import Testing

@testable import KreisConsole

/// What cannot be done is said in German, to people who see no commands.
@Suite struct RefusalTests {
  @Test func `A page that waits comes anew by itself, without script too; what was sent does not`()
    async throws
  {
    let console = try await TestConsole(handlers: [
      "search": { _ in throw CommandError(.notNow, "reading", .unread) },
      "hub-withdraw": { _ in throw CommandError(.notNow, "reading", .unread) },
    ])
    let waiting = await console.get("/")
    #expect(waiting.status == 503 && waiting.fields["retry-after"] == "2")
    let again = "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"
    #expect(waiting.text.contains(again), "\(waiting.text)")
    let token = await console.get("/kreis/mitglieder").token
    let sent = await console.post(
      "/kreis/mitglieder/zurueckziehen", token: token, [("name", "balve")])
    #expect(sent.status == 503 && !sent.text.contains("http-equiv=\"refresh\""))
    #expect(await !console.get("/netzwerke").text.contains("http-equiv=\"refresh\""))
  }

  @Test func `No refusal that a page can show has a word of the command line`() async throws {
    let console = try await TestConsole()
    let id = try await console.add("organization", ["name": "Haus"])
    let erased = try await console.add("organization", ["name": "Weg"])
    let form = await console.get("/eintrag/\(id)/bearbeiten")
    var late = FormFields(form)
    late["f.city"] = "Halver"
    let token = form.token
    try await console.run("delete", ["id": .string(id)])
    try await console.run(
      "erase", ["id": .string(erased)], reason: "Auf Wunsch")
    let answers = [
      await console.post("/eintrag/\(id)/bearbeiten", token: token, late.pairs),
      await console.get("/eintrag/\(id)/bearbeiten"),
      await console.post("/eintrag/\(id)/loeschen", token: token, []),
      await console.post("/eintrag/\(id)/bestaetigen", token: token, []),
      await console.post("/eintrag/\(erased)/loeschen", token: token, []),
      await console.post("/rueckmeldungen/\(id)/annehmen", token: token, []),
    ]
    for answer in answers {
      #expect((400..<500).contains(answer.status))
      #expect(!answer.text.contains("lang=\"en\""))
      for word in ["kreisnetz undelete", "restore", " is ", "deleted", "erased", "there "] {
        #expect(!answer.text.contains(word), "\(word): \(answer.text)")
      }
    }
    #expect(answers[0].status == 409 && answers[0].text.contains("Der Eintrag ist gelöscht"))
    #expect(answers[2].text.contains("Der Eintrag ist gelöscht"))
    #expect(await console.post("/eintrag/\(id)/wiederherstellen", token: token, []).status == 303)
    let again = await console.post("/eintrag/\(id)/wiederherstellen", token: token, [])
    #expect(again.text.contains("Der Eintrag ist nicht gelöscht"))
  }

  @Test func `Every rejection has its sentence, and every reason of an import is German`() {
    // What is wrong with values the error itself says in German.
    for rejection in Rejection.allCases where rejection != .invalid {
      #expect(Refusal(rejection) != nil, "\(rejection)")
    }
    for reason in [
      "the mapping, line 3: records is empty", "unknown field „nmae“ of organization; fields: name",
      "several records have the external id 'a'; use an id", "line 4: longer than 9 bytes",
      "this is neither an organization nor a service of HSDS",
    ] {
      let said = ImportReason(reason)
      #expect(said.original == nil && !said.text.contains(" the "), "\(said.text)")
    }
    let unknown = ImportReason("postal_code: „5“ ist keine Postleitzahl. · something else is wrong")
    #expect(unknown.text.hasPrefix("Postleitzahl: „5“ ist keine Postleitzahl. · Das passt nicht"))
    #expect(unknown.original == "something else is wrong")
  }

  @Test func `Where the Kreis wants a release, the form asks for the role and says that it waits`()
    async throws
  {
    let console = try await TestConsole()
    try await console.run("policy", ["publication_release": "true"])
    let id = try await console.add(
      "contact",
      [
        "name": "Selma Weiß", "legal_basis": "public_task", "source": "Liste",
      ])
    let path = "/eintrag/\(id)/bearbeiten"
    let first = await console.fill(path) { form in
      form["f.title"] = "Leitung"
      form["z.title"] = "public"
    }
    #expect(first.text.contains("Das würde öffentlich"))
    var form = FormFields(first)
    form["veroeffentlichen"] = "1"
    let second = await console.post(path, token: first.token, form.pairs)
    #expect(second.text.contains("In welcher Rolle beantragen Sie"))
    form = FormFields(second)
    form["rolle"] = "Koordination"
    let third = await console.post(path, token: second.token, form.pairs)
    #expect(third.fields["location"] == "/eintrag/\(id)?meldung=freigabe")
    let waiting = try await console.run("list", ["kind": "publication"])
    let publication = try #require(waiting.first?["id"]?.text)
    #expect(await console.get("/konflikte").text.contains("freizugeben: 1 Angabe"))
    let list = await console.get("/freigaben")
    for text in ["Selma Weiß", "Funktion:</span> Leitung", "Beantragt von: Koordination"] {
      #expect(list.text.contains(text), "\(text)")
    }
    func release(_ role: String) async -> TestConsole.Answer {
      await console.post(
        "/freigaben/\(publication)", token: list.token,
        [("rolle", role), ("entscheidung", "frei")])
    }
    #expect(await release(" ").text.contains("Es fehlt die Rolle"))
    let same = await release("koordination")
    #expect(same.status == 403 && same.text.contains("Das muss jemand anderes freigeben"))
    #expect(await release("Leitung").fields["location"] == "/freigaben?meldung=freigegeben")
    let row = try await console.run("show", ["id": .string(id)]).first
    #expect(row?["fields"]?["title"]?["scope"] == "public")
    #expect(await release("Leitung").status >= 400)
  }
}
