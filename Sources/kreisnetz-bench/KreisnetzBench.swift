// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange

/// Measures the program that is built beside it: `deploy/measure`.
@main
struct KreisnetzBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kreisnetz-bench",
    abstract: "Runs hub and towns as processes and compares them with what this machine allows.",
    discussion: """
      Each case has its limit measured in the same run: plain SQLite in C without log or checks, the \
      same commits and signatures in plain C, the same bytes compressed or hashed. Nothing is switched \
      off: TLS, signatures, hashes, authority and synchronous=FULL are those of an installation.

      Cases: \(BenchCase.allCases.map(\.rawValue).joined(separator: ", ")). Without \
      --cases all run but growth, which takes hours.

      Examples:
        kreisnetz-bench
        kreisnetz-bench --cases merge-records,import --runs 5
        kreisnetz-bench --records 1000 --json figures.json
      """)

  @Option(help: ArgumentHelp("Only these, separated by commas.", valueName: "names"))
  var cases: String?

  @Option(help: "Organizations of the workload.")
  var records = 100_000

  @Option(help: "Updates of single fields; as many as records unless given.")
  var updates: Int?

  @Option(help: "How often what is timed is done; the median counts.")
  var runs = 3

  @Option(help: "Edits of the latency.")
  var edits = 1_000

  @Option(help: "Towns that follow one hub; all German municipalities are 11000.")
  var followers = 11_000

  @Option(help: "Organizations that the directory of the case growth grows to.")
  var growth = 10_000_000

  @Option(name: .customLong("idle-seconds"), help: "For how long an idle daemon is watched.")
  var idleSeconds = 60

  @Option(help: ArgumentHelp("Also writes the figures as JSON to this file.", valueName: "file"))
  var json: String?

  @Option(
    help: ArgumentHelp(
      "The program to measure; the one beside this unless given.", valueName: "path")
  )
  var program: String?

  @Flag(
    help: """
      Count what one entry takes instead: SQL statements, bytes and, with valgrind, instructions. \
      These counts do not depend on the machine.
      """)
  var counts = false

  @Flag(help: "Do not count instructions, which takes minutes, though valgrind is there.")
  var withoutInstructions = false

  @Option(
    help: ArgumentHelp(
      "Counts that were written with --json before: end with 1 if one has grown by more than 3 %.",
      valueName: "file"))
  var against: String?

  // What callgrind runs.
  @Option(help: .hidden) var countsOnly: Int?
  @Option(help: .hidden) var countsFolder = "/tmp"

  @Flag(help: "Leave the state directories where they are.")
  var keep = false

  func validate() throws {
    guard records >= 1, (updates ?? 1) >= 1, (1...99).contains(runs), edits >= 1,
      followers >= 1, growth >= 2 * records,
      (1...3_600).contains(idleSeconds)
    else {
      throw ValidationError(
        "--records, --updates, --edits and --followers take a number from 1 on, --runs 1 to 99, "
          + "--idle-seconds 1 to 3600, --growth at least twice the records.")
    }
    _ = try chosen()
  }

  private func chosen() throws -> Set<BenchCase> {
    guard let cases else { return BenchCase.standard }
    return Set(
      try cases.split(separator: ",").map { name in
        guard let found = BenchCase(rawValue: String(name)) else {
          throw ValidationError(
            "'\(name)' is no case; there are "
              + BenchCase.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return found
      })
  }

  func run() throws {
    if let countsOnly {
      _ = try CountedExchange(in: countsFolder).run(entries: countsOnly)
      return
    }
    if counts { return try count() }
    let place = try Workplace(program: program, keeps: keep)
    let report = Report(Machine.now(), records: records, updates: updates ?? records, runs: runs)
    let plan = BenchPlan(
      cases: try chosen(), place: place, report: report, records: records,
      updates: updates ?? records, runs: runs, edits: edits, followers: followers,
      growth: growth, idleSeconds: idleSeconds)
    do { try plan.run() } catch {
      place.keepAfterFailure()
      report.printTable()
      throw error
    }
    place.cleanUp()
    report.printTable()
    if let json { try report.writeJSON(to: json) }
  }

  private func count() throws {
    let place = try Workplace(program: program, keeps: keep)
    let figures = try CountsReport(
      entries: min(records, 1_000), countsInstructions: !withoutInstructions, place: place
    ).run()
    place.cleanUp()
    if let json {
      try Data(JSONWriter.bytes(of: figures, style: .pretty) + [0x0A]).write(
        to: URL(filePath: json))
    }
    guard let against else { return }
    let earlier = try JSONParser.parse(
      [UInt8](try Data(contentsOf: URL(filePath: against))), limit: 1 << 20)
    let grown = CountsReport.growth(of: figures, since: earlier)
    for line in grown { print(line) }
    if !grown.isEmpty { throw ExitCode(1) }
  }
}
