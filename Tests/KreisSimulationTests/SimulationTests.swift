// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import Testing

@testable import KreisSimulation

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

  /// The order of dictionaries and sets is another one in every process.
  @Test func `a seed replays byte for byte in another process`() async throws {
    let outputs = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 1...2 { group.addTask { try await traces(seeds: 5) } }
      return try await group.reduce(into: [[String]]()) { $0.append($1) }
    }
    #expect(outputs[0].count == 5)
    #expect(outputs[0] == outputs[1])
  }

  private func traces(seeds: Int) async throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "kreisnetz-sim")
    process.arguments = ["--seeds", "\(seeds)", "--towns", "3", "--keep-going"]
    process.environment = ProcessInfo.processInfo.environment
      .filter { $0.key != "SWIFT_DETERMINISTIC_HASHING" }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("seed ") }
  }

  @Test(arguments: [2, 7, 11])
  func `a world is let go when its seed is done`(seed: UInt64) async throws {
    let isGone = try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Result { try isLetGo(seed) }) }
      thread.stackSize = 8 << 20
      thread.start()
    }
    #expect(isGone)
  }

  private func isLetGo(_ seed: UInt64) throws -> Bool {
    weak var world: World?
    do {
      var simulation = try Simulation(seed: seed, SimulationOptions(towns: 3...3))
      world = simulation.world
      _ = try simulation.run()
    }
    return world == nil
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
