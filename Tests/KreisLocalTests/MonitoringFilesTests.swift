// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// The alert rules and the dashboard that are delivered ask for metrics that exist.
@Suite struct MonitoringFilesTests {
  /// Every name that a hub or a town shows, with what a histogram has.
  private func shown() async throws -> Set<String> {
    let replicas = try await Replicas()
    _ = try replicas.hub.invite(
      name: "balve", title: "Balve", ags: "05962008", lifetime: 500, at: 1_800_000_000,
      secret: [UInt8](repeating: 1, count: 32))
    _ = replicas.add(replicas.town, "organization", "name=Kita Löwenzahn")
    let log = AuditLog(in: replicas.root.path)
    try log.end(
      #require(try log.begin("backup", by: .own, at: 1_800_000_000)), .done, at: 1_800_000_000)
    try await replicas.state(replicas.town)
    let number = JSONValue.integer(1_800_000_000)
    let view = DaemonView(status: {
      [
        "hub": "connected", "caught_up_at": number, "last_contact": number, "clock_offset": number,
        "stopped_logs": .array([]), "certificate_expires_at": number,
      ]
    })
    var names: Set<String> = []
    for store in [replicas.hub, replicas.town] {
      for family in try replicas.executor(of: store, daemon: view).metrics() {
        names.formUnion(family.samples.map { family.name + $0.suffix })
      }
    }
    return names
  }

  private func used(_ file: String) throws -> Set<String> {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../deploy/monitoring/" + file)
    let text = try String(contentsOf: url, encoding: .utf8)
    // The label of a job or a uid is no metric.
    return Set(text.matches(of: /kreisnetz_[a-z_]+/).map { String($0.output) })
  }

  @Test(arguments: ["alerts.yaml", "alerts-test.yaml", "dashboard.json"])
  func `What is delivered names only metrics that exist`(file: String) async throws {
    let used = try used(file)
    #expect(used.count > 3)
    let unknown = used.subtracting(try await shown())
    #expect(unknown.isEmpty, "\(unknown)")
  }

  @Test func `Every metric that needs somebody has an alert`() async throws {
    let used = try used("alerts.yaml")
    for name in [
      "hub_alarmed", "alarms", "halted", "damages", "store_trouble", "stopped_logs", "lag_seconds",
      "unsent_entries", "town_lag_seconds", "town_last_statement_timestamp_seconds", "erasures",
      "clock_offset_seconds", "disk_free_bytes", "certificate_expiry_timestamp_seconds",
      "invite_expiry_timestamp_seconds", "upgrade_needed", "daemon_running",
      "last_backup_timestamp_seconds",
    ] { #expect(used.contains("kreisnetz_" + name), "\(name)") }
  }
}
