// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// How daemons start beside each other, and end.
@Suite struct StopTests {
  @Test func `Daemons with followers stop within five seconds, with exit code 0`() throws {
    let kreis = try Kreis(towns: 2)
    for town in kreis.names {
      try kreis.waitForLink(town, "connected") {
        $0["hub"] == "connected" && $0["mode"] == "stream"
      }
    }
    // Somebody watches at the hub and at a town, and both end with them.
    let watchers = try ["hub", "halver"].map { try Watcher(kreis.state($0)) }
    for replica in ["hub", "halver", "balve"] {
      let daemon = try #require(kreis.daemons[replica])
      let stopped = daemon.stop()
      #expect(stopped.status == 0, "\(replica): \(daemon.errors.suffix(2_000))")
      #expect(stopped.seconds < 5, "\(replica)")
    }
    for watcher in watchers { watcher.process.waitUntilExit(seconds: 10) }
  }

  /// The handlers that libraries have for the end of a process break the heap where a thread that used
  /// them ends in the same moment: OpenSSL's did, in one stop of some hundred.
  @Test func `No process breaks when a thread of its connections ends with it`() throws {
    let kreis = try Kreis(towns: 1)
    let late = try Preloaded("late-end", in: kreis.folder).environment
    try kreis.stop("halver")
    try kreis.start("halver", environment: late)
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    try kreis.stop("halver")
    let resync = try CommandLineTool(
      state: kreis.state("halver"), environment: kreis.environment.merging(late) { $1 })("resync")
    #expect(resync.status == 0, "\(resync.errors)")
  }

  @Test(arguments: ["halver", "hub"])
  func `A daemon whose disk hangs stops within five seconds, and loses nothing`(
    replica: String
  ) throws {
    let kreis = try Kreis(towns: 1)
    let flag = kreis.folder.path + "/disk.trouble"
    try kreis.stop(replica)
    let daemon = try kreis.start(
      replica,
      environment: try Preloaded("disk-trouble", in: kreis.folder).environment
        .merging(["DISK_TROUBLE": flag, "WATCHDOG_USEC": "400000"]) { $1 })
    let id = try kreis(replica).succeed("add", "organization", "name=Hebammen", "--json").id
    // Connected again.
    try kreis.waitUntilEqual()
    // What the one writes the other wants to keep.
    let writer = replica == "hub" ? "halver" : "hub"
    try Data("HANG".utf8).write(to: URL(filePath: flag))
    try kreis(writer).succeed("add", "organization", "name=Lotsenpunkt")
    try Kreis.wait("an end of the signs of life") {
      daemon.passOver()
      return !daemon.tells("WATCHDOG=1", seconds: 2)
    }
    let stopped = daemon.stop()
    #expect(stopped.status == 0, "\(daemon.errors.suffix(2_000))")
    #expect(stopped.seconds < 5)
    try FileManager.default.removeItem(atPath: flag)
    try kreis.start(replica)
    try kreis.waitUntilEqual()
    #expect(try kreis(writer)("show", id).status == 0)
  }

  @Test func `A second daemon on a state directory names the first one's process`() throws {
    let kreis = try Kreis(towns: 1)
    let seconds = try kreis.replicas.map {
      try Daemon($0 == "hub" ? "hub" : "town", state: kreis.state($0))
    }
    for (replica, second) in zip(kreis.replicas, seconds) {
      let first = try #require(kreis.daemons[replica])
      #expect(second.waitForExit() == 3)
      #expect(second.errors.contains("is in use"))
      #expect(second.errors.contains("(process \(first.id))"), "\(second.errors)")
      #expect(first.isRunning)
      #expect(try kreis.status(replica)["daemon"] == .bool(true))
    }
  }

  /// A `watch` that has begun.
  private final class Watcher {
    let process = Process()

    init(_ state: String) throws {
      process.executableURL = CommandLineTool.binary
      process.arguments = ["watch", "--json", "--state", state]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = FileHandle.nullDevice
      try process.run()
      let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      try #require(line.contains("watching"))
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
  }
}
