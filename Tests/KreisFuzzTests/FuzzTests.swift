// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisFuzz
import Testing

/// The parsers that meet the outside, fed with changed real traffic; the short form of deploy/fuzz.
///
/// `KREISNETZ_TEST_FUZZ` sets how many inputs each parser gets, `KREISNETZ_TEST_SEED` which ones.
/// `KREISNETZ_FUZZ_SEEDS` names a folder that gets what deploy/fuzz starts from.
@Suite struct `Parsers that meet the outside` {
  private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? standard
  }

  @Test func `accept real traffic, and reject or understand whatever is made of it`() async throws {
    let seeds = try await FuzzSeeds()
    let count = Self.number("KREISNETZ_TEST_FUZZ", 800)
    let seed = Self.number("KREISNETZ_TEST_SEED", 5_962)
    var (total, accepted) = (0, 0)
    for target in FuzzTarget.allCases {
      let inputs = try #require(seeds.inputs[target])
      for input in inputs where try !target.run(input) {
        Issue.record("\(target) rejects real traffic: \(Self.text(input))")
      }
      var mutator = Mutator(seed: seed)
      // Whole files take a hundred times as long as messages.
      let isFile = [.csv, .ndjson, .mapping, .hsds, .hsdsPackage].contains(target)
      for _ in 0..<(isFile ? count / 20 : count) {
        let input = mutator.mutate(inputs)
        do { if try target.run(input) { accepted += 1 } } catch {
          Issue.record("\(target): \(error): \(Self.text(input))")
        }
        total += 1
      }
    }
    // Mutations that are all rejected at the first byte would test nothing.
    #expect(accepted > total / 50, "\(accepted) of \(total)")
    print("\(total) inputs to \(FuzzTarget.allCases.count) parsers, \(accepted) accepted")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["KREISNETZ_FUZZ_SEEDS"] != nil))
  func `are given what they start from as files`() async throws {
    let path = try #require(ProcessInfo.processInfo.environment["KREISNETZ_FUZZ_SEEDS"])
    for (target, inputs) in try await FuzzSeeds().inputs {
      let folder = URL(filePath: path).appending(path: target.rawValue)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (number, input) in inputs.enumerated() {
        try Data(input).write(to: folder.appending(path: "seed-\(number)"))
      }
    }
  }

  /// For a report: as base64, so that it can be fed again.
  private static func text(_ input: [UInt8]) -> String { Data(input).base64EncodedString() }
}
