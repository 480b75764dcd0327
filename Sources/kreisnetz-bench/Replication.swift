// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// The rates at which a directory is imported, passed on and merged. Each run has a realm of its own
/// and its own look at the limit.
struct Replication {
  let plan: BenchPlan
  let workload: Workload

  private var place: Workplace { plan.place }
  private var report: Report { plan.report }

  private struct Samples {
    var raw: [RawLimit] = []
    var imports: [ChildProcess.End] = []
    var records: [BenchRealm.CatchUp] = []
    var updates: [BenchRealm.CatchUp] = []
  }

  /// - Throws: `BenchFailure`, `StoreError`.
  func run() throws {
    var samples = Samples()
    for run in 1...plan.runs {
      report.progress("Run \(run) of \(plan.runs): the limit, then import and merge …")
      samples.raw.append(try RawLimit.measure(workload, in: place))
      try once(run, &samples)
    }
    add(samples)
  }

  private func once(_ run: Int, _ samples: inout Samples) throws {
    let realm = try BenchRealm(in: place.path("run-\(run)"), program: place.program)
    for town in ["halver", "balve"] { try realm.join(town) }
    samples.imports += try realm.importFiles("halver", [workload.organizations])
    if plan.cases.isDisjoint(with: BenchCase.replicated.subtracting([.localImport])) {
      return try plan.end(realm)
    }
    let isLast = run == plan.runs
    let wire = isLast && plan.cases.contains(.wireCatchUp) ? try CatchUpTraffic(realm) : nil
    let settled = SettledTown(plan: plan, workload: workload, realm: realm, town: "balve")
    try realm.pushAll("halver", seconds: plan.patience)
    samples.records.append(try realm.catchUp("balve", seconds: plan.patience))
    try realm.stop("balve")
    let held = try ReplicaWatch(realm.state("balve")).organizations()
    guard held == workload.records else {
      throw BenchFailure("balve holds \(held) organizations instead of \(workload.records)")
    }
    try wire?.measure(plan, "of organizations", workload.recordText, workload.records, goal: 160)
    if isLast, plan.cases.contains(.disk), let raw = samples.raw.last {
      try settled.measureDisk(raw)
    }
    if plan.cases.contains(.mergeUpdates) || wire != nil {
      _ = try realm.importFiles("halver", workload.changes)
      try realm.pushAll("halver", seconds: plan.patience)
      samples.updates.append(try realm.catchUp("balve", seconds: plan.patience))
      try realm.stop("balve")
      try wire?.measure(plan, "of updates", workload.updateText, workload.updates, goal: 100)
    }
    if isLast, plan.cases.contains(.resync) { try settled.measureResync() }
    if isLast, !plan.cases.isDisjoint(with: [.memory, .idle]) {
      try settled.measureRest(seconds: plan.idleSeconds)
    }
    if isLast, plan.cases.contains(.console) {
      try ConsolePages.measure(plan, realm, workload, town: "halver")
    }
    try plan.end(realm)
  }

  // MARK: - Figures

  private func add(_ samples: Samples) {
    let inserts = Measurement.Limit(
      what: "raw inserts", value: samples.raw.map(\.insertsPerSecond).median)
    let updates = Measurement.Limit(
      what: "raw updates", value: samples.raw.map(\.updatesPerSecond).median)
    let (records, changes) = (Double(workload.records), Double(workload.updates))
    if plan.cases.contains(.mergeRecords) {
      report.add(
        Measurement(
          .mergeRecords, "merge of organizations", "records/s",
          samples.records.map { records / $0.seconds }, limit: inserts, goal: .ratioAtLeast(0.4),
          details: Self.details(samples.records)))
    }
    if plan.cases.contains(.mergeUpdates) {
      report.add(
        Measurement(
          .mergeUpdates, "merge of updates", "updates/s",
          samples.updates.map { changes / $0.seconds }, limit: updates, goal: .ratioAtLeast(0.5),
          details: Self.details(samples.updates)))
    }
    if plan.cases.contains(.localImport) {
      report.add(
        Measurement(
          .localImport, "import of organizations", "records/s",
          samples.imports.map { records / $0.seconds }, limit: inserts, goal: .ratioAtLeast(0.35),
          details: [
            ("seconds", samples.imports.map(\.seconds).median),
            ("cpu s", samples.imports.map(\.cpu).median),
            ("peak MB", samples.imports.map { Double($0.peakKilobytes) / 1_000 }.median),
          ]))
    }
  }

  private static func details(_ runs: [BenchRealm.CatchUp]) -> [(name: String, value: Double)] {
    [
      ("seconds", runs.map(\.seconds).median), ("town cpu s", runs.map(\.townCPU).median),
      ("hub cpu s", runs.map(\.hubCPU).median),
      ("town peak MB", runs.map { Double($0.townPeakKilobytes) / 1_000 }.median),
      ("hub peak MB", runs.map { Double($0.hubPeakKilobytes) / 1_000 }.median),
    ]
  }
}
