// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange

/// One figure with its limit.
struct Measurement {
  /// What a figure must keep to.
  enum Goal {
    /// Against the limit.
    case ratioAtLeast(Double)
    case ratioAtMost(Double)
    case atMost(Double)

    var text: String {
      switch self {
      case .ratioAtLeast(let value): "≥ \(Report.number(value)) of the limit"
      case .ratioAtMost(let value): "≤ \(Report.number(value)) × the limit"
      case .atMost(let value): "≤ \(Report.number(value))"
      }
    }
  }

  let name: BenchCase
  let what: String
  let unit: String
  /// One a run.
  let samples: [Double]
  let limit: Limit?
  let goal: Goal?
  /// What else was seen, for whoever looks for the reason.
  let details: [(name: String, value: Double)]

  struct Limit {
    let what: String
    let value: Double
  }

  init(
    _ name: BenchCase, _ what: String, _ unit: String, _ samples: [Double], limit: Limit? = nil,
    goal: Goal? = nil, details: [(name: String, value: Double)] = []
  ) {
    self.name = name
    self.what = what
    self.unit = unit
    self.samples = samples
    self.limit = limit
    self.goal = goal
    self.details = details
  }

  var value: Double { samples.median }
  var ratio: Double? { limit.map { value / $0.value } }

  /// `nil` without a goal.
  var isMet: Bool? {
    switch goal {
    case .ratioAtLeast(let bound): ratio.map { $0 >= bound }
    case .ratioAtMost(let bound): ratio.map { $0 <= bound }
    case .atMost(let bound): value <= bound
    case nil: nil
    }
  }
}

extension [Double] {
  /// The middle one, or the mean of the two; 0 of none.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }

  /// The smallest value that so many percent do not exceed; 0 of none.
  func percentile(_ percent: Double) -> Double {
    guard !isEmpty else { return 0 }
    let rank = Int((Double(count) * percent / 100).rounded(.up))
    return sorted()[Swift.min(count, Swift.max(1, rank)) - 1]
  }
}

/// All figures of a run, as a table for people and as JSON for programs.
final class Report {
  private let machine: Machine
  private let sizes: [(name: String, value: Int)]
  private(set) var measurements: [Measurement] = []

  init(_ machine: Machine, records: Int, updates: Int, runs: Int) {
    self.machine = machine
    sizes = [("records", records), ("updates", updates), ("runs", runs)]
  }

  /// Keeps a figure, and shows it to whoever waits.
  func add(_ measurement: Measurement) {
    measurements.append(measurement)
    progress(line(measurement).joined(separator: "  "))
  }

  func progress(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  // MARK: - The table

  private static let headings = ["case", "figure", "measured", "limit", "ratio", "goal", ""]

  func printTable() {
    print(
      "\(machine.processor), \(machine.cores) cores, Linux \(machine.kernel); load before the run "
        + Self.number(machine.load) + "; "
        + sizes.map { "\($0.value) \($0.name)" }.joined(separator: ", "))
    let rows = [Self.headings] + measurements.map(line)
    let widths = Self.headings.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for (index, row) in rows.enumerated() {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
      guard index > 0, !measurements[index - 1].details.isEmpty else { continue }
      let details = measurements[index - 1].details
      print(
        "    " + details.map { "\($0.name) \(Self.number($0.value))" }.joined(separator: " · "))
    }
  }

  private func line(_ measurement: Measurement) -> [String] {
    [
      measurement.name.rawValue, measurement.what,
      "\(Self.number(measurement.value)) \(measurement.unit)",
      measurement.limit.map { "\(Self.number($0.value)) (\($0.what))" } ?? "",
      measurement.ratio.map(Self.number) ?? "", measurement.goal?.text ?? "",
      measurement.isMet.map { $0 ? "met" : "MISSED" } ?? "",
    ]
  }

  /// Three digits that count, without an exponent.
  static func number(_ value: Double) -> String {
    let size = abs(value)
    if size >= 100 || value == value.rounded() { return String(format: "%.0f", value) }
    return String(format: size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.4f", value)
  }

  // MARK: - JSON

  /// - Throws: what writing the file throws.
  func writeJSON(to path: String) throws {
    try Data(JSONWriter.bytes(of: json, style: .pretty) + [0x0A]).write(to: URL(filePath: path))
  }

  private var json: JSONValue {
    let machine: JSONValue = [
      "processor": .string(machine.processor), "cores": .integer(machine.cores),
      "kernel": .string(machine.kernel), "memory_kb": .integer(machine.memoryKilobytes),
      "load_before": .double(machine.load),
    ]
    return .object(
      [.init("machine", machine)] + sizes.map { .init($0.name, .integer($0.value)) } + [
        .init("figures", .array(measurements.map(Self.json)))
      ])
  }

  private static func json(_ measurement: Measurement) -> JSONValue {
    [
      "case": .string(measurement.name.rawValue), "figure": .string(measurement.what),
      "unit": .string(measurement.unit), "value": .double(measurement.value),
      "samples": .array(measurement.samples.map { .double($0) }),
      "limit": measurement.limit.map { .double($0.value) } ?? .null,
      "limit_is": measurement.limit.map { .string($0.what) } ?? .null,
      "ratio": measurement.ratio.map { .double($0) } ?? .null,
      "goal": measurement.goal.map { .string($0.text) } ?? .null,
      "met": measurement.isMet.map { .bool($0) } ?? .null,
      "details": .object(measurement.details.map { .init($0.name, .double($0.value)) }),
    ]
  }
}

extension JSONValue {
  /// `null` for what is no number.
  static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }
}
