// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What the doctor finds, with real files, sockets and daemons.
@Suite struct DoctorTests {
  /// The levels by test, as `doctor --json` says them; the worst where a test says several.
  private struct Report {
    let status: Int32
    let output: String
    private let rows: [JSONValue]

    init(_ result: CommandLineTool.Result) {
      status = result.status
      output = result.output + result.errors
      rows = result.rows
    }

    func level(_ test: String) -> String? {
      let levels = rows.filter { $0["test"] == .string(test) }.compactMap { row in
        if case .string(let level)? = row["level"] { level } else { String?.none }
      }
      return ["FAIL", "WARN", "OK"].first(where: levels.contains)
    }

    func text(_ test: String) -> String {
      rows.filter { $0["test"] == .string(test) }.map { row in
        ["text", "advice"].compactMap { name in
          if case .string(let text)? = row[name] { text } else { nil }
        }.joined(separator: " ")
      }.joined(separator: " ")
    }

    var failures: [String] {
      rows.compactMap { row in
        guard row["level"] == "FAIL", case .string(let test)? = row["test"] else { return nil }
        return test
      }
    }

    /// Whoever must do something is told what.
    var isHelpful: Bool {
      rows.allSatisfy {
        $0["level"] != "FAIL" || $0["advice"] != ""
          || text("connection").contains("Check the network") || $0["test"] == "state directory"
      }
    }
  }

  private func doctor(
    _ tool: CommandLineTool, _ arguments: String..., input: String? = nil
  ) throws -> Report {
    let report = Report(try tool(["doctor", "--json"] + arguments, input: input))
    #expect(report.isHelpful, "\(report.output)")
    return report
  }

  @Test func `Where all is well every test says so, with a daemon and without`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.waitUntilEqual()
    let tests = [
      "daemon", "disk", "state directory", "permissions", "key", "database", "version", "settings",
      "proxy", "DNS", "connection", "pin", "hub", "clock", "hub's identity", "membership",
      "systemd",
    ]
    var report = try doctor(kreis("halver"))
    #expect(report.status == 0, "\(report.output)")
    for test in tests { #expect(report.level(test) != nil, "\(test): \(report.output)") }
    #expect(report.failures.isEmpty)
    report = try doctor(kreis("hub"))
    #expect(report.status == 0, "\(report.output)")
    #expect(report.level("certificate") == "OK")
    #expect(report.level("pin") == "OK")
    try kreis.stop("halver")
    let before = try files(kreis.state("halver"))
    report = try doctor(kreis("halver"))
    #expect(report.status == 0, "\(report.output)")
    #expect(report.level("daemon") == "WARN")
    #expect(report.text("membership").contains("the hub takes the key of halver"))
    #expect(try files(kreis.state("halver")) == before)
  }

  /// Names and contents, but those that SQLite makes for readers.
  private func files(_ path: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path)
    where !name.hasSuffix("-wal") && !name.hasSuffix("-shm") {
      files[name] = FileManager.default.contents(atPath: path + "/" + name) ?? Data()
    }
    return files
  }

  @Test func `Before it joined a town tests the way with its invite, or the address alone`() throws
  {
    let kreis = try Kreis(towns: 0)
    let town = CommandLineTool(state: nil)
    let invite = try kreis.invite("balve")
    var report = try doctor(town, "--invite", "-", input: invite)
    #expect(report.status == 0, "\(report.output)")
    for test in ["pin", "hub", "clock", "hub's identity"] {
      #expect(report.level(test) == "OK", "\(test)")
    }
    report = try doctor(town, "--url", "https://127.0.0.1:\(kreis.port)")
    #expect(report.status == 0)
    #expect(report.level("certificate") == "WARN")
    #expect(report.text("certificate").contains("--invite"))
    report = try doctor(town, "--url", "https://hub.invalid:8443")
    #expect(report.failures == ["DNS"])
    report = try doctor(
      CommandLineTool(state: nil, environment: ["KREISNETZ_PROXY": "http://127.0.0.1:1"]),
      "--invite", "-", input: invite)
    #expect(report.failures == ["connection"])
    #expect(report.text("connection").contains("the proxy does not answer"))
    // The invite is still good for joining.
    try CommandLineTool(state: kreis.state("balve")).succeed("town", "join", "-", input: invite)
  }

  @Test func `A closed port, another key, a login page and a wrong clock are told apart`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.stop("halver")
    try kreis.stop("hub")
    var report = try doctor(kreis("halver"))
    #expect(report.failures == ["connection"])
    #expect(report.status == 1)

    let other = CommandLineTool(state: kreis.folder.path + "/other")
    try other.succeed(
      "hub", "init", "--name", "Anderer", "--ags", "05962", "--url",
      "https://127.0.0.1:\(kreis.port)")
    let stranger = try Daemon("hub", state: kreis.folder.path + "/other")
    try stranger.waitUntilReady()
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["pin"])
    #expect(report.text("pin").contains("issued by CN = Kreisnetz hub"), "\(report.text("pin"))")
    #expect(report.text("pin").contains("exempt the hub's host from TLS inspection"))
    stranger.kill()

    let (certificate, key) = (
      kreis.state("hub") + "/tls/cert.pem", kreis.state("hub") + "/tls/key.pem"
    )
    let page = try LoginPage(port: kreis.port, certificate: certificate, key: key)
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["captive page"])
    page.stop()

    let late = try LoginPage(
      port: kreis.port, certificate: certificate, key: key,
      answer: LoginPage.answer(
        "text/plain", "ready\n", fields: ["Date: Sun, 06 Nov 1994 08:49:37 GMT"]))
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["clock"])
    #expect(report.text("clock").contains("s behind"))
    late.stop()
  }

  @Test func `An interception is named with who made its certificate and what to ask for`() throws {
    let kreis = try Kreis(towns: 1, authority: Authority())
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    var report = try doctor(kreis("halver"))
    #expect(report.status == 0, "\(report.output)")
    #expect(report.level("interception") == "OK")
    try kreis.stop("hub")
    let behind = try Kreis.freePort()
    try kreis.start("hub", environment: ["KREISNETZ_LISTEN_PORT": "\(behind)"])
    try kreis.issueCertificate("proxy")
    let interceptor = try Interceptor(
      port: kreis.port, hub: behind, certificate: kreis.folder.path + "/proxy.pem",
      key: kreis.folder.path + "/proxy.key")
    defer { interceptor.stop() }
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["interception"], "\(report.output)")
    #expect(report.text("interception").contains("issued by"), "\(report.output)")
    // The doctor itself sends nothing over it either.
    #expect(Set(interceptor.requests) == ["GET /v1/tls HTTP/1.1"])
  }

  @Test func `Files that are open, missing, damaged or another's are named with what to do`() throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    let state = kreis.state("halver")
    let key = state + "/keys/member-1.key"
    let manager = FileManager.default

    try manager.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    var report = try doctor(kreis("halver"))
    #expect(Set(report.failures) == ["permissions", "key"], "\(report.output)")
    #expect(report.text("permissions").contains("keys/member-1.key"))
    try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)

    try manager.moveItem(atPath: key, toPath: kreis.folder.path + "/kept")
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["key"])
    #expect(report.text("key").contains("hub invite --member halver"))
    try manager.moveItem(atPath: kreis.folder.path + "/kept", toPath: key)

    if geteuid() == 0 {
      try #require(chown(key, 65_534, gid_t.max) == 0)
      report = try doctor(kreis("halver"))
      #expect(report.failures == ["owner"], "\(report.output)")
      try #require(chown(key, 0, gid_t.max) == 0)
    }

    let database = try #require(FileHandle(forUpdatingAtPath: state + "/kreisnetz.sqlite"))
    let size = try database.seekToEnd()
    try database.seek(toOffset: 8_192)
    let page = try #require(try database.read(upToCount: Int(size) - 8_192))
    try database.seek(toOffset: 8_192)
    try database.write(contentsOf: Data(repeating: 0xA5, count: page.count))
    report = try doctor(kreis("halver"))
    #expect(report.level("database") == "FAIL", "\(report.output)")
    #expect(report.status == 1)
    try database.seek(toOffset: 8_192)
    try database.write(contentsOf: page)

    try manager.setAttributes([.posixPermissions: 0o777], ofItemAtPath: state)
    report = try doctor(kreis("halver"))
    #expect(report.failures == ["state directory"])
    #expect(report.text("state directory").contains("chmod 700"))
    try manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: state)
    #expect(try doctor(kreis("halver")).status == 0)

    report = try doctor(CommandLineTool(state: kreis.state("nobody")))
    #expect(report.failures == ["state directory"])
    report = try doctor(
      CommandLineTool(state: state, environment: ["KREISNETZ_PROXY": "nonsense"]))
    #expect(report.failures.contains("settings"))
  }

  @Test func `A revoked town learns that the hub refuses its key`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try kreis("hub").succeed("hub", "revoke", "halver")
    let report = try doctor(kreis("halver"))
    #expect(report.failures == ["membership"], "\(report.output)")
    #expect(report.status == 1)
  }
}
