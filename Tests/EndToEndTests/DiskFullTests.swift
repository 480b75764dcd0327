import Foundation
import KreisInterchange
import Testing

/// Daemons whose disk is full for a while.
@Suite struct DiskFullTests {
  /// A disk that the test fills and empties.
  private struct Disk {
    let library: String
    let flag: String

    init(_ kreis: Kreis, _ name: String) throws {
      flag = kreis.folder.path + "/\(name).full"
      library = kreis.folder.path + "/disk-full.so"
      guard !FileManager.default.fileExists(atPath: library) else { return }
      let source = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/disk-full.c").standardizedFileURL.path
      let compiler = Process()
      compiler.executableURL = URL(filePath: "/usr/bin/env")
      compiler.arguments = ["clang", "-shared", "-fPIC", "-o", library, source, "-ldl"]
      try compiler.run()
      compiler.waitUntilExit()
      try #require(compiler.terminationStatus == 0)
    }

    var environment: [String: String] { ["LD_PRELOAD": library, "DISK_FULL": flag] }
    func fill() throws { try Data().write(to: URL(filePath: flag)) }
    func empty() throws { try FileManager.default.removeItem(atPath: flag) }
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
}
