// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// The bench at a small size: that its cases work, not what they measure.
@Suite(.serialized) struct BenchTests {
  private static func run(
    _ arguments: [String], against earlier: String? = nil, expecting status: Int32 = 0
  ) throws -> JSONValue {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (figures, log) = (folder.appending(path: "figures.json"), folder.appending(path: "log"))
    try Data().write(to: log)
    let output = try FileHandle(forWritingTo: log)
    let process = Process()
    process.executableURL = CommandLineTool.binary.deletingLastPathComponent()
      .appending(path: "kreisnetz-bench")
    process.arguments = arguments + ["--json", figures.path]
    if let earlier {
      let file = folder.appending(path: "earlier.json")
      try Data(earlier.utf8).write(to: file)
      process.arguments? += ["--against", file.path]
    }
    process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder.path]) {
      $1
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit(seconds: 280)
    let shown = try String(contentsOf: log, encoding: .utf8)
    try #require(
      process.terminationStatus == status && process.terminationReason == .exit,
      "\(shown.suffix(3_000))")
    return try JSONParser.parse([UInt8](try Data(contentsOf: figures)), limit: 1 << 20)
  }

  private static func number(_ value: JSONValue?) -> Double? {
    guard case .number(let text)? = value else { return nil }
    return Double(text)
  }

  @Test(.timeLimit(.minutes(5)))
  func `Every case of the bench but growth gives figures at 200 records`() throws {
    let report = try Self.run([
      "--records", "200", "--runs", "1", "--edits", "20", "--followers", "20", "--idle-seconds",
      "1",
    ])
    guard case .array(let figures)? = report["figures"] else {
      Issue.record("no figures: \(report)")
      return
    }
    var cases: Set<String> = []
    for figure in figures {
      if case .string(let name)? = figure["case"] { cases.insert(name) }
      let value = try #require(Self.number(figure["value"]), "\(figure)")
      // Within its one second an idle daemon may well do nothing.
      #expect(value > 0 || figure["case"] == .string("idle") && value == 0, "\(figure)")
      if figure["limit"] != .null {
        let ratio = try #require(Self.number(figure["ratio"]), "\(figure)")
        #expect(ratio > 0, "\(figure)")
      }
    }
    #expect(
      cases == [
        "merge-records", "merge-updates", "import", "end-to-end", "latency", "wire-catch-up",
        "wire-live", "disk", "memory", "followers", "start", "resync", "idle", "console",
        "hub-pages",
      ])
  }

  @Test(.timeLimit(.minutes(2)))
  func `The gate finds a count that has grown`() throws {
    let arguments = ["--counts", "--without-instructions", "--records", "50"]
    let counts = try Self.run(arguments)
    let text = JSONWriter.text(of: counts)
    _ = try Self.run(arguments, against: text)
    guard case .number(let steps)? = counts["phases"]?["merge"]?["steps"],
      let number = Double(steps)
    else {
      Issue.record("no steps: \(counts)")
      return
    }
    _ = try Self.run(
      arguments, against: text.replacing(steps, with: "\(number * 0.9)"), expecting: 1)
  }
}
