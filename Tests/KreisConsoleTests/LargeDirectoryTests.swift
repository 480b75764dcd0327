// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
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
    let more = await console.get("/netzwerke?seite=2")
    #expect(more.text.matches(of: /href="\/netzwerke\/[0-9a-f]/).count == 6)
  }
}
