// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// A town's console in which one signs in, of a real daemon.
struct ConsoleWithAccounts {
  /// Of every account that is made here.
  static let password = "drei kleine Wörter"

  private let kreis: Kreis
  private let town: String
  let port: Int
  var base: String { "http://127.0.0.1:\(port)" }

  /// Starts the town's daemon anew, with a console.
  ///
  /// - Parameter accounts: names and roles of accounts to make before.
  init(_ town: String, of kreis: Kreis, accounts: KeyValuePairs<String, String>) throws {
    (self.kreis, self.town) = (kreis, town)
    port = try Kreis.freePort()
    for (name, role) in accounts {
      let made = try kreis(town)(
        "account", "add", name, "--role", role, input: Self.password + "\n")
      #expect(made.status == 0, "\(made.errors)")
    }
    try restart()
  }

  func restart() throws {
    try kreis.stop(town)
    try start()
  }

  /// Starts the daemon that was stopped.
  func start() throws {
    try kreis.start(
      town,
      environment: [
        "KREISNETZ_CONSOLE_LISTEN": "\(port)", "KREISNETZ_CONSOLE_SIGN_IN": "accounts",
      ])
    try Kreis.wait("the console") { kreis.errors(town).contains("the console is running") }
  }

  /// A browser of somebody's own, in which that one is signed in.
  func browser(of name: String) throws -> Browser {
    let browser = try Browser()
    try browser.open("\(base)/anmelden")
    try browser.signIn(name)
    return browser
  }
}

extension Browser {
  /// Fills in the page that asks who one is.
  func signIn(_ name: String, _ password: String = ConsoleWithAccounts.password) throws {
    try type(name, into: "#name")
    try type(password, into: "#passwort")
    try click("main button[type=submit]")
  }

  /// As `expectUsable`, at two widths: for pages that tests come through on their way.
  func check(_ what: String) throws { try expectUsable(what, widths: [390, 1_400]) }
}
