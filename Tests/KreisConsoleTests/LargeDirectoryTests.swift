// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore
import Testing

/// Pages of which there could be more than fit: each shows a part, and says of how much.
@Suite struct LargeDirectoryTests {
  private func fill(
    _ console: TestConsole, _ count: Int, _ row: (Int) -> String
  ) async throws {
    let text = (0..<count).map { row($0) + "\n" }.joined()
    let visitor = Visitor(console)
    await visitor.get("/daten/einlesen")
    let preview = await visitor.upload(
      "/daten/einlesen", [], file: ("datei", "zeilen.ndjson", Array(text.utf8)))
    let place = try #require(preview.fields["location"], "\(preview.text)")
    await visitor.get(place)
    #expect(await visitor.post("\(place)/ausfuehren", []).status == 303)
  }

  @Test func `Of many districts the most frequent are proposed, and any can be typed`()
    async throws
  {
    let console = try await TestConsole()
    try await fill(console, 300) { number in
      let district = number < 150 ? "Oberbrügge" : "Bezirk \(number)"
      return
        #"{"kind":"organization","external_id":"h\#(number)","name":"Haus \#(number)","district":"\#(district)"}"#
    }
    let page = await console.get("/")
    #expect(page.text.contains("<option value=\"Oberbrügge\">"))
    #expect(page.text.matches(of: /<option value="Bezirk/).count == 39)
    #expect(page.body.count < 30_000)
    func count(_ typed: String) async -> String? {
      await console.get("/?stadtteil=\(typed)").text.firstMatch(of: /id="treffer">([^<]*)/)
        .map { String($0.1) }
    }
    #expect(await count("OBERBRUEGGE") == "150 Organisationen")
    #expect(await count("oberbr") == "150 Organisationen")
    #expect(await count("Bezirk%20299") == "1 Organisation")
    #expect(await count("Nirgendwo") == "0 Organisationen")
  }

  @Test func `What is due comes by pages' worth, with how much there is`() async throws {
    let console = try await TestConsole()
    try await fill(console, 230) { number in
      #"{"kind":"organization","external_id":"h\#(number)","name":"Haus \#(number)"}"#
    }
    let page = await console.get("/faellig")
    #expect(page.text.contains("230 Einträge") && page.text.contains("Weitere folgen"))
    let ids = page.text.matches(of: /name="id" value="([^"]*)"/).map { String($0.1) }
    #expect(ids.count == 200 && Set(ids).count == 200)
    let confirmed = await console.post(
      "/faellig", token: page.token, ids.prefix(150).map { ("id", $0) })
    #expect(confirmed.status == 303)
    let next = await console.get("/faellig")
    #expect(next.text.contains("80 Einträge") && !next.text.contains("Weitere folgen"))
    let left = next.text.matches(of: /name="id" value="([^"]*)"/).map { String($0.1) }
    #expect(Set(left).isDisjoint(with: ids.prefix(150)) && left.count == 80)
  }

  @Test func `A network's members come by pages, by their names`() async throws {
    let console = try await TestConsole()
    let town = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let network = try await console.add(
      "network", ["name": "Frühe Hilfen", "municipalities": town])
    try await fill(console, 120) { number in
      #"{"kind":"organization","external_id":"h\#(number)","name":"Haus \#(1_000 + number)"}"#
    }
    try await fill(console, 120) { number in
      #"{"kind":"network_membership","external_id":"m\#(number)","network_id":"\#(network)","organization_id":"key:h\#(number)"}"#
    }
    func names(_ page: TestConsole.Answer) -> [String] {
      page.text.matches(of: /data-label="Organisation"><a href="[^"]*">([^<]*)</).map {
        String($0.1)
      }
    }
    let first = await console.get("/netzwerke/\(network)")
    #expect(names(first) == (0..<100).map { "Haus \(1_000 + $0)" })
    #expect(first.text.contains("Mitglieder <span class=\"count\">120</span>"))
    #expect(first.text.contains("Seite 1 von 2"))
    let second = await console.get("/netzwerke/\(network)?seite=2")
    #expect(names(second) == (100..<120).map { "Haus \(1_000 + $0)" })
    let record = await console.get("/eintrag/\(network)")
    #expect(record.text.contains("<span class=\"count\">120</span>"))
    for number in 0..<55 {
      try await console.add(
        "network", ["name": "Netz \(100 + number)", "municipalities": town])
    }
    let list = await console.get("/netzwerke")
    #expect(list.text.matches(of: /href="\/netzwerke\/[0-9a-f]/).count == 50)
    #expect(list.text.contains("Seite 1 von 2"))
    let more = await console.get("/netzwerke?seite=2")
    #expect(more.text.matches(of: /href="\/netzwerke\/[0-9a-f]/).count == 6)
    #expect(await console.get("/netzwerke?seite=3").text.contains("Seite 2 von 2"))
  }

  /// Fetches all pages of a list of 120 in fifties, and what lies beyond them.
  ///
  /// - Returns: what stands on the pages, in their order.
  private func pages(
    _ console: TestConsole, _ address: String, _ item: Regex<(Substring, Substring)>
  ) async throws -> [String] {
    func found(_ answer: TestConsole.Answer) -> [String] {
      answer.text.matches(of: item).map { String($0.output.1) }
    }
    let joint = address.contains("?") ? "&" : "?"
    let first = await console.get(address)
    #expect(first.text.contains("Seite 1 von 3") && !first.text.contains("Vorige Seite"))
    let next = "href=\"\(address)\(joint)seite=2\" rel=\"next\"".replacing("&", with: "&amp;")
    #expect(first.text.contains(next), "\(next)")
    let second = await console.get("\(address)\(joint)seite=2")
    #expect(second.text.contains("Vorige Seite") && second.text.contains("Nächste Seite"))
    let last = await console.get("\(address)\(joint)seite=3")
    #expect(last.text.contains("Seite 3 von 3") && !last.text.contains("Nächste Seite"))
    let lists = [first, second, last].map(found)
    #expect(lists.map(\.count) == [50, 50, 20], "\(address)")
    // What is no page of it shows the nearest.
    for (number, nearest) in [("4", 2), ("99999999999", 2), ("0", 0), ("-1", 0), ("x", 0)] {
      let answer = await console.get("\(address)\(joint)seite=\(number)")
      #expect(answer.status == 200 && found(answer) == lists[nearest], "\(address) \(number)")
    }
    return lists.flatMap(\.self)
  }

  private func organizations(_ console: TestConsole, _ count: Int) async throws -> [String] {
    try await fill(console, count) { number in
      #"{"kind":"organization","external_id":"h\#(number)","name":"Haus \#(1_000 + number)","phone":"0221 4710-100"}"#
    }
    return try await console.run("list", ["kind": "organization"]).compactMap { $0["id"]?.text }
  }

  @Test func `Change requests and what waits for a release come by pages`() async throws {
    let console = try await TestConsole()
    let ids = try await organizations(console, 121)
    for id in ids {
      try await console.run("request", ["id": .string(id), "remark": "Bitte nachsehen."])
    }
    let first = await console.get("/rueckmeldungen")
    let request = try #require(
      first.text.firstMatch(of: /rueckmeldungen\/([^\/"]*)\/zurueckziehen/))
    let done = await console.post(
      "/rueckmeldungen/\(request.output.1)/zurueckziehen", token: first.token, [])
    #expect(done.status == 303)
    let open = try await pages(console, "/rueckmeldungen", /<h2><a href="\/eintrag\/([^"]*)"/)
    #expect(open == Array(ids.dropFirst()))
    let all = await console.get("/rueckmeldungen?alle=1&seite=3")
    #expect(all.text.contains("Seite 3 von 3"))
    #expect(all.text.contains("href=\"/rueckmeldungen?alle=1&amp;seite=2\" rel=\"prev\""))
    #expect(all.text.matches(of: /<section class="request">/).count == 21)

    for id in ids.dropFirst() {
      try await console.add(
        "publication",
        [
          "subject_id": id, "field_name": "phone", "operation": "=",
          "proposed_value": "0221 4710-200", "requested_by": "Koordination",
        ])
    }
    #expect(await console.get("/konflikte").text.contains("freizugeben: 120 Angaben"))
    let waiting = try await pages(console, "/freigaben", /<h2><a href="\/eintrag\/([^"]*)"/)
    #expect(waiting == Array(ids.dropFirst()))
  }

  @Test func `Conflicts come by pages, and what was erased comes with the latest first`()
    async throws
  {
    let console = try await TestConsole()
    let ids = try await organizations(console, 120)
    for id in ids { try await console.disagree(id, "phone", "0221 4710-300") }
    let found = try await pages(
      console, "/konflikte", /conflict-of">[^<]*<a href="\/eintrag\/([^"]*)"/)
    #expect(found == ids)
    for id in ids {
      try await console.run(
        "erase", ["id": .string(id), "only": .bool(true)], reason: "Antrag nach Art. 17")
    }
    let erased = try await pages(
      console, "/loeschungen", /<a href="\/loeschungen\/([0-9a-f-]{36})"/)
    #expect(erased == ids.reversed())
    #expect(await console.get("/konflikte").text.contains("Alle Angaben sind eindeutig"))
  }
}
