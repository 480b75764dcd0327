// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Town to town through the hub, all three at work: from the import command to equal replicas.
struct EndToEnd {
  let plan: BenchPlan
  let workload: Workload

  private struct Sample {
    let seconds: Double
    let cpu: Double
    let raw: Double
  }

  /// - Throws: `BenchFailure`, `StoreError`.
  func run() throws {
    var samples: [Sample] = []
    for run in 1...plan.runs {
      plan.report.progress("Run \(run) of \(plan.runs): town to town …")
      let raw = try RawLimit.measure(workload, in: plan.place).insertsPerSecond
      samples.append(try once(run, raw))
    }
    let records = Double(workload.records)
    plan.report.add(
      Measurement(
        .endToEnd, "town to town", "records/s", samples.map { records / $0.seconds },
        limit: .init(what: "raw inserts, thrice", value: samples.map(\.raw).median / 3),
        goal: .ratioAtLeast(0.3),
        details: [
          ("seconds", samples.map(\.seconds).median), ("cpu s of all", samples.map(\.cpu).median),
        ]))
  }

  private func once(_ run: Int, _ raw: Double) throws -> Sample {
    let realm = try BenchRealm(in: plan.place.path("through-\(run)"), program: plan.place.program)
    for town in ["halver", "balve"] {
      try realm.join(town)
      try realm.start(town)
    }
    let watches = try ["hub", "halver", "balve"].map { try ReplicaWatch(realm.state($0)) }
    func cpu() -> Double { realm.daemons.values.reduce(0) { $0 + $1.figures.cpu } }
    let cpuBefore = cpu()
    let start = monotonicSeconds()
    let command = try realm.begin("halver", ["import", workload.organizations])
    try waitUntil("equal replicas", seconds: plan.patience) {
      guard let end = command.look() else { return false }
      guard end.status == 0 else { throw BenchFailure("The import ended with \(end.status)") }
      let places = try watches.map { try $0.publicFeed() }
      return try places[0] == places[1] && places[0] == places[2] && watches[1].unsent() == 0
    }
    let seconds = monotonicSeconds() - start
    let used = cpu() - cpuBefore + (command.end?.cpu ?? 0)
    let held = try watches[2].organizations()
    guard held == workload.records else {
      throw BenchFailure("balve holds \(held) organizations instead of \(workload.records)")
    }
    try plan.end(realm)
    return Sample(seconds: seconds, cpu: used, raw: raw)
  }
}
