// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore

/// A hub and towns in state directories of their own, in sync over HTTPS on 127.0.0.1.
final class BenchRealm {
  /// What a command did and cost.
  struct Run {
    let end: ChildProcess.End
    let output: String
  }

  let folder: String
  let port: Int
  private let program: String
  private(set) var daemons: [String: RunningDaemon] = [:]
  private var towns = 0

  /// Founds it and starts the hub.
  ///
  /// - Throws: `BenchFailure`.
  init(in folder: String, program: String, hubConfig: String? = nil) throws {
    self.folder = folder
    self.program = program
    port = try Self.freePort()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try command(
      "hub",
      [
        "hub", "init", "--name", "Märkischer Kreis", "--ags", "05962", "--url",
        "https://127.0.0.1:\(port)",
      ])
    try start("hub", config: hubConfig)
  }

  func state(_ replica: String) -> String { folder + "/" + replica }

  /// Lets a town join; its daemon does not run yet.
  ///
  /// - Throws: `BenchFailure`.
  func join(_ town: String) throws {
    towns += 1
    let ags = "05962" + String(repeating: "0", count: 3 - "\(towns)".count) + "\(towns)"
    let invite = try command(
      "hub", ["hub", "invite", "--name", town, "--title", town.capitalized, "--ags", ags]
    ).output
    let file = state(town) + ".invite"
    try Data(invite.utf8).write(to: URL(filePath: file))
    try command(town, ["town", "join", "-"], input: file)
  }

  /// Runs a command on a replica.
  ///
  /// - Throws: `BenchFailure` with what it said if it failed.
  @discardableResult
  func command(
    _ replica: String, _ arguments: [String], input: String = "/dev/null"
  ) throws -> Run {
    let end = try begin(replica, arguments, input: input).waitWatching()
    let (output, errors) = (state(replica) + ".out", state(replica) + ".err")
    guard end.status == 0 else {
      throw BenchFailure(
        "kreisnetz \(arguments.joined(separator: " ")) on \(replica) ended with \(end.status): "
          + ProcessFigures.read(errors) + ProcessFigures.read(output))
    }
    return Run(end: end, output: ProcessFigures.read(output))
  }

  /// Starts a command on a replica.
  ///
  /// - Throws: `BenchFailure`.
  func begin(
    _ replica: String, _ arguments: [String], input: String = "/dev/null"
  ) throws -> ChildProcess {
    let errors = state(replica) + ".err"
    try? FileManager.default.removeItem(atPath: errors)
    return try ChildProcess(
      program, arguments, environment: ["KREISNETZ_STATE": state(replica)], input: input,
      output: state(replica) + ".out", errors: errors)
  }

  @discardableResult
  func start(_ replica: String, config: String? = nil) throws -> RunningDaemon {
    let daemon = try RunningDaemon(
      program, replica == "hub" ? "hub" : "town", state: state(replica), config: config)
    daemons[replica] = daemon
    return daemon
  }

  /// - Throws: `BenchFailure` if it does not stop in good order, or does not run.
  @discardableResult
  func stop(_ replica: String) throws -> ChildProcess.End {
    let end = try daemon(replica).stop()
    daemons[replica] = nil
    return end
  }

  /// - Throws: `BenchFailure` if it does not run.
  func daemon(_ replica: String) throws -> RunningDaemon {
    guard let daemon = daemons[replica] else {
      throw BenchFailure("No daemon of \(replica) runs.")
    }
    return daemon
  }

  /// The hub last.
  func stopAll() throws {
    for town in daemons.keys.filter({ $0 != "hub" }).sorted() { try stop(town) }
    if daemons["hub"] != nil { try stop("hub") }
  }

  // MARK: - Traffic

  /// Imports files without a daemon.
  ///
  /// - Returns: what each cost.
  /// - Throws: `BenchFailure`.
  func importFiles(_ town: String, _ files: [String]) throws -> [ChildProcess.End] {
    try files.map { try command(town, ["import", $0]).end }
  }

  /// Runs a town's daemon until the hub has everything that was written there.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  func pushAll(_ town: String, seconds: Double) throws {
    let watch = try ReplicaWatch(state(town))
    let daemon = try start(town)
    try waitUntil("\(town) to send its entries", seconds: seconds) {
      try daemon.check()
      return try watch.unsent() == 0
    }
    try stop(town)
  }

  /// Runs a town's daemon until it holds everything that the hub has, and leaves it running.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  func catchUp(_ town: String, config: String? = nil, seconds limit: Double) throws -> CatchUp {
    let target = try ReplicaWatch(state("hub")).publicFeed()
    let watch = try ReplicaWatch(state(town))
    let hub = try daemon("hub").figures
    let hubBefore = hub.cpu
    let daemon = try start(town, config: config)
    let townBefore = daemon.figures.cpu
    try waitUntil("\(town) to catch up", seconds: limit) {
      try daemon.check()
      return try watch.publicFeed() == target
    }
    return CatchUp(
      seconds: monotonicSeconds() - daemon.readyAt, townCPU: daemon.figures.cpu - townBefore,
      hubCPU: hub.cpu - hubBefore, townPeakKilobytes: daemon.figures.peakKilobytes,
      hubPeakKilobytes: hub.peakKilobytes)
  }

  /// What a catch-up took, from the start of the fetch until everything is durable.
  struct CatchUp {
    let seconds: Double
    let townCPU: Double
    let hubCPU: Double
    let townPeakKilobytes: Int
    let hubPeakKilobytes: Int
  }

  /// Below the ports that outgoing connections get.
  static func freePort() throws -> Int {
    for _ in 1...50 {
      let port = Int.random(in: 20_000..<32_000)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_in.loopback(port)
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if bound == 0 { return port }
    }
    throw BenchFailure("No free port was found.")
  }
}
