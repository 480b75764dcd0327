// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// A hub and towns in state directories of their own, each with a real daemon; gone with the test.
final class Kreis {
  struct Town {
    let name: String
    let title: String
    let ags: String
  }

  static let towns = [
    Town(name: "halver", title: "Halver", ags: "05962012"),
    Town(name: "balve", title: "Balve", ags: "05962008"),
    Town(name: "kierspe", title: "Kierspe", ags: "05962028"),
  ]

  let folder = FileManager.default.temporaryDirectory
    .appending(path: "kn-kreis-\(UInt32.random(in: 0 ... .max))")
  let port: Int
  let names: [String]
  private let members: [Town]
  /// Of every process on these state directories.
  private(set) var environment: [String: String] = [:]
  /// That of the hub's certificate; `nil`: the invites pin its key.
  private let authority: Authority?
  private(set) var daemons: [String: Daemon] = [:]
  /// The realm's recovery phrase, which opens the root key.
  private(set) var phrase = ""

  /// Founds a hub and lets `count` towns join; all daemons run.
  convenience init(
    towns count: Int, authority: Authority? = nil, isTraining: Bool = false,
    host: String = "127.0.0.1"
  ) throws {
    try self.init(
      "Märkischer Kreis", ags: "05962", towns: Array(Self.towns.prefix(count)),
      authority: authority, isTraining: isTraining, host: host)
  }

  /// Founds the hub of a Kreis and lets these towns join; all daemons run.
  init(
    _ title: String, ags: String, towns: [Town], authority: Authority? = nil,
    isTraining: Bool = false, host: String = "127.0.0.1"
  ) throws {
    self.authority = authority
    port = try Self.freePort()
    members = towns
    names = towns.map(\.name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    var arguments = [
      "hub", "init", "--name", title, "--ags", ags, "--url", "https://\(host):\(port)", "--json",
    ]
    if isTraining { arguments.append("--training") }
    if let authority {
      environment["KREISNETZ_CA_FILE"] = try file("ca.pem", authority.pem)
      try issueCertificate("hub")
      arguments += ["--tls-cert", folder.path + "/hub.pem", "--tls-key", folder.path + "/hub.key"]
    }
    let founded = try self("hub")(arguments)
    try #require(founded.status == 0, "\(founded.errors)")
    if case .string(let phrase)? = founded.rows.first?["recovery_phrase"] { self.phrase = phrase }
    try start("hub")
    for town in names {
      try self(town).succeed("town", "join", "-", input: invite(town))
      try start(town)
    }
  }

  deinit {
    for daemon in daemons.values { daemon.kill() }
    try? FileManager.default.removeItem(at: folder)
  }

  var replicas: [String] { ["hub"] + names }

  func state(_ replica: String) -> String { folder.path + "/" + replica }

  /// Commands on a replica.
  func callAsFunction(_ replica: String) -> CommandLineTool {
    CommandLineTool(state: state(replica), environment: environment)
  }

  /// Makes a certificate of the authority, or another one in its place.
  func issueCertificate(_ name: String) throws {
    try #require(authority).issue(name, in: folder)
  }

  func invite(_ town: String) throws -> String {
    let data = try #require((members + Self.towns).first { $0.name == town })
    return try self("hub").succeed(
      "hub", "invite", "--name", data.name, "--title", data.title, "--ags", data.ags
    ).output
  }

  func file(_ name: String, _ text: String) throws -> String {
    let url = folder.appending(path: name)
    try Data(text.utf8).write(to: url)
    return url.path
  }

  /// Copies a replica's state directory, whose daemon should not run.
  func copy(_ replica: String, to copy: String) throws {
    try FileManager.default.copyItem(atPath: state(replica), toPath: state(copy))
  }

  /// Puts a copy made earlier in a replica's place.
  func replace(_ replica: String, with copy: String) throws {
    try FileManager.default.removeItem(atPath: state(replica))
    try self.copy(copy, to: replica)
  }

  // MARK: - Daemons

  @discardableResult
  func start(
    _ replica: String, config: String? = nil, environment: [String: String] = [:],
    waits: Bool = true
  ) throws -> Daemon {
    let daemon = try Daemon(
      replica.hasPrefix("hub") ? "hub" : "town", state: state(replica), config: config,
      environment: self.environment.merging(environment) { $1 })
    daemons[replica] = daemon
    if waits { try daemon.waitUntilReady() }
    return daemon
  }

  func stop(_ replica: String) throws {
    let removed = daemons.removeValue(forKey: replica)
    let daemon = try #require(removed)
    let stopped = daemon.stop()
    try #require(stopped.status == 0, "\(daemon.errors.suffix(2_000))")
  }

  func kill(_ replica: String) { daemons.removeValue(forKey: replica)?.kill() }

  /// What a running daemon wrote to its log.
  func errors(_ replica: String) -> String { daemons[replica]?.errors ?? "" }

  // MARK: - Waiting

  /// Asks again and again until `condition` holds.
  static func wait(
    _ what: String, seconds: Double = 30, location: SourceLocation = #_sourceLocation,
    until condition: () throws -> Bool
  ) throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while try !condition() {
      guard Date() < end else {
        Issue.record("waited \(seconds) s for: \(what)", sourceLocation: location)
        throw Daemon.Trouble.notReady
      }
      usleep(20_000)
    }
  }

  func status(_ replica: String) throws -> JSONValue {
    let result = try self(replica)("status", "--json")
    // 1: all is not well.
    try #require(result.status == 0 || result.status == 1, "\(result.errors)")
    return try #require(result.rows.first)
  }

  /// Waits until a town's link to the hub says what `condition` wants.
  func waitForLink(
    _ town: String, _ what: String, location: SourceLocation = #_sourceLocation,
    _ condition: (JSONValue) -> Bool
  ) throws {
    try Self.wait("\(town): \(what)", location: location) {
      try status(town)["link"].map(condition) ?? false
    }
  }

  /// What `log verify` computes of every scope that a replica shares, from its files alone.
  func digests(_ replica: String) throws -> [String: JSONValue] {
    let result = try self(replica)("log", "verify", "--json")
    let row = try #require(result.rows.first, "\(result.errors)")
    #expect(result.status == 0, "\(replica): \(row)")
    #expect(row["sound"] == .bool(true), "\(replica): \(row)")
    guard case .array(let scopes) = row["scopes"] else { return [:] }
    return scopes.reduce(into: [:]) { digests, scope in
      guard case .string(let name) = scope["scope"], name != "local" else { return }
      digests[name] = scope
    }
  }

  /// Waits until every town holds exactly what the hub holds of the scopes it reads.
  func waitUntilEqual(location: SourceLocation = #_sourceLocation) throws {
    try Self.wait("equal replicas", seconds: 60, location: location) {
      let unsent = try names.contains { try status($0)["unsent"] != .integer(0) }
      guard !unsent else { return false }
      let hub = try digests("hub")
      guard hub["public"] != nil else { return false }
      return try names.allSatisfy { town in
        let here = try digests(town)
        let shared = hub.filter { !$0.key.hasPrefix("coordination") || here[$0.key] != nil }
        return here == shared
      }
    }
  }

  /// Below the ports that outgoing connections get: one of those could take the hub's while the hub
  /// is down.
  static func freePort() throws -> Int {
    for _ in 1...50 {
      let port = Int.random(in: 20_000..<32_000)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      if Loopback.withAddress(port, { bind(descriptor, $0, $1) }) == 0 { return port }
    }
    throw Daemon.Trouble.noSocket
  }
}

extension CommandLineTool {
  /// Runs a command that must end with 0.
  @discardableResult
  func succeed(
    _ arguments: String..., input: String? = nil, location: SourceLocation = #_sourceLocation
  ) throws -> Result {
    let result = try self(arguments, input: input)
    try #require(
      result.status == 0, "\(arguments): \(result.errors)\(result.output)",
      sourceLocation: location)
    return result
  }

  /// Expects exit code `status` and `text` in the message.
  func fail(
    _ status: Int32, _ text: String, _ arguments: String..., input: String? = nil,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try self(arguments, input: input)
    #expect(
      result.status == status, "\(arguments): \(result.errors)\(result.output)",
      sourceLocation: location)
    #expect(
      result.errors.contains(text), "\(arguments): \(result.errors)", sourceLocation: location)
  }
}
