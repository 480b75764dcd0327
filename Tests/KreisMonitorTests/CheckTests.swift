// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisLocal
import KreisMonitor
import Testing

/// What monitoring systems read.
@Suite struct CheckTests {
  private static let now: UInt64 = 1_800_000_000

  private func status(
    _ role: String = "town", link: JSONValue = ["hub": "connected"],
    more: [JSONValue.Member] = []
  ) -> JSONValue {
    .object(
      [.init("role", .string(role)), .init("title", "Halver"), .init("link", link)] + more)
  }

  private func gauge(_ name: String, _ value: Double, _ labels: [MetricFamily.Label] = [])
    -> MetricFamily
  {
    MetricFamily("kreisnetz_" + name, "Help.", .gauge, [.init(value, labels)])
  }

  private var families: [MetricFamily] {
    [
      gauge("lag_seconds", 12), gauge("unsent_entries", 3), gauge("clock_offset_seconds", -2),
      gauge("disk_free_bytes", 5e10), gauge("conflicts", 1),
    ]
  }

  private func with(_ family: MetricFamily) -> [MetricFamily] {
    families.filter { $0.name != family.name } + [family]
  }

  private func check(
    _ status: JSONValue, _ families: [MetricFamily],
    _ change: (inout CheckLimits) -> Void = { _ in }
  ) -> Check {
    var limits = CheckLimits(isHub: status["role"] == "hub")
    change(&limits)
    return Check(status, families, limits, at: Self.now)
  }

  @Test func `A sound town is one line with performance data`() {
    let check = check(status(), families)
    #expect(check.state == .ok)
    #expect(
      check.line
        == "KREISNETZ OK - town Halver: hub connected; up to date 12 s ago; 3 unsent | "
        + "lag=12s;3600;86400 unsent=3 clock_offset=2s;60;3600 conflicts=1 "
        + "disk_free=50000000000B;1000000000:;200000000:")
  }

  @Test(arguments: [
    ("lag_seconds", 3_601, CheckState.warning, "for 60 min"),
    ("lag_seconds", 90_000, .critical, "for 25 h"),
    ("clock_offset_seconds", -61, .warning, "differs from the hub's by 61 s"),
    ("clock_offset_seconds", 4_000, .critical, "differs"),
    ("disk_free_bytes", 9e8, .warning, "900 MB left"),
    ("disk_free_bytes", 1e8, .critical, "100 MB left"),
  ])
  func `A figure beyond its limit says so`(
    name: String, value: Double, state: CheckState, text: String
  ) {
    let check = check(status(), with(gauge(name, value)))
    #expect(check.state == state)
    #expect(check.line.hasPrefix("KREISNETZ \(state.word) - town Halver: "))
    #expect(check.line.contains(text), "\(check.line)")
  }

  @Test func `What needs a person is critical, and a network that is down is not`() {
    let critical: [JSONValue] = [
      status(link: .null), status(link: ["hub": "alarmed", "reason": "intercepted"]),
      status(link: ["hub": "connected", "store_trouble": "the disk is full"]),
      status(link: ["hub": "connected", "stopped_logs": .array(["a log"])]),
      status(more: [.init("alarms", .array(["two histories"]))]),
      status(more: [.init("damage", .array(["a page", "another"]))]),
      status("hub", link: ["halted": "restored"]),
    ]
    for status in critical { #expect(check(status, families).state == .critical, "\(status)") }
    #expect(check(status("hub", link: ["gathering": "logs"]), families).state == .warning)
    #expect(check(status(link: ["hub": "waiting", "reason": "no route"]), families).state == .ok)
  }

  @Test func `The worst comes first, on one line and without the sign of performance data`() {
    let check = check(
      status(link: ["hub": "alarmed", "reason": "one\ntwo | three"]),
      with(gauge("clock_offset_seconds", 100)))
    #expect(check.state == .critical)
    #expect(
      check.line.hasPrefix(
        "KREISNETZ CRITICAL - town Halver: the hub is not trusted: one two / three; the clock"))
    #expect(check.line.split(separator: "|").count == 2)
  }

  @Test func `The hub tells which town is behind or silent, and how long its certificate holds`() {
    let hub = [
      MetricFamily(
        "kreisnetz_town_lag_seconds", "Help.", .gauge,
        [.init(0, [.init("town", "halver")]), .init(90_000, [.init("town", "balve")])]),
      MetricFamily(
        "kreisnetz_town_last_statement_timestamp_seconds", "Help.", .gauge,
        [
          .init(Double(Self.now) - 10, [.init("town", "halver")]),
          .init(Double(Self.now) - 2_000_000, [.init("town", "balve")]),
        ]),
      gauge("certificate_expiry_timestamp_seconds", Double(Self.now) + 10 * 86_400),
      gauge("erasures", 2, [.init("state", "overdue")]),
    ]
    let check = check(status("hub", link: ["listening": "x"]), hub)
    #expect(check.state == .critical)
    for text in [
      "balve has not stated anything for 23 days", "balve lacks entries that are 25 h old",
      "the certificate ends in 10 days", "2 erasures are not confirmed in time",
      "lag_balve=90000s;86400;604800", "certificate=864000s;2592000:;604800:",
      "erasures_overdue=2;0",
    ] { #expect(check.line.contains(text), "\(text): \(check.line)") }
  }

  @Test func `A backup is missed where there was one, or where one is asked for`() {
    let age = { (days: Double) in
      families + [gauge("last_backup_timestamp_seconds", Double(Self.now) - days * 86_400)]
    }
    #expect(check(status(), families).state == .ok)
    #expect(check(status(), age(7)).state == .ok)
    let old = check(status(), age(9))
    #expect(old.state == .warning)
    #expect(old.line.contains("the last backup was made 9 days ago"))
    #expect(old.line.contains("backup_age=777600s;691200"))
    let never = check(status(), families) {
      $0.backup = Threshold(2, 7)
      $0.expectsBackup = true
    }
    #expect(never.state == .critical)
    #expect(never.line.contains("no backup was ever made here"))
  }

  @Test func `Limits can be given, left out, and are refused when they make no sense`() {
    #expect(Threshold("5,10") == Threshold(5, 10))
    #expect(Threshold("5") == Threshold(5, nil))
    #expect(Threshold(",10") == Threshold(nil, 10))
    #expect(Threshold("2,1", isMinimum: true, factor: 10) == Threshold(20, 10, isMinimum: true))
    for text in ["x", "1,2,3", "-1", "nan", "inf,1", "1;2"] { #expect(Threshold(text) == nil) }
    let strict = check(status(), families) { $0.unsent = Threshold(2, nil) }
    #expect(strict.state == .warning)
    #expect(strict.line.contains("3 entries wait to be sent"))
    #expect(strict.line.contains("unsent=3;2"))
    let single = check(status(), with(gauge("unsent_entries", 1))) { $0.unsent = Threshold(0, nil) }
    #expect(single.line.contains("1 entry waits to be sent"))
  }
}
