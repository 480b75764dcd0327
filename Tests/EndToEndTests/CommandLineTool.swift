// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// The built binary, run as scripts run it.
struct CommandLineTool {
  /// What a run left behind.
  struct Result {
    let status: Int32
    let output: String
    let errors: String

    /// The output's lines as JSON.
    var rows: [JSONValue] {
      output.split(separator: "\n").compactMap {
        try? JSONParser.parse(Array($0.utf8), limit: 1 << 24)
      }
    }

    var id: String {
      guard case .string(let id) = rows.first?["id"] else { return "" }
      return id
    }
  }

  /// The state directory of its commands.
  let state: String?
  /// Over this process's own.
  var environment: [String: String] = [:]

  /// Beside the test binary, where the build puts it.
  static var binary: URL {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appending(path: "kreisnetz")
  }

  func callAsFunction(_ arguments: String..., input: String? = nil) throws -> Result {
    try self(arguments, input: input)
  }

  func callAsFunction(_ arguments: [String], input: String? = nil) throws -> Result {
    let process = Process()
    process.executableURL = Self.binary
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(environment) { $1 }
    process.environment?["KREISNETZ_STATE"] = state
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files instead of pipes: a full pipe would stop the process.
    let files = try ["in", "out", "err"].map { name in
      let file = folder.appending(path: name)
      try Data((name == "in" ? input ?? "" : "").utf8).write(to: file)
      return file
    }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit(seconds: 60)
    return Result(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }
}
