// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Synchronization
import Testing

/// The Kreis as its hub shows it.
@Suite(.timeLimit(.minutes(2)))
struct HubPageTests {
  /// Who is connected, as the test wants it.
  private final class Presence: Sendable {
    let members = Mutex<[MemberID: MemberPresence]>([:])
    let halted = Mutex<String?>(nil)

    var view: DaemonView {
      DaemonView(
        status: { ["halted": self.halted.withLock { $0 }.map { .string($0) } ?? .null] },
        presence: { self.members.withLock { $0 } })
    }
  }

  private func join(_ console: TestConsole, _ name: String, _ title: String, _ ags: String)
    async throws -> MemberID
  {
    let store = console.store
    _ = try await onOwnThread {
      try store.invite(
        name: name, title: title, ags: ags, at: 1_795_000_000,
        secret: (0..<32).map { _ in .random(in: .min ... .max) })
    }
    return try await store.join(
      name: name, key: VerifyingKey(of: SigningKey()), at: 1_795_000_000, isProven: { _ in true }
    ).get().id
  }

  private func row(of town: String, in text: String) throws -> Substring {
    let start = try #require(text.range(of: "scope=\"row\">\(town)</th>"))
    return text[start.upperBound...].prefix(1_200)
  }

  @Test func `Each town is shown with whether it is connected and what it lacks`() async throws {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    let halver = try await join(console, "halver", "Halver <West>", "05962012")
    let balve = try await join(console, "balve", "Balve", "05962008")
    try await console.add("organization", ["name": "Kita Löwenzahn"])
    presence.members.withLock { $0 = [halver: .connected, balve: .gone(since: 1_794_900_000)] }
    let page = await console.get("/kreis")
    #expect(page.status == 200)
    #expect(page.text.contains("2 Kommunen: 1 im Rückstand, 1 nicht verbunden."))
    let connected = try row(of: "Halver &lt;West&gt;", in: page.text)
    #expect(connected.contains("state-waiting\">holt auf"))
    #expect(connected.contains("Rückstand: </span>4 Einträge, der älteste"), "\(connected)")
    let gone = try row(of: "Balve", in: page.text)
    #expect(gone.contains("state-absent\">still seit 28 Stunden"), "\(gone)")
    // A week is no weekend any more.
    presence.members.withLock { $0[balve] = .gone(since: 1_794_000_000) }
    let later = await console.get("/kreis").text
    #expect(try row(of: "Balve", in: later).contains("state-trouble\">still seit 12 Tagen"))
    // The mail counts what the page shows in red.
    let digest = try #require(await console.run("digest", [:]).first)
    #expect(digest["towns"] == .integer(1) && digest["troubles"] == .integer(0))
    presence.halted.withLock { $0 = "the hub was restored" }
    #expect(try await console.run("digest", [:]).first?["troubles"] == .integer(1))
  }

  @Test func `What needs a person stands above all else, and in words`() async throws {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    #expect(await !console.get("/kreis").text.contains("stoerungen"))
    presence.halted.withLock { $0 = "the hub was restored & serves nobody" }
    let page = await console.get("/kreis").text
    let trouble = try #require(page.range(of: "Der Hub bedient niemanden"))
    #expect(trouble.lowerBound < (try #require(page.range(of: "id=\"rueckstand\""))).lowerBound)
    #expect(page.contains("Er wurde aus einer Sicherung wiederhergestellt"))
    #expect(
      page.contains("<p class=\"detail\" lang=\"en\">the hub was restored &amp; serves nobody"))
    #expect(page.contains("data-state=\"trouble\">Der Hub ist gestört"))
    try FileManager.default.createDirectory(
      at: console.root.appending(path: "evidence"), withIntermediateDirectories: true)
    for side in ["a", "b"] {
      try Data("{}".utf8).write(
        to: console.root.appending(path: "evidence/public-7-\(side).json"))
    }
    presence.halted.withLock { $0 = nil }
    let split = await console.get("/kreis/pruefung").text
    #expect(split.contains("Zwei Verläufe"))
    #expect(split.contains("data-state=\"trouble\">Der Hub ist gestört"))
  }

  @Test func `A member that verified something else than the hub now has stands out`() async throws
  {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    let halver = try await join(console, "halver", "Halver", "05962012")
    let store = console.store
    let ends = try await store.read { snapshot in
      Result { try snapshot.feedEnds(for: snapshot.identity.member) }
    }.get()
    let end = try #require(ends[.public])
    func state(_ hash: Hash256) async throws {
      let statement = FeedStatement(
        realm: store.identity.realm, member: halver, generation: 1,
        head: FeedHead(
          hubGeneration: 1, scope: .public,
          at: FeedPosition(position: end.position, hash: hash),
          signature: Array(repeating: 0, count: 64)),
        foldVersion: 1, protocolVersion: 1, at: 1_795_000_000, software: "kreisnetz 1.0")
      let wire = try statement.signed(with: SigningKey())
      try await store.saveStatements([
        StoredStatement(
          member: halver, scope: .public, position: end.position, at: 1_795_000_000,
          software: "kreisnetz 1.0", statement: Array(wire.statement),
          signature: Array(wire.signature))
      ])
    }
    let none = await console.get("/kreis/pruefung").text
    #expect(none.contains("0 von 1 Lesenden haben bis zum Ende geprüft"))
    try await state(end.hash)
    let good = await console.get("/kreis/pruefung").text
    #expect(good.contains("Alle Lesenden haben bis zum Ende geprüft"))
    #expect(!good.contains("widerspricht"))
    try await console.add("organization", ["name": "Kita Löwenzahn"])
    #expect(
      await console.get("/kreis/pruefung").text.contains("state-waiting\">geprüft, es fehlen 1"))
    try await state(Hash256(of: [1]))
    let bad = await console.get("/kreis/pruefung").text
    #expect(bad.contains("state-trouble\">widerspricht"))
    #expect(bad.contains("state-trouble\">Widerspruch"))
    #expect(await console.get("/kreis").text.contains("Kommunen haben etwas anderes geprüft"))
  }

  @Test func `What a member disagrees with stands first, of all feeds`() async throws {
    let console = try await TestConsole()
    let halver = try await join(console, "halver", "Halver", "05962012")
    let store = console.store
    try await console.add("contact", ["name": "P", "legal_basis": "public_task", "source": "L"])
    let ends = try await store.read { snapshot in
      Result { try snapshot.feedEnds(for: snapshot.identity.member) }
    }.get()
    let last = try #require(ends.max { $0.key < $1.key })
    #expect(ends.count > 1)
    let statement = FeedStatement(
      realm: store.identity.realm, member: halver, generation: 1,
      head: FeedHead(
        hubGeneration: 1, scope: last.key,
        at: FeedPosition(position: last.value.position, hash: Hash256(of: [1])),
        signature: Array(repeating: 0, count: 64)),
      foldVersion: 1, protocolVersion: 1, at: 1_795_000_000, software: "kreisnetz 1.0")
    let wire = try statement.signed(with: SigningKey())
    try await store.saveStatements([
      StoredStatement(
        member: halver, scope: last.key, position: last.value.position, at: 1_795_000_000,
        software: "kreisnetz 1.0", statement: Array(wire.statement),
        signature: Array(wire.signature))
    ])
    let page = await console.get("/kreis/pruefung").text
    let first = try #require(page.range(of: "class=\"state state-"))
    #expect(page[first.upperBound...].hasPrefix("trouble\">Widerspruch"), "\(page)")
    let digest = try #require(await console.run("digest", [:]).first)
    #expect(digest["disagreements"] == .integer(1))
  }

  @Test
  func `Who has not confirmed an erasure in time is counted, and nobody is named in the mail`()
    async throws
  {
    let console = try await TestConsole()
    _ = try await join(console, "halver", "Halver", "05962012")
    let gone = try await join(console, "balve", "Balve", "05962008")
    let person = try await console.add(
      "contact", ["name": "Petra Beispiel", "legal_basis": "public_task", "source": "Liste"])
    try await console.run("erase", ["id": .string(person), "only": .bool(true)], reason: "Art. 17")
    try await console.run("measure", [:])
    #expect(await !console.get("/kreis").text.contains("<strong class=\"mark\">"))
    console.clock.advance(by: 31 * 86_400)
    try await console.run("measure", [:])
    let page = await console.get("/kreis").text
    #expect(try row(of: "Halver", in: page).contains("<strong class=\"mark\">1</strong>"))
    let digest = try #require(await console.run("digest", [:]).first)
    #expect(digest["overdue_erasures"] == .integer(1))
    guard case .object(let members) = digest else { throw CocoaError(.coderInvalidValue) }
    for member in members where !["title", "training"].contains(member.name) {
      #expect(member.value.unsigned != nil, "\(member.name) is no number")
    }
    // A town that was shut out is no town of the Kreis any more.
    try await onOwnThread { try console.store.revoke(gone, at: console.clock.now()) }
    #expect(await !console.get("/kreis").text.contains("scope=\"row\">Balve</th>"))
  }

  @Test func `Measurements become a line and a table, and none is older than two weeks`()
    async throws
  {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    _ = try await join(console, "halver", "Halver", "05962012")
    try await console.run("measure", [:])
    let file = console.root.appending(path: "measurements.ndjson")
    let first = try String(contentsOf: file, encoding: .utf8)
    #expect(first.contains("\"lags\":{\"halver\":"))
    let old = #"{"at":1793000000,"entries":1,"lags":{"halver":777}}"#
    let torn = #"{"at":17949"#
    let kept = #"{"at":1794900000,"entries":2,"lags":{"halver":42,"gone":9}}"#
    try Data([old, kept, torn].joined(separator: "\n").utf8).write(to: file)
    try await console.run("measure", [:])
    let page = await console.get("/kreis").text
    #expect(page.contains("höchstens 42 Einträge, jetzt 2 Einträge"))
    #expect(page.contains("Halver: bis zu 42 Einträge"))
    #expect(!page.contains("777 Einträge"))
    #expect(page.contains("<path class=\"curve\" d=\"M"))
  }

  @Test func `The file of measurements stays small however long the hub runs`() async throws {
    let console = try await TestConsole()
    let file = console.root.appending(path: "measurements.ndjson")
    let lines = (0..<3_000).map {
      #"{"at":\#(1_795_000_000 - 600 * (3_000 - $0)),"entries":1,"lags":{}}"#
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: file)
    try await console.run("measure", [:])
    let kept = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    #expect(kept.count <= 2_017)
    #expect(kept.count > 2_000)
    #expect(kept.last?.hasPrefix("{\"at\":17950000") == true)
  }

  @Test func `Networks are drawn with their municipalities, and stand in a table too`() async throws
  {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    _ = try await join(console, "halver", "Halver", "05962012")
    let halver = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let other = try await console.add("municipality", ["name": "Altena", "ags": "05962004"])
    try await console.add(
      "network", ["name": "Netzwerk \"West\"", "municipalities+": halver, "municipalities+": other])
    let page = await console.get("/kreis").text
    #expect(page.contains("Altena (nimmt nicht teil), Halver (hat sich noch nie gemeldet)"))
    #expect(page.contains("<title>Netzwerk &quot;West&quot;</title>"))
    #expect(page.contains("<title>Altena: nimmt nicht teil</title>"))
  }

  @Test func `A member is shut out only by whoever types its name`() async throws {
    let box = Box()
    let console = try await TestConsole(handlers: [
      "hub-revoke": { call in
        let name = try call.text("name")
        box.names.withLock { $0.append(name) }
        return .done
      }
    ])
    _ = try await join(console, "halver", "Halver", "05962012")
    let address = "/kreis/mitglieder/halver/ausschliessen"
    let asked = await console.get(address)
    #expect(asked.text.contains("Halver ausschließen"))
    let token = asked.token
    #expect(await console.post(address, token: token, []).status == 422)
    #expect(await console.post(address, token: token, [("sicher", "balve")]).status == 422)
    #expect(box.names.withLock { $0 } == [])
    #expect(await console.get("/kreis/mitglieder/gibtsnicht/ausschliessen").status == 404)
    let done = await console.post(address, token: token, [("sicher", "halver")])
    #expect(done.status == 303)
    #expect(box.names.withLock { $0 } == ["halver"])
    // No other page may, and none without the token.
    #expect(
      await console.post(
        address, token: token, [("sicher", "halver")], ["Origin": "http://example.org"]
      ).status == 403)
    #expect(box.names.withLock { $0.count } == 1)
  }

  private final class Box: Sendable {
    let names = Mutex<[String]>([])
  }

  @Test func `An invite is shown once, where it is made, and kept by no browser`() async throws {
    let console = try await TestConsole(handlers: [
      "hub-invite": { call in
        guard try call.optionalText("title") != nil else {
          throw CommandError(.wrongUse, "There is no invite for '\(try call.text("name"))'.")
        }
        try call.row([
          "invite": "kreisnetz-einladung", "name": .string(try call.text("name")),
          "expires_at": .integer(1_795_600_000),
        ])
        return .done
      }
    ])
    let token = await console.get("/kreis/mitglieder").token
    let path = "/kreis/mitglieder/einladen"
    let unknown = await console.post(path, token: token, [("name", "balve"), ("days", "7")])
    #expect(unknown.status == 422)
    // What the command says is English, and said to be.
    #expect(unknown.text.contains("<p lang=\"en\">There is no invite for &#39;balve&#39;.</p>"))
    #expect(unknown.text.contains("Eine neue Kommune braucht einen Kurznamen"))
    #expect(unknown.text.contains("value=\"balve\""))
    #expect(await console.post(path, token: token, [("name", "x"), ("days", "999")]).status == 422)
    let made = await console.post(
      path, token: token,
      [("name", "balve"), ("title", "Balve"), ("ags", "05962008"), ("days", "7")])
    #expect(made.status == 200)
    #expect(made.text.contains("kreisnetz-einladung"))
    #expect(made.text.contains("<h1>Einladung für Balve</h1>"))
    #expect(made.fields["cache-control"] == "no-store")
    #expect(await !console.get("/kreis/mitglieder").text.contains("kreisnetz-einladung"))
  }

  @Test func `An open overview learns of a town that comes or goes`() async throws {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    let halver = try await join(console, "halver", "Halver", "05962012")
    let seen = Seen()
    async let events = console.listen(for: "event: kreis") {
      // The first says how it stands; now somebody comes.
      presence.members.withLock { $0[halver] = .connected }
      seen.flag.withLock { $0 = true }
    }
    try await waitUntil { seen.flag.withLock { $0 } }
    async let more = console.listen(for: "1 verbunden") {
      Task { try await console.stop() }
    }
    let (first, second) = await (events, more)
    #expect((first.text + second.text).contains("Alles gespeichert, 1 verbunden"))
  }

  private final class Seen: Sendable {
    let flag = Mutex(false)
  }

  private func waitUntil(_ condition: () -> Bool) async throws {
    for _ in 0..<1_000 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
  }

  @Test func `Of very many towns a page shows some, those first that need somebody`() async throws {
    let presence = Presence()
    let console = try await TestConsole(daemon: presence.view)
    var states: [MemberID: MemberPresence] = [:]
    for number in 100...220 {
      let id = try await join(console, "stadt-\(number)", "Stadt \(number)", "05962\(number)")
      states[id] = number == 219 ? .gone(since: 1_794_000_000) : .connected
    }
    let all = states
    presence.members.withLock { $0 = all }
    let first = await console.get("/kreis").text
    #expect(first.contains("121 Kommunen:") && first.contains("Seite 1 von 2"))
    let rows = first.matches(of: /scope="row">(Stadt [0-9]+)<\/th>/).map { String($0.1) }
    #expect(rows.count == 100 && rows.first == "Stadt 219")
    let second = await console.get("/kreis?seite=2").text
    #expect(second.matches(of: /scope="row">(Stadt [0-9]+)<\/th>/).count == 21)
    for path in ["/kreis?seite=0", "/kreis?seite=x", "/kreis?seite=99999999999999999999"] {
      #expect(await console.get(path).status == 200, "\(path)")
    }
    #expect(await console.get("/kreis/mitglieder").text.contains("Seite 1 von 2"))
  }
}
