// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Daemons whose disk is full for a while.
@Suite struct DiskFullTests {
  /// A disk that the test fills and empties.
  private struct Disk {
    let preloaded: Preloaded
    let flag: String

    init(_ kreis: Kreis, _ name: String) throws {
      flag = kreis.folder.path + "/\(name).trouble"
      preloaded = try Preloaded("disk-trouble", in: kreis.folder)
    }

    var environment: [String: String] {
      preloaded.environment.merging(["DISK_TROUBLE": flag]) { $1 }
    }

    func fill(_ reason: String = "ENOSPC") throws {
      try Data(reason.utf8).write(to: URL(filePath: flag))
    }

    func empty() throws { try FileManager.default.removeItem(atPath: flag) }
  }

  private func limitFiles(of daemon: Daemon, to bytes: String) throws {
    let tool = Process()
    tool.executableURL = URL(filePath: "/usr/bin/env")
    tool.arguments = ["prlimit", "--pid", "\(daemon.id)", "--fsize=\(bytes):unlimited"]
    try tool.run()
    tool.waitUntilExit()
    try #require(tool.terminationStatus == 0)
  }

  private func trouble(_ kreis: Kreis, _ replica: String) throws -> String? {
    guard case .string(let text) = try kreis.status(replica)["link"]?["store_trouble"] else {
      return nil
    }
    return text
  }

  @Test func `A town whose disk is full reads, says so, and goes on by itself`() throws {
    let kreis = try Kreis(towns: 2)
    let disk = try Disk(kreis, "halver")
    try kreis.stop("halver")
    let daemon = try kreis.start("halver", environment: disk.environment)
    let id = try kreis("halver").succeed("add", "organization", "name=Vorher", "--json").id
    try kreis.waitUntilEqual()

    // A command meets it.
    try disk.fill()
    try kreis("halver").fail(3, "disk is full", "add", "organization", "name=Zwischendurch")
    #expect(try trouble(kreis, "halver")?.contains("disk is full") == true)
    #expect(try kreis("halver").succeed("show", id).output.contains("Vorher"))
    try disk.empty()
    #expect(try trouble(kreis, "halver") == nil)

    // What comes from the hub meets it.
    try disk.fill()
    try kreis("balve").succeed("add", "organization", "name=Aus Balve")
    try Kreis.wait("trouble in status") {
      try trouble(kreis, "halver")?.contains("disk is full") == true
    }
    try disk.empty()
    try kreis.waitUntilEqual()
    #expect(try trouble(kreis, "halver") == nil)
    let names = try kreis("halver").succeed("list", "organization").output
    #expect(names.contains("Aus Balve"))
    #expect(!names.contains("Zwischendurch"))
    #expect(daemon.isRunning)
  }

  @Test func `A hub whose disk is full loses no push, says so, and goes on by itself`() throws {
    let kreis = try Kreis(towns: 1)
    let disk = try Disk(kreis, "hub")
    try kreis.stop("hub")
    let daemon = try kreis.start("hub", environment: disk.environment)
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    try disk.fill()
    try kreis("halver").succeed("add", "organization", "name=Wartet")
    try Kreis.wait("trouble in the hub's status") {
      try trouble(kreis, "hub")?.contains("disk is full") == true
    }
    #expect(try kreis.status("halver")["unsent"] == .integer(1))
    try kreis("hub").fail(3, "disk is full", "add", "organization", "name=Nie")
    try disk.empty()
    try kreis.waitUntilEqual()
    #expect(try trouble(kreis, "hub") == nil)
    #expect(try kreis("hub").succeed("list", "organization").output.contains("Wartet"))
    #expect(daemon.isRunning)
  }

  @Test func `A quota and a limit of file size are met like a full disk`() throws {
    let kreis = try Kreis(towns: 0)
    let disk = try Disk(kreis, "hub")
    try kreis.stop("hub")
    let daemon = try kreis.start("hub", environment: disk.environment)

    try disk.fill("EDQUOT")
    try kreis("hub").fail(3, "quota", "add", "organization", "name=Nie")
    #expect(try trouble(kreis, "hub")?.contains("quota") == true)
    try disk.empty()
    #expect(try trouble(kreis, "hub") == nil)

    // The kernel's own limit, and its signal with it.
    try limitFiles(of: daemon, to: "4096")
    try kreis("hub").fail(3, "as large as a file may be", "add", "organization", "name=Nie")
    #expect(try trouble(kreis, "hub")?.contains("LimitFSIZE") == true)
    try limitFiles(of: daemon, to: "unlimited")
    #expect(try trouble(kreis, "hub") == nil)

    try kreis("hub").succeed("add", "organization", "name=Danach")
    let names = try kreis("hub").succeed("list", "organization").output
    #expect(names.contains("Danach") && !names.contains("Nie"))
    #expect(daemon.isRunning)
    _ = try kreis.digests("hub")
  }

  @Test func `A disk that fails ends the daemon, which says what to do`() throws {
    let kreis = try Kreis(towns: 1)
    let disk = try Disk(kreis, "both")
    try kreis("halver").succeed("add", "organization", "name=Vorher")
    try kreis.waitUntilEqual()
    // Each alone: what the other sends would meet it, and not the command.
    for replica in kreis.replicas { try kreis.stop(replica) }
    for replica in kreis.replicas {
      let daemon = try kreis.start(
        replica, environment: disk.environment.merging(["KREISNETZ_LOG_LEVEL": "debug"]) { $1 })
      // Else its own first look at what was destroyed would meet it, and not the command.
      try Kreis.wait("\(replica) to have looked at its older pages") {
        daemon.errors.contains("no destroyed value stands in older pages")
      }
      try disk.fill("EIO")
      try kreis(replica).fail(3, "disk reports an error", "add", "organization", "name=Nie")
      let status = daemon.waitForExit()
      #expect(status > 0, "\(replica): \(status)")
      #expect(daemon.errors.contains("kreisnetz resync --verify"), "\(daemon.errors.suffix(900))")
      try disk.empty()
    }

    // What comes from the hub meets it.
    try kreis.start("hub")
    let daemon = try kreis.start("halver", environment: disk.environment)
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    try disk.fill("EIO")
    try kreis("hub").succeed("add", "organization", "name=Vom Kreis")
    #expect(daemon.waitForExit() > 0)
    #expect(daemon.errors.contains("kreisnetz resync --verify"))
    try disk.empty()
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    let names = try kreis("halver").succeed("list", "organization").output
    #expect(names.contains("Vorher") && names.contains("Vom Kreis"))
  }

  /// Whether this machine lets a test mount a file system of its own.
  private static let mayMount: Bool = {
    let tool = Process()
    tool.executableURL = URL(filePath: "/usr/bin/env")
    tool.arguments = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"]
    tool.standardError = FileHandle.nullDevice
    guard (try? tool.run()) != nil else { return false }
    tool.waitUntilExit()
    return tool.terminationStatus == 0
  }()

  @Test(.enabled(if: mayMount), arguments: ["without", "with"])
  func `A tiny file system that is full loses nothing that was confirmed, and no daemon`(
    daemon: String
  ) throws {
    let kreis = try Kreis(towns: 0)
    try kreis.stop("hub")
    let fixture = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/tiny-disk.sh").standardizedFileURL.path
    let tool = Process()
    let output = Pipe()
    tool.executableURL = URL(filePath: "/usr/bin/env")
    tool.arguments = [
      "unshare", "--map-root-user", "--mount", "sh", fixture, CommandLineTool.binary.path,
      kreis.folder.path, "\(kreis.port)", daemon,
    ]
    tool.standardOutput = output
    try tool.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    tool.waitUntilExit()
    #expect(tool.terminationStatus == 0, "\(text)")
    let lines = text.split(separator: "\n").map(String.init)
    let refusals = lines.filter { $0.hasPrefix("refused") }
    #expect(refusals.count == 2)
    #expect(refusals.allSatisfy { $0.hasPrefix("refused 3 ") && $0.contains("the disk is full") })
    let confirmed = lines.filter { $0.hasPrefix("confirmed") }.map { $0.dropFirst(10) }
    #expect(confirmed.count > 2 && confirmed.last == "Danach", "\(confirmed)")
    #expect(lines.contains("listed \(confirmed.count - 1)"))
    #expect(lines.contains("sound"))
    for name in confirmed { #expect(text.contains("\"name\":\"\(name)\""), "\(name) is lost") }
    #expect(!text.contains("\"name\":\"Nie\""))
    let isDaemonAlive = lines.contains("running") && lines.contains("stopped")
    #expect(isDaemonAlive == (daemon == "with"))
  }
}
