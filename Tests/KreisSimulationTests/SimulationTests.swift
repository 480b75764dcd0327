import Foundation
import KreisCore
import KreisSimulation
import Testing

@Suite(.serialized) struct SimulationTests {
  @Test(arguments: 1...12)
  func `no fault breaks a promise`(seed: UInt64) async throws {
    let report = try await Simulation.running(seed: seed)
    #expect(report.violations.isEmpty, "seed \(seed): \(report.violations)")
  }

  @Test func `the same seed replays byte for byte, and another one does not`() async throws {
    let options = SimulationOptions(towns: 3...3)
    let first = try await Simulation.running(seed: 7, options)
    let again = try await Simulation.running(seed: 7, options)
    let other = try await Simulation.running(seed: 8, options)
    #expect(first.trace == again.trace)
    #expect(first.counters == again.counters)
    #expect(first.trace != other.trace)
  }

  @Test func `every kind of fault strikes`() async throws {
    for fault in Fault.allCases {
      var struck = 0
      for seed in UInt64(1)...20 where struck == 0 {
        let options = SimulationOptions(towns: 3...3, faults: [fault])
        struck = try await Simulation.running(seed: seed, options).counters[fault.rawValue] ?? 0
      }
      #expect(struck > 0, "\(fault)")
    }
  }

  @Test func `a program with planted bugs is told from one without`() throws {
    let check = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../deploy/no-planted-bugs")
    #expect(try status(of: check, "/bin/sh") == 0)
    #if PlantedBugs
      #expect(try status(of: check, "/proc/\(getpid())/exe") == 1)
    #else
      #expect(try status(of: check, "/proc/\(getpid())/exe") == 0)
    #endif
  }

  private func status(of program: URL, _ argument: String) throws -> Int32 {
    let process = Process()
    process.executableURL = program
    process.arguments = [argument]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
