// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Signing in at the console of a real daemon, in a real browser.
@Suite(.serialized, .enabled(if: Browser.isInstalled), .timeLimit(.minutes(5)))
struct ConsoleSignInTests {
  @Test func `Who signs in keeps what was typed, and erases with a certificate`() throws {
    let kreis = try Kreis(towns: 2)
    let halver = kreis("halver")
    let house = try halver.succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    let person = try halver.succeed(
      "add", "contact", "name=Selma Weiß", "organization_id=\(house)", "legal_basis=public_task",
      "source=Liste", "--json"
    ).id
    try kreis.waitUntilEqual()
    let console = try ConsoleWithAccounts("halver", of: kreis, accounts: ["Vera": "administering"])
    let base = console.base
    #expect(try halver("account", "add", "vera", "--role", "reading", input: "x\n").status == 2)
    #expect(
      try halver("account", "add", "vera", "--role", "reading", input: ConsoleWithAccounts.password)
        .status == 1)

    let browser = try Browser()
    try browser.open("\(base)/eintrag/\(person)/bearbeiten")
    #expect(try browser.text("h1") == "Anmelden")
    try browser.check("signing in")
    try browser.signIn("vera", "falsches Passwort")
    #expect(try browser.text(".errors") == "Name oder Passwort stimmt nicht.")
    try browser.check("a wrong password")
    try browser.signIn("vera")
    #expect(try browser.text("h1") == "Selma Weiß bearbeiten")
    try browser.type("Leiterin", into: "#feld-title")
    try console.restart()
    try browser.click(".edit .acts button[type=submit]")
    #expect(try browser.text(".message") == "Gespeichert.")

    // The session ends while a form is open: what was typed comes back.
    try browser.open("\(base)/eintrag/\(person)/bearbeiten")
    try browser.type("Stellvertreterin", into: "#feld-title")
    let next = "vier ganz andere Wörter"
    #expect(try halver("account", "password", "vera", input: next + "\n").status == 0)
    try browser.click(".edit .acts button[type=submit]")
    #expect(try browser.text(".message")?.contains("nicht verloren") == true)
    try browser.check("a form that waits")
    try browser.signIn("vera", next)
    #expect(try browser.value("#feld-title") == "Stellvertreterin")
    try browser.click(".edit .acts button[type=submit]")
    #expect(try browser.text("main")?.contains("Stellvertreterin") == true)

    try browser.open("\(base)/eintrag/\(person)/vernichten")
    try browser.check("erasing")
    try browser.type("Antrag nach Art. 17 DSGVO", into: "#grund")
    try browser.click(".fatal")
    #expect(try browser.text(".errors")?.contains("gelesen haben") == true)
    try browser.check("erasing without a word")
    #expect(try browser.value("#grund") == "Antrag nach Art. 17 DSGVO")
    try browser.click("#sicher")
    try browser.click(".fatal")
    try Kreis.wait("the certificate") { try browser.text("h1") == "Löschbestätigung" }
    try browser.check("the certificate")
    try Kreis.wait("all members confirm", seconds: 60) {
      try browser.open("\(base)/loeschungen/\(person)")
      return try browser.text("main")?.contains("von allen Mitgliedern bestätigt.") == true
        && browser.text("main")?.contains("noch nicht") == false
    }
    #expect(try kreis("balve")("show", person).output.contains("Selma") == false)
    for page in ["/daten", "/daten/einlesen", "/daten/ausgeben", "/loeschungen", "/konto"] {
      try browser.open(base + page)
      try browser.check(page)
    }
    try browser.click(".person button")
    try browser.open("\(base)/")
    #expect(try browser.text("h1") == "Anmelden")
    let audit = try halver.succeed("audit").output
    #expect(audit.contains("for vera") && audit.contains("console sign-out"))
    #expect(!audit.contains("Selma") && !audit.contains("Wörter"))
  }
}
