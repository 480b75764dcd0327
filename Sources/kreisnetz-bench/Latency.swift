// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// One edit at a time, from the request over one town's socket until it is durable in another town:
/// three durable commits, two HTTPS hops. And what each hop carries for it.
struct Latency {
  let plan: BenchPlan
  let edits: Int

  private var place: Workplace { plan.place }

  /// - Throws: `BenchFailure`, `CommandError`, `StoreError`.
  func run() throws {
    let realm = try BenchRealm(in: place.path("latency"), program: place.program)
    for town in ["halver", "balve"] { try realm.join(town) }
    if plan.cases.contains(.latency) { try measureTime(realm) }
    if plan.cases.contains(.wireLive) { try measureBytes(realm) }
    try plan.end(realm)
  }

  private func measureTime(_ realm: BenchRealm) throws {
    plan.report.progress("Latency of \(edits) edits, with the floor before and after …")
    for town in ["halver", "balve"] { try realm.start(town) }
    var floor = try latencyFloor(realm)
    let pair = try EditedRecords(realm)
    _ = try pair.edit(times: min(edits, 50))
    let daemons = try ["halver", "hub", "balve"].map { try realm.daemon($0).figures }
    let before = daemons.map(\.activity)
    let delays = try pair.edit(times: edits)
    let used = zip(daemons, before).map {
      $0.activity(since: $1).running * 1_000 / Double(edits)
    }
    floor += try latencyFloor(realm)
    for town in ["halver", "balve"] { try realm.stop(town) }
    for (percent, factor) in [(50.0, 1.5), (99.0, 2)] {
      plan.report.add(
        Measurement(
          .latency, "edit to the other town, p\(Int(percent))", "ms",
          [delays.map(\.durable).percentile(percent)],
          limit: .init(what: "the same in C", value: floor.percentile(percent)),
          goal: .ratioAtMost(factor),
          details: [
            ("seen by a watcher there", delays.map(\.seen).percentile(percent)),
            ("answered here", delays.map(\.answered).percentile(percent)),
            ("cpu ms of an edit: writer", used[0]), ("hub", used[1]), ("reader", used[2]),
          ]))
    }
  }

  /// Milliseconds of each of half as many edits.
  private func latencyFloor(_ realm: BenchRealm) throws -> [Double] {
    let program = try place.compile("latency_floor", "ssl", "crypto", "sqlite3")
    let folder = place.path("floor")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let keys = realm.state("hub") + "/tls/"
    let output = try place.run(
      program,
      [folder, keys + "cert.pem", keys + "key.pem", "\(max(1, edits / 2))", "FULL", "1", "1"])
    return output.split(separator: "\n").compactMap { Double($0) }
  }

  private func measureBytes(_ realm: BenchRealm) throws {
    plan.report.progress("Bytes of live edits …")
    let proxies = try ["halver", "balve"].map { town in
      let proxy = try CountingProxy()
      try realm.start(town, config: proxy.settings(at: realm.state(town) + ".yaml"))
      return proxy
    }
    let pair = try EditedRecords(realm)
    // What the start still causes, and what compression of headers learns at first.
    _ = try pair.edit(times: 5)
    plan.pause(3)
    let count = min(edits, 200)
    let before = proxies.map(\.traffic)
    _ = try pair.edit(times: count)
    for (index, hop) in ["from the town to the hub", "from the hub to the other town"].enumerated()
    {
      let traffic = proxies[index].traffic - before[index]
      plan.report.add(
        Measurement(
          .wireLive, "a live edit \(hop)", "bytes", [Double(traffic.payload) / Double(count)],
          goal: .atMost(500),
          details: [("with TLS framing", Double(traffic.bytes) / Double(count))]))
    }
    for town in ["halver", "balve"] { try realm.stop(town) }
  }
}

/// Milliseconds from the request.
private struct Delay {
  /// Until the other town's daemon knew the edit durable, by the clock that both share.
  let durable: Double
  /// Until a watcher there was told.
  let seen: Double
  /// Until the writer's answer.
  let answered: Double
}

/// Records of one town that are watched in the other.
private struct EditedRecords {
  private let client: EditingClient
  private let watcher: Watcher

  /// As many as the floor would edit in turn, at most.
  private static let records = 250
  /// Seconds from one edit to the next: of faster ones the hub's limit for a member (30 requests a
  /// second, its statements among them) would make some wait.
  private static let interval = 0.036

  init(_ realm: BenchRealm) throws {
    watcher = Watcher(realm.state("balve"))
    client = try EditingClient(realm.state("halver"), records: Self.records)
    var missing = Set(client.ids)
    while !missing.isEmpty { missing.remove(try watcher.next().record) }
  }

  func edit(times: Int) throws -> [Delay] {
    try (0..<times).map { _ in
      let (start, wallStart) = (monotonicSeconds(), Date().timeIntervalSince1970)
      let id = try client.edit()
      let answered = monotonicSeconds()
      let event = try watcher.wait(for: id)
      let rest = start + Self.interval - monotonicSeconds()
      if rest > 0 { usleep(useconds_t(rest * 1_000_000)) }
      return Delay(
        durable: event.time - wallStart * 1_000, seen: (event.arrival - start) * 1_000,
        answered: (answered - start) * 1_000)
    }
  }
}
