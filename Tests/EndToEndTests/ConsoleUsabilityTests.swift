// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// The pages of the console that only come up in the course of work, in a real browser: whether people can
/// use them, and that two persons release what becomes public.
@Suite(.serialized, .enabled(if: Browser.isInstalled), .timeLimit(.minutes(5)))
struct ConsoleUsabilityTests {
  private func start(_ kreis: Kreis) throws -> ConsoleWithAccounts {
    try ConsoleWithAccounts(
      "halver", of: kreis,
      accounts: ["selma": "administering", "jan": "coordinating", "ute": "reading"])
  }

  @Test func `What becomes public is released by a second person, on pages that all can use`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis("hub").succeed("policy", "--publication-release", "ja")
    let person = try kreis("halver").succeed(
      "add", "contact", "name=Petra Beispiel", "legal_basis=public_task", "source=Liste", "--json"
    ).id
    try kreis.waitUntilEqual()
    let console = try start(kreis)
    let base = console.base
    let selma = try console.browser(of: "selma")
    try selma.open("\(base)/freigaben")
    try selma.check("nothing to release")
    try selma.open("\(base)/eintrag/\(person)/bearbeiten")
    try selma.type("Leitung", into: "#feld-title")
    try selma.click("[data-field=title] summary")
    try selma.click("#z-title option[value=public]")
    try selma.click(".edit > .acts button")
    #expect(try selma.text("main")?.contains("Das würde öffentlich") == true)
    try selma.check("a form that would publish")
    try selma.click("#veroeffentlichen")
    try selma.click(".edit > .acts button")
    #expect(try selma.text(".message")?.contains("Freigabe durch eine zweite Person") == true)
    try selma.open("\(base)/freigaben")
    #expect(try selma.text("main")?.contains("Das haben Sie selbst beantragt") == true)
    #expect(try selma.text("button[value=frei]") == nil)
    try selma.check("one's own to release")
    let jan = try console.browser(of: "jan")
    try jan.open("\(base)/freigaben")
    #expect(try jan.text("main")?.contains("Beantragt von: selma (Verwaltung)") == true)
    try jan.check("another's to release")
    try jan.click("button[value=frei]")
    #expect(try jan.text(".message") == "Freigegeben. Die Angabe ist jetzt öffentlich.")
    let audit = try kreis("halver").succeed("audit").output.split(separator: "\n")
    #expect(
      audit.contains {
        $0.contains("release") && $0.contains("for jan") && $0.contains("requested_account=selma")
      }, "\(audit)")
    let ute = try console.browser(of: "ute")
    try ute.open("\(base)/eintrag/\(person)/bearbeiten")
    #expect(try ute.text("h1") == "Das darf dieses Konto nicht")
    try ute.check("what an account may not do")
  }

  @Test func `Pages that come up while one works can be used by all`() throws {
    let kreis = try Kreis(towns: 1)
    let halver = kreis("halver")
    let house = try halver.succeed(
      "add", "organization", "name=Kita Löwenzahn", "city=Halver",
      "email=leitung.kita-loewenzahn-oberbruegge@familien.halver.example.org", "--json"
    ).id
    let gone = try halver.succeed("add", "organization", "name=Altes Haus", "--json").id
    let hours = try halver.succeed(
      "add", "schedule", "organization_id=\(house)", "rrule=FREQ=WEEKLY;BYDAY=MO", "opens_at=09:00",
      "closes_at=11:00", "--json"
    ).id
    try kreis.waitUntilEqual()
    try kreis("hub").succeed("request", house, "city=Halver-Mitte", "--remark", "Der Ort fehlt.")
    try halver.succeed("delete", gone)
    try kreis.waitUntilEqual()
    // Both change what neither has seen of the other.
    try kreis.stop("hub")
    try halver.succeed("edit", house, "city=Halver-Nord")
    try kreis.stop("halver")
    try kreis("hub").succeed("edit", house, "city=Oberbrügge")
    try kreis.start("hub")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    let console = try start(kreis)
    let base = console.base
    let browser = try console.browser(of: "selma")
    for page in [
      "/konflikte", "/eintrag/\(house)", "/eintrag/\(gone)", "/eintrag/\(hours)",
      "/eintrag/\(hours)/bearbeiten", "/rueckmeldungen", "/eintrag/\(gone)/bearbeiten",
      "/barrierefreiheit", "/druck?q=kita", "/druck?q=kita&offen=1", "/?stadtteil=Nirgendwo",
    ] {
      try browser.open(base + page)
      try browser.check(page)
    }
    let file = FileManager.default.temporaryDirectory
      .appending(path: "kn-rows-\(UInt32.random(in: 0 ... .max)).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(
      "external_id,name,phone\na,Neues Haus,0221 4710-316\nb,Haus ohne Telefon,keines\n".utf8
    )
    .write(to: file)
    try browser.open("\(base)/daten/einlesen")
    try browser.choose(file, into: "#datei")
    try browser.click("main form button[type=submit]")
    #expect(try browser.text("h1")?.hasPrefix("Vorschau") == true)
    #expect(try browser.text("main")?.contains("keine Telefonnummer") == true)
    try browser.check("a preview")
    try browser.click("main form button[type=submit]")
    #expect(try browser.text("h1") == "Eingelesen")
    try browser.check("what was imported")

    // What was about to be done when the session ended is asked for anew.
    try browser.open("\(base)/faellig")
    try browser.click("main input[type=checkbox]")
    #expect(
      try halver("account", "password", "selma", input: "vier andere kleine Wörter\n").status == 0)
    try browser.click("main form button[type=submit]")
    try browser.signIn("selma", "vier andere kleine Wörter")
    #expect(try browser.text("h1") == "Noch nicht gespeichert")
    try browser.check("what came back")

    // Paper is as narrow as some screens, yet tables stay tables there.
    try browser.open("\(base)/druck?q=kita")
    try browser.print()
    let head = "return getComputedStyle(document.querySelector('.sheet thead')).position"
    #expect(try browser.run(head) == "static")
    #expect(try browser.run(Browser.cutOff).elements.isEmpty)
  }

  @Test func `What moves stands still for whom it was turned off, and only then`() throws {
    let kreis = try Kreis(towns: 1)
    let console = try start(kreis)
    let base = console.base
    let browser = try console.browser(of: "selma")
    try browser.open("\(base)/")
    let animation = "return getComputedStyle(document.getElementById('hinweis')).animationName"
    // The looks below would see nothing if nothing ever moved.
    #expect(try browser.run(animation) == "rise")
    try browser.reduceMotion()
    #expect(try browser.run(animation) == "none")
    #expect(try browser.run(Browser.moving).elements.isEmpty)
    _ = try browser.run("document.querySelector('h1').style.transition = 'color 1s'")
    #expect(try browser.run(Browser.moving).elements.count == 1)
    try browser.resize(width: 640, scale: 2)
    #expect(try browser.run(Browser.cutOff).elements.isEmpty)
    _ = try browser.run("document.querySelector('h1').style.cssText = 'width: 900px'")
    #expect(try browser.run(Browser.cutOff).elements.isEmpty == false)
  }
}
