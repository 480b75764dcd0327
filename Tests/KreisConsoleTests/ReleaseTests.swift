// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

@testable import KreisConsole

/// What a second person must release, where the console knows who sits there.
@Suite struct ReleaseTests {
  /// A console whose Kreis wants releases, with a person in its directory.
  private func console(
    _ signIn: ConsoleSignIn = .accounts
  ) async throws -> (console: TestConsole, person: String) {
    let console = try await TestConsole(signIn: signIn)
    for name in ["selma", "jan"] {
      try TestAccounts.add(name, .coordinating, to: console, proxied: signIn != .accounts)
    }
    try await console.run("policy", ["publication_release": "true"])
    let person = try await console.add(
      "contact", ["name": "Petra Beispiel", "legal_basis": "public_task", "source": "Liste"])
    return (console, person)
  }

  /// Asks for a title to become public.
  private func propose(
    _ title: String, _ visitor: Visitor, _ person: String
  ) async -> TestConsole.Answer {
    let path = "/eintrag/\(person)/bearbeiten"
    var form = FormFields(await visitor.get(path))
    form["f.title"] = title
    form["z.title"] = "public"
    form["veroeffentlichen"] = "1"
    // Whatever somebody types, the account counts.
    form["rolle"] = "Datenschutz"
    return await visitor.post(path, form.pairs)
  }

  private func waiting(_ console: TestConsole) async throws -> [JSONValue] {
    try await console.run("list", ["kind": "publication"])
  }

  @Test func `Who asked for a publication cannot release it, whatever role he states`()
    async throws
  {
    let (console, person) = try await console()
    let (selma, jan) = (Visitor(console), Visitor(console))
    await selma.signIn("selma")
    await jan.signIn("jan")
    let asked = await propose("Leitung", selma, person)
    #expect(asked.fields["location"] == "/eintrag/\(person)?meldung=freigabe")
    let row = try #require(try await waiting(console).first)
    #expect(row["requested_account"] == "selma" && row["requested_by"] == "Koordination")
    let id = try #require(row["id"]?.text)

    let own = await selma.get("/freigaben")
    #expect(own.text.contains("Beantragt von: selma (Koordination)"))
    #expect(own.text.contains("Das haben Sie selbst beantragt"))
    #expect(!own.text.contains("value=\"frei\"") && !own.text.contains("name=\"rolle\""))
    let refused = await selma.post(
      "/freigaben/\(id)", [("rolle", "Datenschutz"), ("entscheidung", "frei")])
    #expect(refused.status == 403)
    #expect(refused.text.contains("Diese Veröffentlichung haben Sie selbst beantragt"))
    #expect(!refused.text.contains("lang=\"en\""))
    #expect(try await waiting(console).count == 1)

    let others = await jan.get("/freigaben")
    #expect(others.text.contains("Beantragt von: selma (Koordination)"))
    let done = await jan.post("/freigaben/\(id)", [("entscheidung", "frei")])
    #expect(done.fields["location"] == "/freigaben?meldung=freigegeben")
    let shown = try await console.run("show", ["id": .string(person)]).first
    #expect(shown?["fields"]?["title"]?["scope"] == "public")

    let audit = try await console.run("audit", [:])
    let act = try #require(audit.last { $0["act"] == "release" })
    #expect(act["by"]?["for"] == "jan" || JSONWriter.text(of: act).contains("\"jan\""))
    let end = try #require(audit.last { $0["ends"] == act["number"] })
    #expect(end["about"]?["requested_account"] == "selma")
    #expect(end["about"]?["subject"]?.text == person)
    // Whoever was refused stands there too.
    #expect(audit.contains { $0["act"] == "release" && JSONWriter.text(of: $0).contains("selma") })
  }

  @Test func `Who asked can take it back, and its account leaves this machine nowhere`()
    async throws
  {
    let (console, person) = try await console()
    let selma = Visitor(console)
    await selma.signIn("selma")
    _ = await propose("Leitung", selma, person)
    let id = try #require(try await waiting(console).first?["id"]?.text)
    let row = try await console.run("show", ["id": .string(id)]).first
    #expect(row?["fields"]?["requested_account"]?["scope"] == "local")
    await selma.get("/freigaben")
    let done = await selma.post("/freigaben/\(id)", [("entscheidung", "nicht")])
    #expect(done.fields["location"] == "/freigaben?meldung=zurueckgezogen")
    #expect(try await waiting(console).isEmpty)
    let shown = try await console.run("show", ["id": .string(person)]).first
    #expect(shown?["fields"]?["title"] == nil)
  }

  @Test func `A name that a proxy states counts as an account`() async throws {
    let (console, person) = try await console(.proxy(header: "X-User", address: "127.0.0.1"))
    let (selma, jan) = (Visitor(console), Visitor(console))
    (selma.fields, jan.fields) = (["X-User": "selma"], ["X-User": "jan"])
    _ = await propose("Leitung", selma, person)
    let id = try #require(try await waiting(console).first?["id"]?.text)
    let refused = await selma.post("/freigaben/\(id)", [("entscheidung", "frei")])
    #expect(refused.status == 403)
    await jan.get("/freigaben")
    let done = await jan.post("/freigaben/\(id)", [("entscheidung", "frei")])
    #expect(done.fields["location"] == "/freigaben?meldung=freigegeben")
  }
}
