// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What an open page of the console does by itself, in a real browser: it never gives up, and never takes
/// away what somebody was about to do.
@Suite(.serialized, .enabled(if: Browser.isInstalled), .timeLimit(.minutes(5)))
struct ConsoleLiveTests {
  private func start(_ kreis: Kreis) throws -> ConsoleWithAccounts {
    try ConsoleWithAccounts("halver", of: kreis, accounts: ["selma": "administering"])
  }

  @Test func `A page listens again after a proxy answered for its daemon`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let console = try start(kreis)
    let browser = try console.browser(of: "selma")
    func waitForLight(_ text: String) throws {
      try Kreis.wait(text, seconds: 60) { try browser.text("#abgleich") == text }
    }
    try waitForLight("Alles übertragen")
    try kreis.stop("halver")
    let proxy = try BadGateway(port: console.port)
    // Browsers listen no more after such an answer.
    try Kreis.wait("the proxy's answer") {
      proxy.requests.contains { $0.hasPrefix("GET /ereignisse") }
    }
    try waitForLight("Konsole nicht erreichbar – es wird weiter versucht")
    try proxy.stop()
    try console.start()
    try waitForLight("Alles übertragen")
    try kreis("halver").succeed(
      "account", "password", "selma", input: "vier andere kleine Wörter\n")
    try waitForLight("Nicht mehr verbunden – bitte die Seite neu laden")
  }

  @Test func `A form shows what others write beside it, and gives no alarm without cause`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let id = try kreis("halver").succeed(
      "add", "organization", "name=Kita Löwenzahn", "city=Halver", "phone=0221 4710-316", "--json"
    ).id
    let console = try start(kreis)
    let browser = try console.browser(of: "selma")
    try browser.open("\(console.base)/eintrag/\(id)/bearbeiten")
    _ = try browser.run(
      """
      window.said = [];
      const notice = document.getElementById("hinweis");
      new MutationObserver(() => said.push(notice.textContent)).observe(notice, {childList: true});
      const phone = document.getElementById("feld-phone");
      phone.value = "0221 4710-500";
      phone.dispatchEvent(new Event("input", {bubbles: true}));
      """)
    func waitForChecks(_ count: Int) throws {
      let script = """
        return performance.getEntriesByType("resource").filter(one => one.name.endsWith("/bearbeiten")).length;
        """
      try Kreis.wait("\(count) checks") { try browser.run(script).unsigned ?? 0 >= UInt64(count) }
    }
    try waitForChecks(1)
    // The stream is cut: something may have happened meanwhile, and has not.
    try console.restart()
    try waitForChecks(2)
    try kreis("halver").succeed("edit", id, "phone=0221 4710-400", "city=Balve")
    try Kreis.wait("the other's town") {
      try browser.text("#feld-city-andere")?.hasPrefix("Jetzt steht dort: Balve (Halver, ") == true
    }
    #expect(try browser.text("#feld-phone-andere")?.contains("0221 4710-400") == true)
    #expect(try browser.text("#feld-phone-fehler")?.contains("jemand anderes") == true)
    #expect(try browser.value("#feld-phone") == "0221 4710-500")
    #expect(try browser.run("return said.length") == .integer(1))
    #expect(try browser.text("#hinweis")?.hasPrefix("Dieser Eintrag wurde soeben") == true)
    #expect(try browser.violations().isEmpty)
    // Nothing leads away from what was typed but what says so.
    #expect(
      try browser.run(
        "const link = document.querySelector('#hinweis a'); return link.target + link.getAttribute('href')"
      ) == .string("_blank/eintrag/\(id)"))
    let isAsked = """
      const leaving = new Event("beforeunload", {cancelable: true});
      dispatchEvent(leaving);
      return leaving.defaultPrevented;
      """
    #expect(try browser.run(isAsked) == .bool(true))
    try browser.click(".crumb a")
    #expect(try browser.text("h1") == "Kita Löwenzahn")
    #expect(try browser.run(isAsked) == .bool(false))
  }

  @Test func `Focus stays on the same decision while others are decided, and comes to no other`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let halver = kreis("halver")
    let ids = try (1...3).map {
      try halver.succeed("add", "organization", "name=Haus \($0)", "city=Halver", "--json").id
    }
    try kreis.waitUntilEqual()
    // Both change what neither has seen of the other.
    try kreis.stop("hub")
    for id in ids { try halver.succeed("edit", id, "city=Halver-Mitte") }
    try kreis.stop("halver")
    for id in ids { try kreis("hub").succeed("edit", id, "city=Oberbrügge") }
    try kreis.start("hub")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    let console = try start(kreis)
    let browser = try console.browser(of: "selma")
    try browser.open("\(console.base)/konflikte")
    let records = try browser.run(
      """
      const forms = [...document.querySelectorAll(".alternative form")];
      forms[3].querySelector("button").focus();
      return [forms[0], forms[3]].map(one => one.getAttribute("action").split("/")[2]);
      """
    ).elements.compactMap(\.text)
    try #require(records.count == 2)
    let focused = """
      const one = document.activeElement;
      return one.form ? one.form.getAttribute("action") + " " + one.form.elements.angabe.value : one.tagName;
      """
    let before = try browser.run(focused)
    #expect(before.text?.hasPrefix("/eintrag/\(records[1])/aufloesen ") == true)
    try halver.succeed("resolve", records[0], "city", "--take", "1")
    try Kreis.wait("one is decided") {
      try browser.run("return document.querySelectorAll('.conflict').length") == .integer(2)
    }
    #expect(try browser.run(focused) == before)
    // Enter on what is gone decides nothing.
    try halver.succeed("resolve", records[1], "city", "--take", "1")
    try Kreis.wait("two are decided") {
      try browser.run("return document.querySelectorAll('.conflict').length") == .integer(1)
    }
    #expect(try browser.run(focused) == "H1")
  }

  @Test func `A form goes once for two clicks, and after a download again`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let console = try start(kreis)
    let browser = try console.browser(of: "selma")
    // Counts what would be sent.
    let clicks = """
      window.count = 0;
      window.button = document.querySelector("main .acts button");
      addEventListener("submit", event => { if (!event.defaultPrevented) count += 1; event.preventDefault(); });
      button.click();
      button.click();
      return count;
      """
    let isMarked = "return button.hasAttribute('aria-disabled')"
    try browser.open("\(console.base)/neu/organization")
    #expect(try browser.run(clicks) == .integer(1))
    #expect(try browser.run(isMarked) == .bool(true))
    // One comes back to the page as it was left.
    #expect(
      try browser.run("dispatchEvent(new Event('pageshow')); button.click(); return count")
        == .integer(2))
    try browser.open("\(console.base)/daten/ausgeben")
    #expect(try browser.run(clicks) == .integer(1))
    try Kreis.wait("the button") { try browser.run(isMarked) == .bool(false) }
    #expect(try browser.run("button.click(); return count") == .integer(2))
  }
}
