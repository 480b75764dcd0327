// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange

/// What one entry takes, in counts that do not depend on the machine.
struct CountsReport {
  let entries: Int
  let place: Workplace

  /// What is counted of each phase, by entry.
  private struct Line {
    let name: String
    var statements = 0.0
    var steps = 0.0
    var wire = 0.0
    /// `nil`: not counted.
    var instructions: Double?
  }

  /// - Returns: the figures as JSON, after they were printed.
  /// - Throws: `BenchFailure`, `StoreError`.
  func run() throws -> JSONValue {
    let exchange = try CountedExchange(in: place.folder)
    let divisor = Double(entries)
    var lines = try exchange.run(entries: entries).map { phase, count in
      Line(
        name: phase.rawValue, statements: Double(count.statements) / divisor,
        steps: Double(count.steps) / divisor, wire: Double(count.wire) / divisor)
    }
    let disk = Double(try exchange.diskBytes()) / divisor
    if Self.hasValgrind { try countInstructions(&lines) }
    show(lines, disk)
    return json(lines, disk)
  }

  private func show(_ lines: [Line], _ disk: Double) {
    print("Of one entry, in \(entries):")
    print("phase           statements     steps  wire bytes  instructions")
    for line in lines {
      let instructions = line.instructions.map { String(format: "%.0f", $0) } ?? "-"
      print(
        line.name.padding(toLength: 15, withPad: " ", startingAt: 0)
          + String(format: "%11.2f%10.0f%12.0f", line.statements, line.steps, line.wire)
          + String(repeating: " ", count: max(1, 14 - instructions.count)) + instructions)
    }
    print(String(format: "a town's database: %.0f bytes", disk))
  }

  private func json(_ lines: [Line], _ disk: Double) -> JSONValue {
    let phases = lines.map { line in
      JSONValue.Member(
        line.name,
        [
          "statements": .double(line.statements), "steps": .double(line.steps),
          "wire_bytes": .double(line.wire),
          "instructions": line.instructions.map { .double($0) } ?? .null,
        ])
    }
    return [
      "entries": .integer(entries), "disk_bytes": .double(disk), "phases": .object(phases),
    ]
  }

  // MARK: - Instructions

  private static var hasValgrind: Bool {
    ["/usr/bin/valgrind", "/usr/local/bin/valgrind"].contains { path in
      FileManager.default.isExecutableFile(atPath: path)
    }
  }

  /// Few and many entries, each through every phase: the differences are what one entry takes in one
  /// phase.
  private func countInstructions(_ lines: inout [Line]) throws {
    let (few, many) = (50, 250)
    let program = place.path("counting")
    // Without its debug information, whose newer forms valgrind does not know.
    try place.run(
      "strip", ["-o", program, URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path])
    var before = 0.0
    for (index, phase) in CountedExchange.Phase.allCases.enumerated() {
      let counts = try [few, many].map { try instructions(of: program, $0, through: phase) }
      let each = (counts[1] - counts[0]) / Double(many - few)
      lines[index].instructions = each - before
      before = each
    }
  }

  private func instructions(
    of program: String, _ count: Int, through phase: CountedExchange.Phase
  ) throws -> Double {
    let folder = place.path("counted")
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let log = folder + "/valgrind.log"
    try place.run(
      "valgrind",
      [
        "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=\(log)", program,
        "--counts-only", "\(count)", "--counts-through", phase.rawValue, "--counts-folder", folder,
      ], environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
    // ==123== Collected : 1234567
    let line = ProcessFigures.read(log).split(separator: "\n").last { $0.contains("Collected") }
    guard let number = line?.split(separator: " ").last.flatMap({ Double($0) }) else {
      throw BenchFailure("callgrind wrote no count: \(ProcessFigures.read(log).suffix(500))")
    }
    return number
  }
}
