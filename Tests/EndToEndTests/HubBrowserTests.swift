// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What the Kreis's staff and families see in a real browser, of real daemons.
@Suite(.serialized, .enabled(if: Browser.isInstalled), .timeLimit(.minutes(5)))
struct HubBrowserTests {
  /// Starts the hub's daemon anew with pages.
  ///
  /// - Returns: the addresses of its console and of the page for families.
  private func openHub(_ kreis: Kreis, _ more: [String: String] = [:]) throws -> (String, String) {
    let (console, page) = (try Kreis.freePort(), try Kreis.freePort())
    try kreis.stop("hub")
    try kreis.start(
      "hub",
      environment: [
        "KREISNETZ_CONSOLE_LISTEN": "\(console)",
        "KREISNETZ_READ_API_LISTEN": "127.0.0.1:\(page)",
      ].merging(more) { own, _ in own })
    try Kreis.wait("the pages") {
      kreis.errors("hub").contains("the console is running")
        && kreis.errors("hub").contains("the read API is running")
    }
    return ("http://127.0.0.1:\(console)", "http://127.0.0.1:\(page)")
  }

  private func check(_ pages: [String], _ browser: Browser) throws {
    for page in pages {
      try browser.open(page)
      try browser.expectUsable(page)
    }
  }

  @Test func `A town that falls silent and lags shows in the page that the Kreis has open`() throws
  {
    let kreis = try Kreis(towns: 2)
    let (console, _) = try openHub(kreis)
    let browser = try Browser()
    try browser.open("\(console)/kreis")
    _ = try browser.run("window.isSamePage = true")
    try Kreis.wait("both towns", seconds: 60) {
      try browser.text(".keeper") == "2 Kommunen: 2 auf dem Stand."
    }
    try kreis.stop("balve")
    try Kreis.wait("one town", seconds: 60) {
      try browser.text(".keeper") == "2 Kommunen: 1 auf dem Stand, 1 nicht verbunden."
    }
    try Kreis.wait("since when") {
      try browser.text(".towns .state-absent") == "still seit einer Minute"
    }
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try Kreis.wait("the lag", seconds: 60) {
      try browser.text(".towns tbody tr:first-child")?.contains("1 Eintrag, der älteste") == true
    }
    try kreis.start("balve")
    try Kreis.wait("both towns again", seconds: 60) {
      try browser.text(".keeper") == "2 Kommunen: 2 auf dem Stand."
    }
    #expect(try browser.run("return window.isSamePage === true") == .bool(true))
    // What the towns stated, compared with what the hub has.
    try browser.open("\(console)/kreis/pruefung")
    try Kreis.wait("all statements", seconds: 60) {
      try browser.text("main section .state") == "Alle Lesenden haben bis zum Ende geprüft"
    }

    // An invite, shown once; and a member is shut out only by whoever types its name.
    try browser.open("\(console)/kreis/mitglieder")
    try browser.type("kierspe", into: "#name")
    try browser.type("Kierspe", into: "#title")
    try browser.type("05962028", into: "#ags")
    try browser.click(".edit button[type=submit]")
    let invite = try #require(try browser.value("#einladung"))
    try browser.expectUsable("the invite")
    try kreis("kierspe").succeed("town", "join", "-", input: invite)
    try check(
      [
        console + "/kreis", console + "/kreis/pruefung", console + "/kreis/mitglieder",
        console + "/kreis/mitglieder/balve/ausschliessen", console + "/kreis/protokoll",
      ], browser)
    try browser.open("\(console)/kreis/mitglieder/balve/ausschliessen")
    try browser.type("balve", into: "#sicher")
    try browser.click(".edit button[type=submit]")
    #expect(try browser.text(".message") == "Die Kommune gehört nicht mehr zum Kreisnetz.")
    try browser.open("\(console)/kreis/protokoll")
    #expect(try browser.text(".audit li strong") == "Mitglied ausgeschlossen")
  }

  @Test func `What is seldom seen can be used as well: nothing there yet, wrong input, alarms`()
    throws
  {
    let kreis = try Kreis(towns: 0)
    let (console, page) = try openHub(kreis, ["KREISNETZ_PUBLIC_PAGE": "true"])
    let browser = try Browser()
    try check(
      [
        console + "/kreis", console + "/kreis/pruefung", console + "/kreis/mitglieder",
        console + "/kreis/protokoll", console + "/kreis/gibtsnicht", page, page + "/angebote?q=x",
        page + "/einrichtung/gibtsnicht",
      ], browser)
    try browser.open(console + "/kreis/mitglieder")
    try browser.type("Hal ver", into: "#name")
    try browser.type("Halver", into: "#title")
    try browser.click(".edit button[type=submit]")
    #expect(try browser.text("#fehler h2") == "Es wurde niemand eingeladen")
    #expect(try browser.value("#title") == "Halver")
    try browser.expectUsable("a refused invite")

    // As if two towns had proven that the hub showed them two histories.
    let evidence = kreis.state("hub") + "/evidence"
    try FileManager.default.createDirectory(
      atPath: evidence, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for side in ["a", "b"] {
      try Data("{}".utf8).write(to: URL(filePath: "\(evidence)/public-7-\(side).json"))
    }
    for place in ["/kreis", "/kreis/pruefung"] {
      try browser.open(console + place)
      #expect(try browser.text(".troubles strong")?.hasPrefix("Zwei Verläufe") == true)
      try browser.expectUsable("an alarm on \(place)")
    }
  }

  @Test(arguments: [true, false])
  func `A family finds an offer and a number to call, without cookies`(runsScript: Bool) throws {
    let kreis = try Kreis(towns: 1)
    let halver = kreis("halver")
    func add(_ arguments: String...) throws -> String {
      let row = try halver(["add"] + arguments + ["--json"])
      return try #require(row.rows.first?["id"]?.text, "\(row.errors)")
    }
    let topic = try add("taxonomy_term", "name=Eltern-Kind-Gruppen")
    let id = try add(
      "organization", "name=Familienzentrum Löwenzahn", "city=Halver", "street=Mittelstraße 5",
      "phone=0221 4710-316")
    let offer = try add(
      "service", "name=Elterncafé", "organization_id=\(id)", "minimum_age=0", "maximum_age=3",
      "categories+=\(topic)", "memo@kreis=Nur für Partner")
    _ = try add(
      "schedule", "service_id=\(offer)", "rrule=FREQ=DAILY", "dtstart=2026-01-05",
      "opens_at=00:00", "closes_at=23:59")
    _ = try add("service", "name=Für Größere", "organization_id=\(id)", "minimum_age=10")
    try kreis.waitUntilEqual()
    let (console, page) = try openHub(
      kreis,
      [
        "KREISNETZ_PUBLIC_PAGE": "true", "KREISNETZ_CONTACT_EMAIL": "familien@kreis.example.org",
        "KREISNETZ_IMPRINT_URL": "https://kreis.example.org/impressum",
      ])
    let browser = try Browser(runsScript: runsScript)
    try browser.open(page)
    #expect(try browser.text("#treffer") == "2 Angebote")
    try browser.open("\(page)/angebote?alter=2&offen=1")
    #expect(try browser.text("#treffer") == "1 Angebot")
    #expect(try browser.text(".open") == "Jetzt geöffnet:")
    try browser.click(".hit h3 a")
    #expect(try browser.text("h1") == "Elterncafé")
    #expect(try browser.text(".reach a") == "0221 4710-316")
    #expect(try browser.text("main")?.contains("täglich 0:00-23:59 Uhr") == true)
    #expect(try browser.text("main")?.contains("Nur für Partner") == false)
    try browser.click(".keeper a")
    #expect(try browser.text("h1") == "Familienzentrum Löwenzahn")
    #expect(try browser.cookies().isEmpty)
    guard runsScript else { return }
    try check(
      [
        page, "\(page)/angebote?q=gibtsnicht", "\(page)/angebot/\(offer)",
        "\(page)/einrichtung/\(id)", "\(page)/barrierefreiheit", "\(page)/angebot/gibtsnicht",
        "\(console)/barrierefreiheit",
      ], browser)
    // All that the pages loaded came from there.
    let loaded = try browser.run(
      "return performance.getEntriesByType('resource').every(one => one.name.startsWith(location.origin))"
    )
    #expect(loaded == .bool(true))
  }
}
