// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import Testing

/// Networks and their meetings, and lists for paper.
@Suite struct NetworkTests {
  @Test func `A network's page has its members, its meetings and where the minutes are`()
    async throws
  {
    let console = try await TestConsole()
    let town = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let network = try await console.add(
      "network", ["name": "Frühe Hilfen", "municipalities": town, "expectations": "Fachtag"])
    let house = try await console.add("organization", ["name": "Kita <Nord>"])
    let left = try await console.add("organization", ["name": "Altes Haus"])
    try await console.add(
      "network_membership",
      ["network_id": network, "organization_id": house, "valid_from": "2024-03"])
    try await console.add(
      "network_membership",
      ["network_id": network, "organization_id": left, "valid_to": "2025-12-31"])
    try await console.add(
      "network_meeting",
      ["name": "Älteres Treffen", "networks": network, "date": "2025-05-21", "attendance": "8"])
    #expect(await console.get("/netzwerke").text.contains("href=\"/netzwerke/\(network)\""))
    let path = "/netzwerke/\(network)"
    let saved = await console.fill("/neu/network_meeting?networks=\(network)&zurueck=\(path)") {
      form in
      #expect(form["f.networks"] == network)
      form["f.name"] = "Herbsttreffen"
      form["f.date"] = "21.10.2026"
      form["f.attendance"] = "25"
      form["f.attendance_approximate"] = "true"
    }
    #expect(saved.fields["location"] == "\(path)?meldung=gespeichert")
    let meetings = try await console.run("related", ["id": .string(network)])
    let meeting = try #require(
      meetings.first { $0["name"]?.text == "Herbsttreffen" }?["id"]?.text)
    let linked = await console.fill(
      "/neu/document?meeting_id=\(meeting)&networks=\(network)&zurueck=\(path)"
    ) { form in
      form["f.name"] = "Protokoll"
      form["f.url"] = "https://example.org/protokoll.pdf"
    }
    #expect(linked.fields["location"] == "\(path)?meldung=gespeichert")
    let page = await console.get(path).text
    for text in [
      "Kita &lt;Nord&gt;", "03.2024", "21.10.2026", "etwa 25",
      "href=\"https://example.org/protokoll.pdf\" rel=\"noreferrer noopener\"",
      "Frühere Mitglieder",
      "bis 31.12.2025", "Fachtag",
    ] { #expect(page.contains(text), "\(text)") }
    let order = ["Herbsttreffen", "Älteres Treffen"].map { page.firstRange(of: $0)?.lowerBound }
    #expect(order[0]! < order[1]!)
    #expect(await console.get("/netzwerke/\(house)").status == 404)
  }

  @Test func `Who has left a network is neither found nor counted as its member`() async throws {
    let console = try await TestConsole()
    let town = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let network = try await console.add(
      "network", ["name": "Frühe Hilfen", "municipalities": town])
    // Today is in November 2026; the year and the month are not over yet.
    for until in ["2026-11-17", "2026-10", "2025", "2026-11-18", "2026-11", "2026", ""] {
      let house = try await console.add(
        "organization", ["name": .init("Haus „\(until)“")])
      try await console.add(
        "network_membership",
        ["network_id": network, "organization_id": house, "valid_to": .init(until)])
    }
    let found = await console.get("/?netzwerk=\(network)").text
    let sheet = await console.get("/druck?netzwerk=\(network)").text
    let page = await console.get("/netzwerke/\(network)").text
    let parts = page.split(separator: "<summary>Frühere Mitglieder</summary>")
    #expect(parts.count == 2 && page.contains("Mitglieder <span class=\"count\">4</span>"))
    for (until, isOver) in [
      ("2026-11-17", true), ("2026-10", true), ("2025", true), ("2026-11-18", false),
      ("2026-11", false), ("2026", false), ("", false),
    ] {
      let name = "Haus „\(until)“"
      #expect(found.contains(name) == !isOver && sheet.contains(name) == !isOver, "\(until)")
      #expect(parts.last?.contains(name) == isOver && parts.first?.contains(name) == !isOver)
    }
    for number in 0..<101 {
      let isOver = number % 2 == 0
      let house = try await console.add("organization", ["name": "Haus \(1_000 + number)"])
      try await console.add(
        "network_membership",
        ["network_id": network, "organization_id": house, "valid_to": isOver ? "2025" : ""])
    }
    // The first page has those that are members, also where there are more.
    let first = await console.get("/netzwerke/\(network)").text
    #expect(first.contains("Mitglieder <span class=\"count\">54</span>"))
    #expect(first.contains("Seite 1 von 2") && first.contains("Haus 1099"))
    #expect(!(await console.get("/netzwerke/\(network)?seite=2").text.contains("Haus 1099")))
  }

  @Test func `Every meeting that is shown has its documents`() async throws {
    let console = try await TestConsole()
    let town = try await console.add("municipality", ["name": "Halver", "ags": "05962012"])
    let network = try await console.add(
      "network", ["name": "Frühe Hilfen", "municipalities": town])
    for number in 10..<35 {
      let meeting = try await console.add(
        "network_meeting",
        ["name": "Treffen \(number)", "networks": network, "date": "20\(number)-05-21"])
      try await console.add(
        "document",
        [
          "name": "Niederschrift \(number)", "meeting_id": meeting,
          "url": "https://example.org/\(number).pdf",
        ])
    }
    let page = await console.get("/netzwerke/\(network)").text
    for number in 10..<35 {
      #expect(page.contains("href=\"https://example.org/\(number).pdf\""), "\(number)")
    }
    #expect(!page.contains("Protokoll verlinken"))
  }

  @Test func `A list can be narrowed by district and age, and printed whole`() async throws {
    let console = try await TestConsole()
    var ids: [String] = []
    for number in 10..<42 {
      ids.append(try await console.add("organization", ["name": "Haus \(number)"]))
    }
    let inDistrict = try await console.add(
      "organization",
      [
        "name": "Kita", "district": "Oberbrügge", "street": "Am Markt 1", "postal_code": "58553",
        "city": "Halver", "phone": "0221 4710-316",
      ])
    try await console.add(
      "location", ["name": "Zweig", "organization_id": ids[0], "district": "Oberbrügge"])
    try await console.add(
      "service",
      ["name": "Hebamme", "organization_id": ids[1], "from_pregnancy": "true", "maximum_age": "1"])
    try await console.add(
      "service", ["name": "Treff", "organization_id": ids[2], "minimum_age": "12"])
    let both = try await console.add(
      "organization", ["name": "Zentrum", "minimum_age": "0", "maximum_age": "27"])
    try await console.add(
      "service", ["name": "Frühstück", "organization_id": both, "maximum_age": "3"])
    func names(_ query: String) async -> [String] {
      await console.get("/?" + query).text.matches(of: /<h3><a href="[^"]*">([^<]*)</).map {
        String($0.1)
      }
    }
    #expect(await names("stadtteil=Oberbr%C3%BCgge") == ["Haus 10", "Kita"])
    #expect(await names("alter=-1") == ["Haus 11"])
    #expect(await names("alter=1") == ["Haus 11", "Zentrum"])
    // What the offers say counts, not what the house says in general.
    #expect(await names("alter=14") == ["Haus 12"])
    #expect(await names("alter=14&stadtteil=Oberbr%C3%BCgge") == [])
    let form = await console.get("/?alter=14").text
    #expect(form.contains("<option value=\"14\" selected>14 Jahre</option>"))
    #expect(form.contains("<option value=\"Oberbrügge\">"))
    // A district is offered as long as something is there.
    try await console.run("delete", ["id": .string(inDistrict)])
    #expect(await names("stadtteil=Oberbr%C3%BCgge") == ["Haus 10"])
    try await console.run("undelete", ["id": .string(inDistrict)])
    #expect(form.contains("href=\"/druck?alter=14\""))
    let sheet = await console.get("/druck").text
    #expect(sheet.contains("34 Organisationen") && sheet.contains("Haus 41"))
    #expect(sheet.contains("Am Markt 1, 58553 Halver") && sheet.contains("0221 4710-316"))
    #expect(sheet.contains("Auswahl: alle Organisationen. 34 Organisationen"))
    let narrowed = await console.get("/druck?alter=14&q=Haus&stadtteil=Oberbr%C3%BCgge&offen=1")
      .text
    #expect(
      narrowed.contains(
        "Auswahl: Suche: „Haus“; Stadtteil: Oberbrügge; Alter: 14 Jahre; geöffnet, als die Liste entstand."
      ))
  }
}
