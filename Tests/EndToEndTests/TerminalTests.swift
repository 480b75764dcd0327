// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// What the binary asks for on a terminal.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TerminalTests {
  private let words = "drei kleine Wörter"

  @Test func `A password is asked for twice and never shown, and counts at the next sign-in`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let made = try Terminal(
      ["account", "add", "vera", "--role", "reading"], state: kreis.state("halver"))
    try made.answer("Password for vera: ", words)
    try made.answer("The same again: ", words)
    #expect(try made.end() == 0, "\(made.shown)")
    #expect(made.shown.contains("The account vera was made (reading)."))
    #expect(!made.shown.contains("kleine"), "\(made.shown)")
    let console = try ConsoleWithAccounts("halver", of: kreis, accounts: [:])
    #expect(try signsIn("vera", words, console.base))
    #expect(try !signsIn("vera", words + "!", console.base))

    // A new one takes its place at once, while the daemon runs.
    let next = "vier ganz andere Wörter"
    let changed = try Terminal(["account", "password", "vera"], state: kreis.state("halver"))
    try changed.answer("Password for vera: ", next)
    try changed.answer("The same again: ", next)
    #expect(try changed.end() == 0, "\(changed.shown)")
    #expect(!changed.shown.contains("andere"))
    #expect(try signsIn("vera", next, console.base))
    #expect(try !signsIn("vera", words, console.base))
  }

  @Test
  func `What is too short or not the same twice changes nothing, and the terminal shows again`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let halver = kreis("halver")
    for (first, second, reason) in [
      ("kurz", "kurz", "A password has at least"),
      (words, words + ".", "The two are not the same. Nothing was changed."),
      ("", "", "No password was given"),
    ] {
      let terminal = try Terminal(
        ["account", "add", "vera", "--role", "reading"], state: kreis.state("halver"))
      try terminal.answer("Password for vera: ", first)
      if !first.isEmpty { try terminal.answer("The same again: ", second) }
      #expect(try terminal.end() == 2, "\(terminal.shown)")
      #expect(terminal.shown.contains(reason), "\(terminal.shown)")
      #expect(first.isEmpty || !terminal.shown.contains(first))
      #expect(terminal.echoes)
    }
    #expect(try halver.succeed("account", "list", "--json").rows.isEmpty)
    // Whoever stops it meanwhile can see again what is typed.
    let stopped = try Terminal(
      ["account", "add", "vera", "--role", "reading"], state: kreis.state("halver"))
    try stopped.wait(for: "Password for vera: ")
    #expect(!stopped.echoes)
    stopped.interrupt()
    #expect(try stopped.end() == 128 + SIGINT)
    #expect(stopped.echoes)
  }

  /// Whether the console lets somebody in, as a browser asks.
  private func signsIn(_ name: String, _ password: String, _ base: String) throws -> Bool {
    let jar = FileManager.default.temporaryDirectory
      .appending(path: "kn-jar-\(UInt32.random(in: 0 ... .max))").path
    defer { try? FileManager.default.removeItem(atPath: jar) }
    func curl(_ arguments: String...) throws -> String {
      let process = Process()
      let pipe = Pipe()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments =
        ["curl", "--silent", "--noproxy", "*", "--cookie", jar, "--cookie-jar", jar] + arguments
      process.standardOutput = pipe
      try process.run()
      let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return String(decoding: data, as: UTF8.self)
    }
    let form = try curl("\(base)/anmelden")
    let token = try #require(form.firstMatch(of: /name="token" value="([^"]*)"/)).1
    let answer = try curl(
      "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Origin: \(base)",
      "--data-urlencode", "token=\(token)", "--data-urlencode", "name=\(name)",
      "--data-urlencode", "passwort=\(password)", "\(base)/anmelden")
    return answer == "303"
  }
}
