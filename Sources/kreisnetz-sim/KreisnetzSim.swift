// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisSimulation

/// Looks for bugs: `swift run kreisnetz-sim --seeds 1000`.
@main
struct KreisnetzSim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kreisnetz-sim",
    abstract: "Runs hub and towns in one thread and virtual time, with faults that a seed decides.",
    discussion: """
      The same seed and options replay byte for byte; the trace hash shows it. A seed that fails is \
      looked into with --seeds 1 --first-seed SEED --verbose.
      """)

  @Option(help: "How many seeds to run.")
  var seeds: UInt64 = 100

  @Option(help: "The first of them.")
  var firstSeed: UInt64 = 1

  @Option(help: "How many towns, as a number or a range.")
  var towns = "3-12"

  @Option(
    help: ArgumentHelp("Only these faults, separated by commas; 'none' for none: \(Self.faults)."))
  var only: String?

  @Option(
    help: "Plants a mistake that a checker is to find; 'all': each, with the seeds it needs.")
  var plant: String?

  @Flag(help: "Print everything that happens.")
  var verbose = false

  @Flag(help: "Go on after a seed that failed.")
  var keepGoing = false

  private static let faults = Fault.allCases.map(\.rawValue).joined(separator: ", ")

  func run() throws {
    var options = SimulationOptions(isVerbose: verbose)
    options.towns = try range()
    options.faults = try chosenFaults()
    if let plant { return try PlantedRun(plant, seeds: firstSeed..<firstSeed + seeds).run(options) }
    print(
      "kreisnetz-sim --first-seed \(firstSeed) --seeds \(seeds) --towns \(towns) --only "
        + (options.faults.isEmpty
          ? "none" : options.faults.map(\.rawValue).sorted().joined(separator: ",")))
    var total = Total()
    for seed in firstSeed..<firstSeed + seeds {
      let report = try Simulation.run(seed: seed, options)
      total.add(report)
      print(
        "seed \(seed): \(report.towns) towns, trace \(report.trace), "
          + "\(report.faults.map(\.rawValue).joined(separator: " "))")
      for violation in report.violations { print("  \(violation)") }
      // Whoever waits for a seed that fails sees it at once.
      fflush(nil)
      if !report.violations.isEmpty {
        print("  again: kreisnetz-sim --first-seed \(seed) --seeds 1 --towns \(towns) --verbose")
        if !keepGoing { break }
      }
    }
    total.show()
    if total.failed > 0 { throw ExitCode(1) }
  }

  private func range() throws -> ClosedRange<Int> {
    let parts = towns.split(separator: "-").compactMap { Int($0) }
    guard let first = parts.first, let last = parts.last, parts.count <= 2, first >= 1,
      first <= last, last <= 64
    else { throw ValidationError("--towns takes a number from 1 to 64, or a range such as 3-12") }
    return first...last
  }

  private func chosenFaults() throws -> Set<Fault> {
    guard let only else { return Set(Fault.allCases) }
    if only == "none" { return [] }
    return Set(
      try only.split(separator: ",").map { name in
        guard let fault = Fault(rawValue: String(name)) else {
          throw ValidationError("'\(name)' is no fault; there are \(Self.faults)")
        }
        return fault
      })
  }
}

/// Figures over all seeds.
private struct Total {
  private let began = Date()
  private var seeds = 0
  private(set) var failed = 0
  private var elapsed: UInt64 = 0
  private var counters: [String: Int] = [:]

  mutating func add(_ report: SimulationReport) {
    seeds += 1
    if !report.violations.isEmpty { failed += 1 }
    elapsed += report.elapsed
    for (what, number) in report.counters {
      let held = counters[what] ?? 0
      counters[what] = what.hasPrefix("most ") ? max(held, number) : held + number
    }
  }

  func show() {
    let seconds = Date().timeIntervalSince(began)
    print(
      String(
        format: "%d seeds in %.1f s (%.1f per second), %.1f simulated hours, %d failed", seeds,
        seconds, Double(seeds) / max(seconds, 0.001), Double(elapsed) / 3_600_000, failed))
    print(
      counters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
  }
}
