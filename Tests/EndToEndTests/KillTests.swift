// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Synchronization
import Testing

/// What SIGKILL at any moment leaves behind.
///
/// `KREISNETZ_TEST_KILLS` sets how many daemons the first test kills, `KREISNETZ_TEST_SEED` when.
@Suite(.serialized) struct KillTests {
  private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? standard
  }

  /// Kills and restarts daemons at random moments, on a thread of its own.
  private final class Killer: Sendable {
    let isDone = Atomic(false)
    /// The replica that a command runs on now.
    let busy = Atomic(0)
    let kills = Atomic(0)

    /// - Parameter kreis: nobody else may touch its daemons until `isDone`.
    func start(_ kreis: Kreis, kills limit: UInt64, seed: UInt64) {
      // Only this thread touches the daemons while it runs.
      nonisolated(unsafe) let kreis = kreis
      Thread {
        var random = Seeded(state: seed)
        for _ in 0..<limit {
          // Sometimes so soon that a daemon is hit while it starts.
          let longest: UInt32 = Bool.random(using: &random) ? 150_000 : 600_000
          usleep(UInt32.random(in: 20_000...longest, using: &random))
          // Half of them hit a daemon at work on a command.
          let replica =
            Bool.random(using: &random)
            ? kreis.replicas[self.busy.load(ordering: .relaxed)]
            : kreis.replicas.randomElement(using: &random) ?? "hub"
          kreis.kill(replica)
          // Sometimes commands find no daemon for a while.
          if Bool.random(using: &random) { usleep(UInt32.random(in: 0...300_000, using: &random)) }
          _ = try? kreis.start(replica, waits: false)
          self.kills.add(1, ordering: .relaxed)
        }
        self.isDone.store(true, ordering: .releasing)
      }.start()
    }
  }

  @Test func `No edit that was confirmed is lost when daemons are killed`() throws {
    let limit = Self.number("KREISNETZ_TEST_KILLS", 12)
    let seed = Self.number("KREISNETZ_TEST_SEED", 5_962)
    let kreis = try Kreis(towns: 2)
    let first = try kreis.replicas.map {
      try kreis($0).succeed("add", "organization", "name=Erste", "--json").id
    }
    let killer = Killer()
    killer.start(kreis, kills: limit, seed: seed)

    var random = Seeded(state: seed &+ 1)
    var confirmed: [String] = []
    var failures: [String] = []
    var count = 0
    while !killer.isDone.load(ordering: .acquiring) {
      count += 1
      let number = Int.random(in: 0..<kreis.replicas.count, using: &random)
      let run = kreis(kreis.replicas[number])
      killer.busy.store(number, ordering: .relaxed)
      let token = "Wert \(seed)-\(count)-Ende"
      let result: CommandLineTool.Result
      var tokens = [token]
      switch Int.random(in: 0..<8, using: &random) {
      case 0:
        tokens = []
        result = try run("resync")
      case 1...2:
        tokens = (1...30).map { "\(token) \($0)!" }
        let rows = tokens.map { #"{"kind":"organization","external_id":"\#($0)","name":"\#($0)"}"# }
        result = try run("import", "-", input: rows.joined(separator: "\n"))
      case 3: result = try run("add", "organization", "name=\(token)")
      default: result = try run("edit", first[number], "description=\(token)")
      }
      switch result.status {
      case 0: confirmed += tokens
      // A comparison while others write.
      case 1 where tokens.isEmpty: break
      // Its daemon was killed, or one that starts held the lock: not done, or nobody knows.
      case 3: failures.append(result.errors)
      default: Issue.record("exit code \(result.status): \(result.errors)\(result.output)")
      }
    }
    #expect(killer.kills.load(ordering: .relaxed) == Int(limit))
    #expect(confirmed.count > 10, "\(failures)")

    for daemon in kreis.daemons.values where !daemon.isRunning {
      Issue.record("a daemon did not start again: \(daemon.errors.suffix(2_000))")
    }
    try kreis.waitUntilEqual()
    for replica in kreis.replicas {
      let log = try kreis(replica).succeed("log", "export").output
      let lost = confirmed.filter { !log.contains("\"\($0)\"") }
      #expect(lost.isEmpty, "seed \(seed), lost in \(replica)")
    }
    print(
      "\(limit) kills, \(count) commands: \(confirmed.count) confirmed edits and rows, "
        + "\(failures.count) commands cut off, seed \(seed)")
  }

  @Test func `A killed import without a daemon took nothing or everything, and can be repeated`()
    throws
  {
    let kreis = try Kreis(towns: 0)
    try kreis.stop("hub")
    let count = 2_000
    let rows = (1...count).map {
      #"{"kind":"organization","external_id":"k\#($0)","name":"Kita \#($0)"}"#
    }
    let file = try kreis.file("rows.ndjson", rows.joined(separator: "\n"))
    // How long a whole one takes, learned on a copy.
    let copy = kreis.folder.path + "/copy"
    try FileManager.default.copyItem(atPath: kreis.state("hub"), toPath: copy)
    let start = Date()
    try CommandLineTool(state: copy).succeed("import", file)
    let whole = Date().timeIntervalSince(start)

    let run = kreis("hub")
    var random = Seeded(state: Self.number("KREISNETZ_TEST_SEED", 5_962))
    var killed = 0
    for step in 1...6 {
      let before = try run.succeed("list", "organization", "--json").rows.count
      let moment = whole * (Double(step) - Double.random(in: 0..<1, using: &random)) / 6
      if try run.runAndKill(["import", file], after: moment) { killed += 1 }
      let after = try run.succeed("list", "organization", "--json").rows.count
      #expect(after == before || after == count)
      #expect(try run("log", "verify", "--json").rows.first?["sound"] == .bool(true))
    }
    #expect(killed > 2)
    try run.succeed("import", file)
    #expect(
      try run.succeed("import", file).output
        == "created 0, changed 0, unchanged \(count), refused 0\n")
    #expect(try run.succeed("list", "organization", "--json").rows.count == count)
    // Nothing of the killed ones lies about.
    let files = try FileManager.default.contentsOfDirectory(atPath: kreis.state("hub"))
    #expect(
      Set(files).isSubset(of: [
        "kreisnetz.sqlite", "kreisnetz.sqlite-wal", "kreisnetz.sqlite-shm", "keys", "tls", "lock",
        "audit.log", "measurements.ndjson",
      ]), "\(files)")
  }
}

/// Random numbers that a seed repeats (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension CommandLineTool {
  /// Runs a command and kills it after so many seconds.
  ///
  /// - Returns: whether it was still running then.
  func runAndKill(_ arguments: [String], after seconds: Double) throws -> Bool {
    let process = Process()
    process.executableURL = Self.binary
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
    process.environment?["KREISNETZ_STATE"] = state
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(max(0, seconds) * 1_000_000))
    let wasRunning = process.isRunning
    if wasRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return wasRunning
  }
}
