// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// The console in a real browser, on real daemons. `.ci/run` installs what it needs.
@Suite(.serialized, .enabled(if: Browser.isInstalled), .timeLimit(.minutes(5)))
struct ConsoleBrowserTests {
  /// Starts a town's daemon anew, with a console.
  private func openConsole(_ town: String, of kreis: Kreis) throws -> String {
    let port = try Kreis.freePort()
    try kreis.stop(town)
    try kreis.start(town, environment: ["KREISNETZ_CONSOLE_LISTEN": "\(port)"])
    try Kreis.wait("the console") { kreis.errors(town).contains("the console is running") }
    return "http://127.0.0.1:\(port)"
  }

  private func add(_ kreis: Kreis, _ town: String, _ arguments: String...) throws -> String {
    let row = try kreis(town)(["add"] + arguments + ["--json"])
    return try #require(row.rows.first?["id"]?.text, "\(row.errors)")
  }

  @Test func `An edit in one town shows up in the page that another town has open`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver", "organization", "name=Kita Löwenzahn", "phone=0221 4710-316")
    try kreis.waitUntilEqual()
    let (halver, balve) = (
      try openConsole("halver", of: kreis), try openConsole("balve", of: kreis)
    )
    let (writer, reader) = (try Browser(), try Browser())
    try reader.open("\(balve)/eintrag/\(id)")
    #expect(try reader.text(".acts a") == "Rückmeldung geben")
    _ = try reader.run("window.isSamePage = true")

    try writer.open("\(halver)/?q=lowenzahn")
    try writer.click(".hit h3 a")
    try writer.click(".acts a.button")
    try writer.type("0221 4710-777", into: "#feld-phone")
    try writer.click(".edit > .acts button")
    #expect(try writer.text(".message") == "Gespeichert.")
    try Kreis.wait("the new number in the open page") {
      try reader.text("main")?.contains("0221 4710-777") == true
    }
    #expect(try reader.run("return window.isSamePage === true") == .bool(true))

    // What waits for the hub is said, and that it has gone when the hub is back.
    try Kreis.wait("all is sent") { try writer.text("#abgleich") == "Alles übertragen" }
    try kreis.stop("hub")
    try Kreis.wait("the hub is missed") {
      try writer.text("#abgleich")?.contains("nicht erreichbar") == true
    }
    try writer.click(".acts a.button")
    try writer.type("0221 4710-778", into: "#feld-phone")
    try writer.click(".edit > .acts button")
    try Kreis.wait("what waits") {
      try writer.text("#abgleich")?.hasPrefix("1 Änderung wartet, Hub ") == true
    }
    try kreis.start("hub")
    try Kreis.wait("all is sent", seconds: 60) {
      try writer.text("#abgleich") == "Alles übertragen"
    }
    try Kreis.wait("the next number in the open page") {
      try reader.text("main")?.contains("0221 4710-778") == true
    }
  }

  @Test func `Without script the same can be done, and a conflict is resolved with one click`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let id = try add(kreis, "halver", "organization", "name=Kita Löwenzahn", "city=Halver")
    try kreis.waitUntilEqual()
    // The hub may write every record: both change what neither has seen of the other.
    try kreis.stop("hub")
    try kreis("halver").succeed("edit", id, "city=Halver-Mitte")
    try kreis.stop("halver")
    try kreis("hub").succeed("edit", id, "city=Oberbrügge")
    try kreis.start("hub")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    let halver = try openConsole("halver", of: kreis)
    let browser = try Browser(runsScript: false)
    try browser.open("\(halver)/konflikte")
    #expect(try browser.text(".conflict h2") == "Ort: bitte entscheiden")
    try browser.click(".alternative:nth-child(2) button")
    #expect(try browser.text(".message")?.hasPrefix("Entschieden.") == true)
    #expect(try kreis.status("halver")["conflicts"] == .integer(0))
    try browser.open("\(halver)/neu/service?organization_id=\(id)")
    try browser.type("Elterncafé", into: "#feld-name")
    try browser.click(".edit > .acts button")
    #expect(try browser.text("main")?.contains("Elterncafé") == true)
  }

  @Test func `No page has anything that accessibility forbids, at any width`() throws {
    let kreis = try Kreis(towns: 1)
    let id = try add(
      kreis, "halver", "organization", "name=Kita Löwenzahn", "city=Halver", "phone=0221 4710-316",
      "website=https://example.org/kita", "note=Leitung wechselt")
    _ = try add(kreis, "halver", "service", "name=Elterncafé", "organization_id=\(id)")
    _ = try add(
      kreis, "halver", "schedule", "organization_id=\(id)", "rrule=FREQ=WEEKLY;BYDAY=MO",
      "opens_at=09:00", "closes_at=11:00")
    let twin = try add(
      kreis, "halver", "organization", "name=Kita Loewenzahn", "city=Halver", "fax=0221 4710-317")
    let hub = try add(kreis, "hub", "organization", "name=Kreisjugendamt")
    let place = try add(kreis, "halver", "municipality", "name=Halver", "ags=05962012")
    let network = try add(
      kreis, "halver", "network", "name=Frühe Hilfen", "municipalities=\(place)")
    _ = try add(
      kreis, "halver", "network_membership", "network_id=\(network)", "organization_id=\(id)",
      "valid_to=2025-12-31")
    _ = try add(
      kreis, "halver", "network_meeting", "name=Herbsttreffen", "networks=\(network)",
      "date=2026-10-21", "attendance=25")
    try kreis.waitUntilEqual()
    try kreis("hub").succeed("request", id, "city=Halver-Mitte", "--remark", "Der Ort fehlt.")
    try kreis.waitUntilEqual()
    let halver = try openConsole("halver", of: kreis)
    let browser = try Browser()
    let pages = [
      "/", "/?q=kita", "/?q=gibtsnicht", "/eintrag/\(id)", "/eintrag/\(id)/verlauf",
      "/eintrag/\(id)/bearbeiten", "/eintrag/\(hub)", "/eintrag/\(hub)/rueckmeldung",
      "/neu/organization", "/neu/contact?organization_id=\(id)", "/rueckmeldungen",
      "/rueckmeldungen?alle=1", "/faellig", "/konflikte", "/gibtsnicht",
      "/neu/schedule?organization_id=\(id)", "/neu/network_meeting?networks=\(network)",
      "/netzwerke", "/netzwerke/\(network)", "/dubletten", "/druck?alter=3",
      "/dubletten/zusammenfuehren?behalten=\(id)&aufgeben=\(twin)",
    ]
    for page in pages {
      try browser.open(halver + page)
      try browser.expectUsable(page)
    }
    try browser.open("\(halver)/neu/organization")
    try browser.type("kein Telefon", into: "#feld-phone")
    try browser.click(".edit > .acts button")
    #expect(try browser.value("#feld-phone") == "kein Telefon")
    #expect(try browser.text("#feld-phone-fehler")?.contains("keine Telefonnummer") == true)
    #expect(try browser.violations().isEmpty)
  }

  @Test func `While somebody types, errors stand at their fields and nobody's place is taken`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let id = try add(kreis, "halver", "organization", "name=Kita Löwenzahn", "city=Halver")
    let office = try add(kreis, "halver", "organization", "name=Jugendamt", "city=Balve")
    try kreis.waitUntilEqual()
    let halver = try openConsole("halver", of: kreis)
    let browser = try Browser()
    try browser.open("\(halver)/eintrag/\(id)/bearbeiten")
    try browser.type("kein Telefon", into: "#feld-phone")
    try Kreis.wait("the error at its field") {
      try browser.text("#feld-phone-fehler")?.contains("keine Telefonnummer") == true
    }
    #expect(try browser.run("return document.activeElement.id") == "feld-phone")
    #expect(
      try browser.run("return document.activeElement.getAttribute('aria-invalid')") == "true")
    #expect(
      try browser.run("return document.activeElement.getAttribute('aria-describedby')")
        == "feld-phone-fehler")
    #expect(try browser.violations().isEmpty)
    try browser.type("0221 4710-316", into: "#feld-phone")
    try Kreis.wait("the error is gone") { try browser.text("#feld-phone-fehler") == "" }
    // What it refers to is found while one types, and all else stays.
    _ = try browser.run("document.querySelector('.more').open = true")
    try browser.type("jugend", into: "#q-parent_organization_id")
    let found = "#feld-parent_organization_id input[value='\(office)']"
    try Kreis.wait("what was looked for") {
      try browser.run("return document.querySelector(\"\(found)\") !== null") == .bool(true)
    }
    #expect(
      try browser.run("return document.activeElement.id") == "q-parent_organization_id")
    try browser.click(found)
    #expect(try browser.violations().isEmpty)
    try browser.click(".edit > .acts button")
    #expect(try browser.text(".message") == "Gespeichert.")
    #expect(try browser.text("main")?.contains("Jugendamt") == true)

    try browser.open("\(halver)/neu/schedule?organization_id=\(id)")
    try browser.click("#art-ungerade")
    try browser.click("#tag-TU")
    try Kreis.wait("how it will read") {
      try browser.text("#vorschau strong") == "ungerade Kalenderwochen: Dienstag"
    }
    try browser.click(".edit > .acts button")
    #expect(try browser.text(".hours")?.contains("ungerade Kalenderwochen: Dienstag") == true)
  }

  @Test func `Without script a reference is found, and one is made of two`() throws {
    let kreis = try Kreis(towns: 1)
    let id = try add(kreis, "halver", "organization", "name=Kita Löwenzahn", "city=Halver")
    let office = try add(kreis, "halver", "organization", "name=Jugendamt", "city=Balve")
    let twin = try add(
      kreis, "halver", "organization", "name=Kita Loewenzahn", "city=Halver", "fax=0221 4710-317")
    let halver = try openConsole("halver", of: kreis)
    let browser = try Browser(runsScript: false)
    try browser.open("\(halver)/neu/contact?organization_id=\(id)")
    try browser.type("Selma Weiß", into: "#feld-name")
    try browser.type("jugend", into: "#q-organization_id")
    try browser.click("button[name=suchen][value=organization_id]")
    #expect(try browser.value("#feld-name") == "Selma Weiß")
    try browser.click("#feld-organization_id input[value='\(office)']")

    try browser.open("\(halver)/dubletten")
    #expect(try browser.text(".pair h2")?.contains("Kita L") == true)
    try browser.open("\(halver)/dubletten/zusammenfuehren?behalten=\(id)&aufgeben=\(twin)")
    try browser.click(".edit > .acts button")
    #expect(try browser.text(".message")?.hasPrefix("Zusammengeführt.") == true)
    #expect(try browser.text("main")?.contains("0221 4710-317") == true)
    try browser.open("\(halver)/dubletten")
    #expect(try browser.text(".empty") == "Zurzeit ist nichts doppelt eingetragen.")
  }
}
