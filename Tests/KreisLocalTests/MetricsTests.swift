// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// What Prometheus reads.
@Suite struct MetricsTests {
  private func families(_ replicas: Replicas, _ store: Store) throws -> [String: MetricFamily] {
    let daemon = DaemonView(status: {
      [
        "hub": "connected", "caught_up_at": .integer(1_800_000_090), "clock_offset": .integer(-3),
        "last_contact": .integer(1_800_000_095), "stopped_logs": .array([]),
        "certificate_expires_at": .integer(1_900_000_000),
      ]
    })
    let families = try replicas.executor(of: store, daemon: daemon).metrics()
    return Dictionary(uniqueKeysWithValues: families.map { ($0.name, $0) })
  }

  private func value(
    _ families: [String: MetricFamily], _ name: String, _ label: String? = nil
  ) -> Double? {
    families["kreisnetz_" + name]?.samples.first {
      label == nil || $0.labels.contains { $0.value == label }
    }?.value
  }

  private func add(_ replicas: Replicas, _ store: Store, _ name: String) {
    let change = FieldChange(field: "name", scope: nil, operation: .set, value: name)
    _ = replicas.run(
      store, LocalRequest("add", ["kind": "organization", "changes": .array([change.json])]))
  }

  @Test func `The hub tells for each town how many entries it lacks and for how long`() async throws
  {
    let replicas = try await Replicas()
    try await replicas.state(replicas.town)
    var here = try families(replicas, replicas.hub)
    #expect(value(here, "town_lag_entries", "halver") == 0)
    #expect(value(here, "town_lag_seconds", "halver") == 0)
    for name in ["Kita", "Hebammen", "Beratung"] { add(replicas, replicas.hub, name) }
    here = try families(replicas, replicas.hub)
    #expect(value(here, "town_lag_entries", "halver") == 3)
    #expect(value(here, "town_lag_bundles", "halver") == 3)
    let seconds = try #require(value(here, "town_lag_seconds", "halver"))
    #expect((1...60).contains(seconds))
    try await replicas.sync()
    try await replicas.state(replicas.town)
    here = try families(replicas, replicas.hub)
    #expect(value(here, "town_lag_entries", "halver") == 0)
    #expect(value(here, "town_last_statement_timestamp_seconds", "halver") == 1_800_001_000)
    #expect(value(here, "certificate_expiry_timestamp_seconds") == 1_900_000_000)
  }

  @Test func `A town tells what waits, its link, and how long its exchange took`() async throws {
    let replicas = try await Replicas()
    add(replicas, replicas.town, "Kita")
    var here = try families(replicas, replicas.town)
    #expect(value(here, "unsent_entries") == 1)
    #expect(value(here, "hub_connected") == 1)
    #expect(value(here, "clock_offset_seconds") == -3)
    #expect(value(here, "stopped_logs") == 0)
    #expect(value(here, "records", "organization") == 1)
    let lag = try #require(value(here, "lag_seconds"))
    #expect((10...100).contains(lag))
    try await replicas.sync()
    here = try families(replicas, replicas.town)
    #expect(value(here, "unsent_entries") == 0)
    let verified = try #require(here["kreisnetz_verify_duration_seconds"])
    #expect(verified.kind == .histogram)
    #expect(try #require(verified.samples.last { $0.suffix == "_count" }).value > 0)
  }

  @Test func `Open invites tell when they end, and used ones nothing`() async throws {
    let replicas = try await Replicas()
    _ = try replicas.hub.invite(
      name: "balve", title: "Balve", ags: "05962008", lifetime: 500, at: 1_800_000_000,
      secret: [UInt8](repeating: 1, count: 32))
    let here = try families(replicas, replicas.hub)
    #expect(value(here, "invite_expiry_timestamp_seconds", "balve") == 1_800_000_500)
    #expect(here["kreisnetz_invite_expiry_timestamp_seconds"]?.samples.count == 1)
  }

  @Test func `The last backup that was written tells its time`() async throws {
    let replicas = try await Replicas()
    let executor = replicas.executor(of: replicas.town)
    let log = AuditLog(in: replicas.root.path)
    let last = {
      try executor.metrics().first { $0.name == "kreisnetz_last_backup_timestamp_seconds" }?.value
    }
    #expect(try last() == nil)
    let begun = try #require(try log.begin("backup", by: .own, at: 1_800_000_000))
    #expect(try last() == nil)
    let other = try #require(try log.begin("export", by: .own, at: 1_800_000_001))
    try log.end(begun, .done, at: 1_800_000_002)
    try log.end(other, .done, at: 1_800_000_003)
    #expect(try last() == 1_800_000_002)
    // One that failed is none.
    try log.end(
      #require(try log.begin("backup", by: .own, at: 1_800_000_004)), .notNow, at: 1_800_000_005)
    #expect(try last() == 1_800_000_002)
    try log.end(
      #require(try log.begin("backup", by: .own, at: 1_800_000_006)), .done, at: 1_800_000_007)
    #expect(try last() == 1_800_000_007)
    try FileManager.default.removeItem(atPath: log.path)
    try log.end(
      #require(try log.begin("export", by: .own, at: 1_800_000_008)), .done, at: 1_800_000_009)
    #expect(try last() == nil)
  }

  @Test func `Erasures count by state, and an overdue one shows`() async throws {
    let replicas = try await Replicas()
    add(replicas, replicas.town, "Kita")
    let id = replicas.run(
      replicas.town,
      LocalRequest("list", ["kind": "organization"])
    ).rows.first?["id"]
    guard case .string(let id)? = id else { throw CommandError(.no, "no record") }
    let request = LocalRequest(
      "erase", ["id": .string(id), "only": .bool(true)], reason: "Art. 17")
    #expect(replicas.run(replicas.town, request).outcome == .done)
    #expect(value(try families(replicas, replicas.town), "erasures", "ordered") == 1)
    replicas.sleep(days: 400)
    #expect(value(try families(replicas, replicas.town), "erasures", "overdue") == 1)
  }

  @Test func `No metric holds a value of the directory`() async throws {
    let replicas = try await Replicas()
    add(replicas, replicas.town, "Geheimkita")
    let text = MetricFamily.exposition(Array(try families(replicas, replicas.town).values))
    #expect(!text.contains("Geheimkita"))
  }

  // MARK: - The format

  /// The rules of https://prometheus.io/docs/instrumenting/exposition_formats/ and those that
  /// `promtool check metrics` knows besides.
  @Test func `The exposition keeps the rules of Prometheus`() async throws {
    let replicas = try await Replicas()
    _ = try replicas.hub.invite(
      name: "balve", title: "Balve", ags: "05962008", lifetime: 500, at: 1_800_000_000,
      secret: [UInt8](repeating: 1, count: 32))
    for store in [replicas.hub, replicas.town] {
      let families = try replicas.executor(of: store, daemon: DaemonView { [:] }).metrics()
      #expect(Set(families.map(\.name)).count == families.count)
      let text = MetricFamily.exposition(families)
      #expect(text.hasSuffix("\n"))
      var family: (name: String, type: String)?
      var help = ""
      var seen: Set<Substring> = []
      for line in text.split(separator: "\n") {
        if let match = line.wholeMatch(of: /# HELP (kreisnetz_[a-z0-9_]+) (\S.*\.)/) {
          help = String(match.output.1)
        } else if let match = line.wholeMatch(of: /# TYPE (\S+) (gauge|histogram)/) {
          family = (String(match.output.1), String(match.output.2))
          #expect(help == match.output.1, "\(line)")
        } else {
          let sample = /([a-z0-9_]+)(\{([a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*)\})? -?[0-9.e+-]+/
          let match = try #require(line.wholeMatch(of: sample), "\(line)")
          let family = try #require(family, "\(line)")
          #expect(match.output.1.hasPrefix(family.name), "\(line)")
          if family.type == "gauge" {
            #expect(match.output.1 == family.name, "\(line)")
            #expect(
              !["_total", "_count", "_sum", "_bucket"].contains { family.name.hasSuffix($0) })
          }
          #expect(seen.insert(line.prefix { $0 != " " }).inserted, "twice: \(line)")
        }
      }
      for family in families where family.kind == .histogram {
        let counts = family.samples.filter { $0.suffix == "_bucket" }.map(\.value)
        #expect(counts == counts.sorted())
        #expect(family.samples.last { $0.suffix == "_bucket" }?.labels.first?.value == "+Inf")
        #expect(counts.last == family.samples.first { $0.suffix == "_count" }?.value)
      }
    }
  }

  @Test func `A family is the same after its way over the socket`() throws {
    var durations = DurationHistogram()
    for seconds in [0.001, 0.2, 0.2, 7, 1_000] { durations.add(seconds) }
    let histogram = MetricFamily("kreisnetz_x_seconds", "Some text.", durations)
    #expect(try MetricFamily(histogram.json) == histogram)
    #expect(
      MetricFamily.exposition([histogram]).contains("kreisnetz_x_seconds_bucket{le=\"0.25\"} 3\n"))
    #expect(MetricFamily.exposition([histogram]).contains("kreisnetz_x_seconds_count 5\n"))
    let odd = MetricFamily("a", "b\\c\nd", .gauge, [.init(0.5, [.init("l", "\"\\\n")])])
    #expect(
      MetricFamily.exposition([odd])
        == "# HELP a b\\\\c\\nd\n# TYPE a gauge\na{l=\"\\\"\\\\\\n\"} 0.5\n")
  }
}
