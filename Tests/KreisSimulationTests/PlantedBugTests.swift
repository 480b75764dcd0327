// SPDX-License-Identifier: EUPL-1.2

#if PlantedBugs
  import KreisCore
  import KreisSimulation
  import Testing

  /// A checker that never failed proves nothing: each is shown a program with one mistake.
  @Suite(.serialized) struct PlantedBugTests {
    /// Seeds within which each must be found.
    private static let seeds: ClosedRange<UInt64> = 1...80

    @Test(arguments: PlantedBug.allCases)
    func `a planted bug is found by a checker that is meant to find it`(
      bug: PlantedBug
    ) async throws {
      let options = SimulationOptions(towns: 3...3, faults: bug.faults)
      var needed: UInt64?
      for seed in Self.seeds {
        plant(bug)
        defer { plant(nil) }
        let report = try await Simulation.running(seed: seed, options)
        if report.violations.contains(where: { bug.checkers.contains($0.checker) }) {
          needed = seed
          break
        }
      }
      let last = try #require(needed, "\(bug) was not found in \(Self.seeds.upperBound) seeds")
      print("\(bug.rawValue): found with seed \(last)")
      // The unbroken program passes the seed that found it.
      let sound = try await Simulation.running(seed: last, options)
      #expect(sound.violations.isEmpty, "\(bug), seed \(last): \(sound.violations)")
    }
  }
#endif
