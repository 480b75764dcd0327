// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// The examples in `deploy/reverse-proxy`, run by the programs that they are for.
@Suite(.serialized) struct ReverseProxyTests {
  /// A program by its name; `nil` where it is not installed.
  static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin"])
      .map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../deploy/reverse-proxy").standardizedFileURL

  /// An example with this machine's addresses and files in place of those that an admin puts there.
  private func example(_ name: String, _ kreis: Kreis, behind: Int) throws -> String {
    let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    let own = [
      ("hub.example.org", "127.0.0.1"), ("8443", "\(kreis.port)"), ("8444", "\(behind)"),
      ("/etc/kreisnetz/", kreis.folder.path + "/"), ("/var/log/nginx/", kreis.folder.path + "/"),
    ]
    return try own.reduce(text) { text, pair in
      try #require(name != "nginx.conf" || text.contains(pair.0), "\(pair.0) stands in \(name)")
      return text.replacing(pair.0, with: pair.1)
    }
  }

  @Test(
    .enabled(if: program("nginx") != nil, "nginx is not installed"))
  func `Streams, large pushes and new members get through the nginx of the example`() throws {
    let (kreis, behind) = try makeKreis()
    let data = kreis.folder.path
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
      "\($0)_temp_path \(data)/nginx-\($0);"
    }
    let text = try example("nginx.conf", kreis, behind: behind)
      .replacing("http {", with: "http {\n" + paths.joined(separator: "\n"))
    let file = try kreis.file("nginx.conf", text)
    let nginx = try start(
      "nginx",
      [
        "-p", data, "-c", file, "-e", data + "/nginx.log",
        "-g", "daemon off; pid \(data)/nginx.pid; user root;",
      ], in: data)
    defer { end(nginx) }
    try check(kreis)
    let log = try String(contentsOfFile: data + "/kreisnetz.log", encoding: .utf8)
    #expect(log.contains("\"GET /v1/feed") && log.contains("\"POST /v1/bundles"))
  }

  @Test(
    .enabled(if: program("caddy") != nil, "Caddy is not installed"))
  func `Streams, large pushes and new members get through the Caddy of the example`() throws {
    let (kreis, behind) = try makeKreis()
    let text = try example("Caddyfile", kreis, behind: behind)
      .replacing("{\n\tauto_https", with: "{\n\tadmin off\n\tauto_https")
    let file = try kreis.file("Caddyfile", text)
    let caddy = try start(
      "caddy", ["run", "--config", file, "--adapter", "caddyfile"], in: kreis.folder.path)
    defer { end(caddy) }
    try check(kreis)
  }

  /// A hub that listens elsewhere than its URL says and names the proxy's certificate.
  private func makeKreis() throws -> (Kreis, behind: Int) {
    let kreis = try Kreis(towns: 1, authority: Authority())
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.issueCertificate("proxy")
    let behind = try Kreis.freePort()
    try kreis.start(
      "hub",
      environment: [
        "KREISNETZ_LISTEN_PORT": "\(behind)", "KREISNETZ_LISTEN_ADDRESS": "127.0.0.1",
        "KREISNETZ_TLS_ALSO_NAMED": kreis.folder.path + "/proxy.pem",
      ])
    return (kreis, behind)
  }

  private func check(_ kreis: Kreis) throws {
    try kreis.waitForLink("halver", "connected by a stream") {
      $0["hub"] == "connected" && $0["mode"] == "stream"
    }
    // What the hub writes comes by the open stream, not with a later question.
    let id = try kreis("hub").succeed("add", "organization", "name=Jugendamt", "--json").id
    try Kreis.wait("the hub's record in Halver", seconds: 10) {
      try kreis("halver")("show", id).status == 0
    }
    #expect(try kreis.status("halver")["link"]?["mode"] == "stream")

    // A push beyond the megabyte that proxies take unless told otherwise, also when compressed.
    let rows = (0..<350).map { row in
      let text = Base64.encode((0..<4_000).map { _ in UInt8.random(in: .min ... .max) })
      return "{\"kind\":\"organization\",\"external_id\":\"k\(row)\",\"name\":\"Kita \(row)\","
        + "\"description\":\"\(text)\"}"
    }
    let file = try kreis.file("rows.ndjson", rows.joined(separator: "\n") + "\n")
    try kreis("halver").succeed("import", file)
    try Kreis.wait("the push", seconds: 60) {
      try kreis.status("halver")["unsent"] == .integer(0)
    }

    let balve = CommandLineTool(state: kreis.state("balve"), environment: kreis.environment)
    try balve.succeed("town", "join", "-", input: kreis.invite("balve"))
    #expect(try balve.succeed("list", "organization", "--json").rows.count == 351)
  }

  // MARK: - Processes

  private func start(_ name: String, _ arguments: [String], in folder: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.program(name)))
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder]) { $1 }
    process.standardInput = FileHandle.nullDevice
    let log = folder + "/\(name).out"
    try Data().write(to: URL(filePath: log))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: log))
    process.standardError = process.standardOutput
    try process.run()
    return process
  }

  private func end(_ process: Process) {
    process.terminate()
    process.waitUntilExit(seconds: 10)
  }
}
