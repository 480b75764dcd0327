// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisCore
import KreisSimulation

/// Plants one mistake after the other and tells within how many seeds a checker finds it.
struct PlantedRun {
  private let bugs: [PlantedBug]
  private let seeds: Range<UInt64>

  /// - Throws: `ValidationError` for a mistake that does not exist, or in a build without any.
  init(_ name: String, seeds: Range<UInt64>) throws {
    self.seeds = seeds
    #if PlantedBugs
      if name == "all" {
        bugs = PlantedBug.allCases
      } else {
        guard let bug = PlantedBug(rawValue: name) else {
          throw ValidationError(
            "'\(name)' is no planted bug; there are "
              + PlantedBug.allCases.map(\.rawValue).joined(separator: ", "))
        }
        bugs = [bug]
      }
    #else
      throw ValidationError("this build has no planted bugs: swift run --traits PlantedBugs …")
    #endif
  }

  func run(_ options: SimulationOptions) throws {
    #if PlantedBugs
      defer { plant(nil) }
      var missed = 0
      for bug in bugs {
        var options = options
        options.faults = bug.faults
        guard let found = try firstFinding(of: bug, options) else {
          print("\(bug.rawValue): not found in \(seeds.count) seeds")
          missed += 1
          continue
        }
        print("\(bug.rawValue): seed \(found.seed), \(found.violation)")
      }
      if missed > 0 { throw ExitCode(1) }
    #endif
  }

  #if PlantedBugs
    private func firstFinding(
      of bug: PlantedBug, _ options: SimulationOptions
    ) throws -> (seed: UInt64, violation: Violation)? {
      for seed in seeds {
        plant(bug)
        let report = try Simulation.run(seed: seed, options)
        plant(nil)
        if let violation = report.violations.first(where: { bug.checkers.contains($0.checker) }) {
          return (seed, violation)
        }
        for violation in report.violations.prefix(3) { print("  \(bug.rawValue) \(violation)") }
      }
      return nil
    }
  #endif
}
