// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Where the bench works: a folder of its own, the program that is measured, and the programs in C that
/// say what the machine allows.
final class Workplace {
  let folder: String
  /// The `kreisnetz` that is measured.
  let program: String
  let keeps: Bool
  private var compiled: [String: String] = [:]

  /// - Throws: `BenchFailure` if there is nothing to measure.
  init(program: String?, keeps: Bool) throws {
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "kreisnetz").path
    self.program = program ?? beside
    guard access(self.program, X_OK) == 0 else {
      throw BenchFailure(
        "There is no program \(self.program). Build it, or name one with --program.")
    }
    self.keeps = keeps
    let root = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    // Short: the path of a daemon's socket has at most 107 bytes.
    folder = "\(root)/kn-bench-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  }

  /// A path below the folder.
  func path(_ name: String) -> String { folder + "/" + name }

  func cleanUp() {
    if keeps {
      print("Kept: \(folder)")
    } else {
      try? FileManager.default.removeItem(atPath: folder)
    }
  }

  func keepAfterFailure() {
    FileHandle.standardError.write(Data("What is left lies in \(folder).\n".utf8))
  }

  /// The sources beside this file that are no Swift.
  static func source(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Limits/\(name)").path
  }

  /// Runs a program to its end and gives what it wrote.
  ///
  /// - Throws: `BenchFailure` with what it said if it failed.
  @discardableResult
  func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> String {
    let (output, errors) = (path("output"), path("errors"))
    try? FileManager.default.removeItem(atPath: errors)
    let end = try ChildProcess(
      program, arguments, environment: environment, output: output, errors: errors
    ).wait()
    guard end.status == 0 else {
      throw BenchFailure(
        "\(program) \(arguments.joined(separator: " ")): \(ProcessFigures.read(errors))")
    }
    return ProcessFigures.read(output)
  }

  /// A limit's program, compiled with optimization whatever this one was.
  ///
  /// - Throws: `BenchFailure`.
  func compile(_ name: String, _ libraries: String...) throws -> String {
    if let known = compiled[name] { return known }
    let product = path(name)
    try run(
      "clang",
      ["-O2", "-w", "-o", product, Self.source(name + ".c")] + libraries.map { "-l" + $0 })
    compiled[name] = product
    return product
  }
}
