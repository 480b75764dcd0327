// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Runs the cases that were chosen, so that those which need the same directory share it.
struct BenchPlan {
  let cases: Set<BenchCase>
  let place: Workplace
  let report: Report
  let records: Int
  let updates: Int
  let runs: Int
  /// Of the latency.
  let edits: Int
  /// How many towns follow one hub.
  let followers: Int
  /// How many organizations a directory grows to.
  let growth: Int
  /// For which an idle daemon is watched.
  let idleSeconds: Int

  /// Seconds that something which concerns the whole directory may take.
  var patience: Double { 120 + Double(records + updates) / 200 }

  /// - Throws: `BenchFailure` and what reading a replica throws.
  func run() throws {
    report.progress("Generating \(records) organizations and \(updates) updates …")
    let workload = try Workload(records: records, updates: updates, in: place)
    if !cases.isDisjoint(with: BenchCase.replicated) {
      try Replication(plan: self, workload: workload).run()
    }
    if cases.contains(.memory) { try SettledTown.measurePeak(self, workload) }
    if cases.contains(.endToEnd) { try EndToEnd(plan: self, workload: workload).run() }
    if cases.contains(.latency) || cases.contains(.wireLive) {
      try Latency(plan: self, edits: edits).run()
    }
    if cases.contains(.followers) { try ManyFollowers(plan: self, count: followers).run() }
    if cases.contains(.hubPages) { try HubPages(plan: self, workload: workload).run() }
    if cases.contains(.start) { try SettledTown.measureStart(self, workload) }
    if cases.contains(.growth) { try Growth(plan: self, workload: workload).run() }
  }

  /// Lets what was set going come to rest; a run that watches idle daemons for a shorter time has less
  /// of it.
  func pause(_ seconds: Int) { usleep(useconds_t(min(seconds, idleSeconds)) * 1_000_000) }

  /// Stops a realm's daemons and removes it.
  ///
  /// - Throws: `BenchFailure` if one did not stop in good order.
  func end(_ realm: BenchRealm) throws {
    try realm.stopAll()
    if !place.keeps { try FileManager.default.removeItem(atPath: realm.folder) }
  }
}
