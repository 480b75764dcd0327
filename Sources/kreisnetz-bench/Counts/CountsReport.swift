// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange

/// What one entry takes, in counts that do not depend on the machine.
struct CountsReport {
  let entries: Int
  /// Where there is valgrind.
  let countsInstructions: Bool
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
    let divisor = Double(entries)
    var lines = try CountedExchange(in: place.folder).run(entries: entries).map { phase, count in
      Line(
        name: phase.rawValue, statements: Double(count.statements) / divisor,
        steps: Double(count.steps) / divisor, wire: Double(count.wire) / divisor)
    }
    let disk = Double(try CountedExchange.diskBytes(in: place.folder)) / divisor
    if countsInstructions, Self.hasValgrind { try countInstructions(&lines) }
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

  /// What has grown by more than 3 %, as sentences. Only what both counted is compared.
  static func growth(of counts: JSONValue, since earlier: JSONValue) -> [String] {
    // What stores cost however little they hold is shared by all entries.
    guard let entries = earlier.double("entries"), entries == counts.double("entries") else {
      return ["The earlier counts are of another number of entries; --records sets it."]
    }
    var out: [String] = []
    func compare(_ what: String, _ now: Double?, _ before: Double?) {
      guard let now, let before, now > before * 1.03 + 0.01 else { return }
      out.append("\(what): \(Report.number(now)) instead of \(Report.number(before))")
    }
    compare("a town's database, bytes", counts.double("disk_bytes"), earlier.double("disk_bytes"))
    for phase in CountedExchange.Phase.allCases.map(\.rawValue) {
      for figure in ["statements", "steps", "wire_bytes", "instructions"] {
        compare(
          "\(phase), \(figure.replacing("_", with: " "))",
          counts["phases"]?[phase]?.double(figure), earlier["phases"]?[phase]?.double(figure))
      }
    }
    return out
  }

  // MARK: - Instructions

  private static var hasValgrind: Bool {
    ["/usr/bin/valgrind", "/usr/local/bin/valgrind"].contains { path in
      FileManager.default.isExecutableFile(atPath: path)
    }
  }

  /// With few entries and with many: the differences are what one entry takes in each phase.
  private func countInstructions(_ lines: inout [Line]) throws {
    let (few, many) = (20, 120)
    let program = place.path("counting")
    // Without its debug information, whose newer forms valgrind does not know; names are needed.
    try place.run(
      "strip",
      [
        "--strip-debug", "-o", program,
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path,
      ])
    let counts = try [few, many].map { try instructions(of: program, $0) }
    for index in lines.indices {
      lines[index].instructions = (counts[1][index] - counts[0][index]) / Double(many - few)
    }
  }

  /// - Returns: those of each phase.
  private func instructions(of program: String, _ count: Int) throws -> [Double] {
    let folder = place.path("counted-\(count)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try place.run(
      "valgrind",
      [
        "--tool=callgrind", "--callgrind-out-file=\(folder)/part", "--dump-instr=no",
        "--dump-before=statement_count_part", "--log-file=\(folder)/log", program,
        "--counts-only", "\(count)", "--counts-folder", folder,
      ], environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
    // The first part is what comes before the phases.
    return try CountedExchange.Phase.allCases.indices.map { index in
      let text = ProcessFigures.read("\(folder)/part.\(index + 2)")
      let line = text.split(separator: "\n").last { $0.hasPrefix("totals:") }
      guard let number = line?.split(separator: " ").last.flatMap({ Double($0) }) else {
        throw BenchFailure("callgrind left no count of part \(index + 2) in \(folder).")
      }
      return number
    }
  }
}
