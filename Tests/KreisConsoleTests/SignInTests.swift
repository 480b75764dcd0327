// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisStore
import Testing

@testable import KreisConsole

/// Accounts for tests: their password is always the same, and quickly looked at.
enum TestAccounts {
  static let password = "drei kleine Wörter"
  private static let hash = try? PasswordHash(
    of: password, salt: [UInt8](repeating: 7, count: 16),
    cost: PasswordHash.Cost(logRounds: 10, blockSize: 8, parallelism: 1))

  static func add(
    _ name: String, _ role: ConsoleRole, to console: TestConsole, proxied: Bool = false
  )
    throws
  {
    let book = AccountBook(in: try StateDirectory.open(console.root.path))
    try book.change { accounts in
      accounts[name] = ConsoleAccount(
        name: name, role: role, password: proxied ? nil : hash, since: 1_795_000_000)
    }
  }
}

/// Signing in, over real sockets.
@Suite struct SignInTests {
  private func console(_ accounts: (String, ConsoleRole)...) async throws -> TestConsole {
    let console = try await TestConsole(signIn: .accounts)
    for (name, role) in accounts { try TestAccounts.add(name, role, to: console) }
    return console
  }

  @Test func `Nobody sees or changes anything before signing in, or after signing out`()
    async throws
  {
    let console = try await console(("selma", .coordinating))
    let id = try await console.add("organization", ["name": "Kita Löwenzahn"])
    let visitor = Visitor(console)
    for path in ["/", "/eintrag/\(id)", "/konto", "/faellig", "/gibtsnicht"] {
      let answer = await visitor.get(path)
      #expect(answer.status == 303, "\(path)")
      #expect(answer.fields["location"]?.hasPrefix("/anmelden") == true, "\(path)")
    }
    let events = await visitor.get("/ereignisse", ["Sec-Fetch-Mode": "cors"])
    #expect(events.status == 403)
    #expect(await visitor.get("/console.css").status == 200)
    let page = await visitor.get("/anmelden?ziel=/eintrag/\(id)")
    #expect(page.status == 200 && !page.text.contains("<nav") && !page.text.contains("abgleich"))
    let blind = await visitor.post("/eintrag/\(id)/loeschen", [])
    #expect(blind.status == 403 && !blind.text.contains("Löwenzahn"))
    #expect(try await console.run("show", ["id": .string(id)]).first?["deleted"] == .bool(false))

    let wrong = await visitor.signIn("selma", "drei große Wörter")
    #expect(wrong.status == 403 && wrong.text.contains("Name oder Passwort stimmt nicht"))
    let unknown = await visitor.signIn("jan")
    #expect(unknown.text.contains("Name oder Passwort stimmt nicht"))
    let answer = await visitor.signIn("SELMA", then: "/eintrag/\(id)")
    #expect(answer.status == 303 && answer.fields["location"] == "/eintrag/\(id)")
    let cookie = try #require(answer.cookies["kreisnetz_sitzung"])
    #expect(cookie.value.utf8.count == 64)
    #expect(cookie.rest.contains("HttpOnly; SameSite=Strict") && cookie.rest.contains("Path=/"))
    #expect(!cookie.rest.contains("Secure"))
    #expect(await visitor.get("/eintrag/\(id)").text.contains("Kita Löwenzahn"))
    #expect(await visitor.get("/anmelden?ziel=//evil.example.org").fields["location"] == "/")

    let kept = visitor.cookies
    #expect(await visitor.post("/abmelden", []).status == 303)
    let thief = Visitor(console)
    thief.fields["Cookie"] = kept.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
    #expect(await thief.get("/eintrag/\(id)").status == 303)
    thief.console = try await TestConsole(restarting: console, signIn: .accounts)
    #expect(await thief.get("/eintrag/\(id)").status == 303)
  }

  @Test func `Who signed in stays so over a restart, and not for ever`() async throws {
    let console = try await console(("selma", .reading))
    let (first, second) = (Visitor(console), Visitor(console))
    await first.signIn("selma")
    await second.signIn("selma")
    let restarted = try await TestConsole(restarting: console, signIn: .accounts)
    (first.console, second.console) = (restarted, restarted)
    for visitor in [first, second] { #expect(await visitor.get("/").status == 200) }
    console.clock.advance(by: 3_000)
    #expect(await first.get("/").status == 200)
    // What a script asks for shows nobody at the browser.
    #expect(await second.get("/", ["Sec-Fetch-Mode": "cors"]).status == 200)
    console.clock.advance(by: 1_000)
    #expect(await first.get("/").status == 200)
    #expect(await second.get("/").status == 303, "nothing was done for an hour")
    for _ in 0..<12 {
      console.clock.advance(by: 3_400)
      await first.get("/")
    }
    #expect(await first.get("/").status == 303, "it was twelve hours")
    let files = try FileManager.default.contentsOfDirectory(atPath: console.root.path + "/console")
    #expect(files.sorted() == ["accounts.json", "lock", "sessions.json"])
    for file in files {
      let path = console.root.path + "/console/" + file
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(file)")
    }
    let kept = try String(
      contentsOfFile: console.root.path + "/console/sessions.json", encoding: .utf8)
    #expect(first.cookies.values.allSatisfy { !kept.contains($0) })
  }

  @Test func `A form that is sent after the session's end comes back with what was typed`()
    async throws
  {
    let console = try await console(("selma", .coordinating))
    let id = try await console.add(
      "organization", ["name": "Kita Löwenzahn", "phone": "0221 4710-316"])
    let visitor = Visitor(console)
    await visitor.signIn("selma")
    let form = await visitor.get("/eintrag/\(id)/bearbeiten")
    console.clock.advance(by: 4_000)
    let typed = "Kita \"Löwenzahn\" <Nord> & Söhne"
    let refused = await visitor.submit(
      form, to: "/eintrag/\(id)/bearbeiten",
      [("f.name", typed), ("f.phone", "0221 4710-777"), ("f.description", "Zeile 1\r\nZeile 2")])
    #expect(refused.status == 403 && refused.text.contains("ist nicht verloren"))
    let wrong = await visitor.submit(
      refused, to: "/anmelden", [("name", "selma"), ("passwort", "falsches Passwort")])
    #expect(wrong.text.contains("ist nicht verloren"))
    let back = await visitor.submit(
      wrong, to: "/anmelden", [("name", "selma"), ("passwort", TestAccounts.password)])
    #expect(back.status == 200 || back.status == 422, "\(back.status)")
    #expect(back.text.contains("Kita &quot;Löwenzahn&quot; &lt;Nord&gt; &amp; Söhne"))
    #expect(back.text.contains("0221 4710-777") && back.text.contains("Zeile 1"))
    let unchanged = try await console.run("show", ["id": .string(id)]).first
    #expect(unchanged?["fields"]?["phone"]?["value"]?.text == "0221 4710-316")
    let saved = await visitor.submit(
      back, to: "/eintrag/\(id)/bearbeiten",
      [("f.name", typed), ("f.phone", "0221 4710-777"), ("f.description", "Zeile 1\r\nZeile 2")])
    #expect(saved.fields["location"] == "/eintrag/\(id)?meldung=gespeichert")

    // What is one click is asked for once more.
    console.clock.advance(by: 4_000)
    let click = await visitor.post("/eintrag/\(id)/loeschen", [])
    let question = await visitor.submit(
      click, to: "/anmelden", [("name", "selma"), ("passwort", TestAccounts.password)])
    #expect(question.text.contains("Noch nicht gespeichert"))
    #expect(try await console.run("show", ["id": .string(id)]).first?["deleted"] == .bool(false))
    let done = await visitor.submit(question, to: "/eintrag/\(id)/loeschen")
    #expect(done.fields["location"] == "/eintrag/\(id)?meldung=geloescht")
  }

  @Test func `Each role may do its own and no more, whatever address is asked for`() async throws {
    let console = try await console(
      ("rita", .reading), ("karl", .coordinating), ("vera", .administering))
    let id = try await console.add("organization", ["name": "Kita Löwenzahn"])
    let reader = Visitor(console)
    await reader.signIn("rita")
    let page = await reader.get("/eintrag/\(id)")
    #expect(page.status == 200)
    for text in ["/bearbeiten", "/loeschen", "/bestaetigen", "/rueckmeldung\"", "/neu/"] {
      #expect(!page.text.contains(text), "\(text)")
    }
    for path in ["/eintrag/\(id)/bearbeiten", "/neu/organization", "/eintrag/\(id)/rueckmeldung"] {
      #expect(await reader.get(path).status == 403, "\(path)")
    }
    for (path, values) in [
      ("/eintrag/\(id)/bearbeiten", [("f.name", "Haus"), ("s.name", "")]),
      ("/neu/organization", [("f.name", "Haus"), ("s.name", "")]),
      ("/eintrag/\(id)/rueckmeldung", [("bemerkung", "Bitte ändern")]),
      ("/eintrag/\(id)/loeschen", []), ("/eintrag/\(id)/bestaetigen", []),
      ("/eintrag/\(id)/wiederherstellen", []), ("/faellig", [("id", id)]),
      ("/rueckmeldungen/\(id)/annehmen", []),
    ] {
      let answer = await reader.post(path, values)
      #expect(answer.status == 403, "\(path)")
      #expect(answer.text.contains("Das darf dieses Konto nicht"), "\(path)")
    }
    let rows = try await console.run("list", ["kind": "organization"])
    #expect(rows.count == 1)
    #expect(rows.first?["name"]?.text ?? "Kita Löwenzahn" == "Kita Löwenzahn")

    let coordinator = Visitor(console)
    await coordinator.signIn("karl")
    #expect(await coordinator.get("/eintrag/\(id)/bearbeiten").status == 200)
    #expect(await coordinator.post("/eintrag/\(id)/loeschen", []).status == 303)
    #expect(!(await coordinator.get("/konto").text.contains("Alle Konten")))
    // A role counts from the next click on, and so does its loss.
    try TestAccounts.add("karl", .reading, to: console)
    #expect(await coordinator.post("/eintrag/\(id)/wiederherstellen", []).status == 403)
    let administrator = Visitor(console)
    await administrator.signIn("vera")
    #expect(await administrator.get("/konto").text.contains("rita"))
    let lines = try await console.run("audit", [:])
    let deleted = lines.first { $0["act"]?.text == "delete" }
    #expect(deleted?["by"]?["account"]?.text == "karl" && deleted?["by"]?["via"] == "console")
    #expect(lines.filter { $0["act"]?.text == "console sign-in" }.count == 3)
    let history = try await console.run("history", ["id": .string(id)])
    #expect(!history.contains { "\($0)".contains("karl") }, "the federation sees only the town")
  }

  @Test func `A command that nobody thought of is for administrators alone`() {
    for command in ["erase", "policy", "transfer", "audit", "subject-report", "gibtsnicht", ""] {
      #expect(!ConsolePerson(account: "karl", role: .coordinating).may(command), "\(command)")
    }
    for command in ["edit", "import", "export", "merge"] {
      #expect(!ConsolePerson(account: "rita", role: .reading).may(command), "\(command)")
    }
  }

  @Test func `Guessing is stopped, and shuts out no browser that was let in before`() async throws {
    let console = try await console(("selma", .reading), ("karl", .reading))
    let known = Visitor(console)
    await known.signIn("selma")
    await known.post("/abmelden", [])
    let stranger = Visitor(console)
    for _ in 0..<10 { #expect(await stranger.signIn("selma", "geraten geraten").status == 403) }
    let locked = await stranger.signIn("selma")
    #expect(locked.status == 429 && locked.text.contains("zu viele Versuche"))
    #expect(locked.fields["retry-after"].flatMap { Int($0) } ?? 0 > 800)
    #expect(await known.signIn("selma").status == 303)
    #expect(await stranger.signIn("karl").status == 303, "another account is not locked")
    console.clock.advance(by: 901)
    #expect(await stranger.signIn("selma").status == 303)
    let lines = try await console.run("audit", [:])
    #expect(lines.contains { $0["act"]?.text == "console lock-out" })
  }

  @Test func `A new password ends all other sessions of the account`() async throws {
    let console = try await console(("selma", .reading))
    let (here, elsewhere) = (Visitor(console), Visitor(console))
    await here.signIn("selma")
    await elsewhere.signIn("selma")
    await here.get("/konto")
    let new = "vier ganz andere Wörter"
    for (old, first, again, what) in [
      ("falsch falsch", new, new, "Das ist es nicht"),
      (TestAccounts.password, "kurz", "kurz", "mindestens 12 Zeichen"),
      (TestAccounts.password, new, new + "x", "nicht gleich"),
      (TestAccounts.password, "selmaselma12", "selmaselma12", "Namen des Kontos"),
    ] {
      let answer = await here.post(
        "/konto/passwort", [("alt", old), ("neu", first), ("noch_einmal", again)])
      #expect(answer.status == 422 && answer.text.contains(what), "\(what)")
    }
    let changed = await here.post(
      "/konto/passwort", [("alt", TestAccounts.password), ("neu", new), ("noch_einmal", new)])
    #expect(changed.fields["location"] == "/konto?meldung=passwort")
    #expect(await here.get("/").status == 200)
    #expect(await elsewhere.get("/").status == 303)
    #expect(await elsewhere.signIn("selma").status == 403)
    #expect(await elsewhere.signIn("selma", new).status == 303)
  }

  @Test func `Signing in needs the console's own form too`() async throws {
    let console = try await console(("selma", .reading))
    let visitor = Visitor(console)
    await visitor.get("/anmelden")
    visitor.fields["Origin"] = "https://evil.example.org"
    #expect(
      await visitor.post("/anmelden", [("name", "selma"), ("passwort", TestAccounts.password)])
        .status == 403)
    visitor.fields["Origin"] = nil
    let answer = await console.post(
      "/anmelden", token: String(repeating: "0", count: 64),
      [("name", "selma"), ("passwort", TestAccounts.password)],
      ["Cookie": "kreisnetz_formular=" + String(repeating: "1", count: 64)])
    #expect(answer.status == 403 && answer.cookies["kreisnetz_sitzung"] == nil)
  }

  @Test func `Behind a proxy with TLS cookies are bound to it`() async throws {
    let address = "https://kreisnetz.example.org"
    let console = try await TestConsole(signIn: .accounts, address: address)
    try TestAccounts.add("selma", .reading, to: console)
    let visitor = Visitor(console, origin: address)
    let answer = await visitor.signIn("selma")
    #expect(answer.status == 303)
    for name in ["__Host-kreisnetz_sitzung", "__Host-kreisnetz_geraet"] {
      #expect(answer.cookies[name]?.rest.contains("Secure") == true, "\(name)")
    }
    #expect(await visitor.get("/").status == 200)
    // A cookie that somebody without TLS, or another name of the domain, may have set is none.
    let plain = Visitor(console, origin: address)
    plain.fields["Cookie"] =
      "kreisnetz_sitzung=\(visitor.cookies["__Host-kreisnetz_sitzung"] ?? "")"
    #expect(await plain.get("/").status == 303)
    let other = Visitor(console, origin: "https://kreisnetz.example.org.evil.example.com")
    #expect(await other.get("/").status == 421)
    visitor.fields["Origin"] = "http://kreisnetz.example.org"
    #expect(await visitor.post("/abmelden", []).status == 403)
  }

  @Test func `A proxy's word counts from its address alone`() async throws {
    let console = try await TestConsole(
      signIn: .proxy(header: "X-Remote-User", address: "127.0.0.2"))
    try TestAccounts.add("selma@kreis.example.org", .reading, to: console, proxied: true)
    let id = try await console.add("organization", ["name": "Kita Löwenzahn"])
    let proxy = Visitor(console, from: "127.0.0.2")
    proxy.fields["X-Remote-User"] = "Selma@Kreis.example.org"
    let page = await proxy.get("/eintrag/\(id)")
    #expect(page.status == 200 && page.text.contains("selma@kreis.example.org"))
    #expect(!page.text.contains("/abmelden"))
    #expect(await proxy.post("/eintrag/\(id)/loeschen", []).status == 403)
    let elsewhere = Visitor(console)
    #expect(await elsewhere.get("/").status == 403)
    elsewhere.fields["X-Remote-User"] = "selma@kreis.example.org"
    let refused = await elsewhere.get("/eintrag/\(id)")
    #expect(refused.status == 403 && !refused.text.contains("Löwenzahn"))
    for name in ["jan@kreis.example.org", "", "selma@kreis.example.org, jan"] {
      proxy.fields["X-Remote-User"] = name
      #expect(await proxy.get("/").status == 403, "\(name)")
    }
    // Without the setting the header says nothing.
    let other = try await TestConsole(signIn: .accounts)
    try TestAccounts.add("selma", .reading, to: other)
    let pretender = Visitor(other)
    pretender.fields["X-Remote-User"] = "selma"
    #expect(await pretender.get("/").status == 303)
  }
}
