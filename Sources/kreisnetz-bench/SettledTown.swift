// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisInterchange

/// What a town that holds everything costs: on disk, at rest, when it compares itself with the hub, and
/// when it starts.
struct SettledTown {
  let plan: BenchPlan
  let workload: Workload
  let realm: BenchRealm
  let town: String

  private var report: Report { plan.report }

  /// Of a stopped town with the records as they were first imported: its database without the
  /// write-ahead log, which has some megabytes or none, whatever the directory has.
  ///
  /// - Throws: `BenchFailure`.
  func measureDisk(_ raw: RawLimit) throws {
    let state = realm.state(town)
    let copy = state + ".backup"
    try realm.command(town, ["backup", copy])
    let held = try ["", "-wal"].reduce(0) { try $0 + Self.bytes(state + "/kreisnetz.sqlite" + $1) }
    let records = Double(workload.records)
    report.add(
      Measurement(
        .disk, "replica on disk, log included", "bytes/record",
        [Double(try Self.bytes(copy)) / records],
        limit: .init(what: "raw table", value: raw.bytes / records), goal: .ratioAtMost(2),
        details: [("with the write-ahead log", Double(held) / records)]))
  }

  /// The size of a file; 0 if there is none.
  private static func bytes(_ path: String) throws -> Int {
    guard FileManager.default.fileExists(atPath: path) else { return 0 }
    return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
  }

  /// Of a stopped town; it is stopped again.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  func measureRest(seconds: Int) throws {
    _ = try realm.catchUp(town, seconds: plan.patience)
    report.progress("A town at rest, for \(seconds) s …")
    // What follows a start: the statement, the comparison with others.
    plan.pause(5)
    if plan.cases.contains(.idle) { try measureIdleCPU(seconds) } else { plan.pause(seconds) }
    if plan.cases.contains(.memory) { try measureIdleMemory() }
    try realm.stop(town)
  }

  /// After the first minute a daemon has given back what it needed to start.
  private func measureIdleMemory() throws {
    let (daemon, hub) = (try realm.daemon(town).figures, try realm.daemon("hub").figures)
    report.add(
      Measurement(
        .memory, "idle town", "MB", [Double(daemon.residentKilobytes) / 1_000],
        goal: .atMost(25),
        details: [
          ("anonymous", Double(daemon.anonymousKilobytes) / 1_000),
          ("proportional", Double(daemon.proportionalKilobytes) / 1_000),
          ("idle hub", Double(hub.residentKilobytes) / 1_000),
        ]))
  }

  /// Waits until the daemon has done what it does after a start, such as looking through all records
  /// for what is due.
  ///
  /// - Returns: seconds that this took.
  private func rest(_ daemon: ProcessFigures) throws -> Double {
    let start = monotonicSeconds()
    var before = daemon.cpu
    try waitUntil("the daemon to come to rest", seconds: plan.patience) {
      plan.pause(3)
      defer { before = daemon.cpu }
      return daemon.cpu - before < 0.03
    }
    return monotonicSeconds() - start
  }

  private func measureIdleCPU(_ seconds: Int) throws {
    let daemons = try [realm.daemon(town).figures, realm.daemon("hub").figures]
    let settling = try rest(daemons[0])
    let before = daemons.map(\.activity)
    let start = monotonicSeconds()
    usleep(useconds_t(seconds) * 1_000_000)
    let passed = monotonicSeconds() - start
    let seen = zip(daemons, before).map { $0.activity(since: $1) }
    let percent = seen.map { $0.running / passed * 100 }
    let wakes = seen.map { Double($0.wakeUps) / passed }
    report.add(
      Measurement(
        .idle, "processor of an idle town", "% of a core", [percent[0]], goal: .atMost(0.1),
        details: [("idle hub", percent[1]), ("at rest after s", settling)]))
    report.add(
      Measurement(
        .idle, "wake-ups of an idle town", "a second", [wakes[0]], goal: .atMost(1),
        details: [("idle hub", wakes[1])]))
  }

  /// Of a stopped town; it is stopped again.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  func measureResync() throws {
    let proxy = try CountingProxy()
    let settings = try proxy.settings(at: realm.state(town) + ".yaml")
    _ = try realm.catchUp(town, config: settings, seconds: plan.patience)
    plan.pause(3)
    var seconds: [Double] = []
    var bytes: [Double] = []
    for _ in 1...plan.runs {
      let before = proxy.traffic
      seconds.append(try realm.command(town, ["resync", "--verify"]).end.seconds)
      bytes.append(Double((proxy.traffic - before).bytes))
    }
    try realm.stop(town)
    let hashing = try Self.secondsToHash(realm.state(town) + "/kreisnetz.sqlite")
    report.add(
      Measurement(
        .resync, "resync --verify of an equal replica", "s", seconds,
        limit: .init(what: "SHA-256 of its file", value: hashing), goal: .atMost(1)))
    report.add(
      Measurement(
        .resync, "resync --verify on the wire", "bytes", bytes, goal: .atMost(2_000)))
  }

  private static func secondsToHash(_ path: String) throws -> Double {
    let bytes = try Data(contentsOf: URL(filePath: path))
    let start = monotonicSeconds()
    let digest = SHA256.hash(data: bytes)
    return withExtendedLifetime(digest) { monotonicSeconds() - start }
  }

  /// A new town's daemon that takes everything in one import.
  ///
  /// - Throws: `BenchFailure`.
  static func measurePeak(_ plan: BenchPlan, _ workload: Workload) throws {
    let realm = try BenchRealm(in: plan.place.path("peak"), program: plan.place.program)
    try realm.join("halver")
    let daemon = try realm.start("halver")
    let command = try realm.command("halver", ["import", workload.organizations])
    let peak = daemon.figures.peakKilobytes
    let watch = try ReplicaWatch(realm.state("halver"))
    try waitUntil("halver to send its entries", seconds: plan.patience) { try watch.unsent() == 0 }
    plan.report.add(
      Measurement(
        .memory, "peak of a town that imports", "MB", [Double(peak) / 1_000], goal: .atMost(80),
        details: [
          ("after the push", Double(daemon.figures.peakKilobytes) / 1_000),
          ("the command", Double(command.end.peakKilobytes) / 1_000),
          ("hub", Double(try realm.daemon("hub").figures.peakKilobytes) / 1_000),
        ]))
    try plan.end(realm)
  }

  /// A daemon with many entries, from its start until it is ready.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  static func measureStart(_ plan: BenchPlan, _ workload: Workload) throws {
    let realm = try BenchRealm(in: plan.place.path("start"), program: plan.place.program)
    try realm.join("halver")
    let times = 10
    plan.report.progress("Importing \(times * workload.records) entries …")
    for number in 0..<times {
      let file = plan.place.path("part.ndjson")
      try Workload.writeOrganizations(
        from: workload.recordTable, to: file, prefix: "\(number)-")
      _ = try realm.importFiles("halver", [file])
    }
    // Nobody has to answer for a town to be ready.
    try realm.stop("hub")
    let seconds = try (1...max(3, plan.runs)).map { _ in
      let ready = try realm.start("halver").secondsToReady
      try realm.stop("halver")
      return ready
    }
    plan.report.add(
      Measurement(
        .start, "start with \(times * workload.records) entries", "s", seconds, goal: .atMost(0.3)))
    try plan.end(realm)
  }
}
