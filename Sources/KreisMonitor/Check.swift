// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange
package import KreisLocal

/// Limits of `kreisnetz check`.
package struct CheckLimits: Hashable, Sendable {
  /// Seconds since a town last had everything; at the hub: since the oldest entry that a town lacks.
  package var lag: Threshold
  /// Own entries that the hub does not have.
  package var unsent = Threshold(nil, nil)
  /// Seconds, whichever clock is ahead.
  package var clock = Threshold.clock
  /// Seconds since a town last stated something, at the hub.
  package var silence = Threshold(2 * 86_400, 14 * 86_400)
  /// Bytes left on the disk.
  package var diskFree = Threshold.diskFree
  /// Seconds until the hub's certificate ends.
  package var certificate = Threshold(30 * 86_400, 7 * 86_400, isMinimum: true)
  package var overdueErasures = Threshold(0, nil)
  package var overdueReviews = Threshold(nil, nil)
  package var conflicts = Threshold(nil, nil)
  /// Seconds since the last backup; of a replica that never had one only if somebody asks for it.
  package var backup = Threshold(8 * 86_400, nil)
  package var expectsBackup = false

  /// The defaults for a hub or a town.
  package init(isHub: Bool) {
    // Towns may be off for a weekend; a town whose daemon runs may not lack the hub for a day.
    lag = isHub ? Threshold(86_400, 7 * 86_400) : Threshold(3_600, 86_400)
  }
}

/// How a replica is, in one line for Checkmk, Icinga and Nagios.
package struct Check: Sendable {
  package private(set) var state = CheckState.ok
  private var troubles: [(state: CheckState, text: String)] = []
  private var data: [PerformanceDatum] = []
  private var name = ""
  private var summary: [String] = []

  /// One line, without its end.
  package var line: String {
    let worst = troubles.filter { $0.state == state }.map(\.text)
    let others = troubles.filter { $0.state != state }.map(\.text)
    let text = (worst + others + (troubles.isEmpty ? summary : [])).joined(separator: "; ")
    let line =
      "KREISNETZ \(state.word) - "
      + [name, text].filter { !$0.isEmpty }
      .joined(separator: ": ")
    let perf = data.map(\.text).joined(separator: " ")
    return Self.oneLine(line) + (perf.isEmpty ? "" : " | \(perf)")
  }

  /// A check that could not be made, or whose answer is known already.
  package init(_ state: CheckState, _ text: String) {
    self.state = state
    troubles = [(state, text)]
  }

  /// - Parameters:
  ///   - status: what the command `status` answers.
  ///   - families: what the command `metrics` answers.
  ///   - now: seconds since 1970.
  package init(
    _ status: JSONValue, _ families: [MetricFamily], _ limits: CheckLimits, at now: UInt64
  ) {
    let isHub = status["role"] == "hub"
    if case .string(let title)? = status["title"] { name = "\(isHub ? "hub" : "town") \(title)" }
    let metrics = Dictionary(
      families.map { (String($0.name.dropFirst("kreisnetz_".count)), $0) },
      uniquingKeysWith: { first, _ in first })
    judge(status)
    if isHub { judgeHub(metrics, limits, now) } else { judgeTown(status, metrics, limits) }
    judgeBoth(metrics, limits, now)
  }

  private mutating func add(_ state: CheckState, _ text: String) {
    guard state != .ok else { return }
    troubles.append((state, text))
    if state.rank > self.state.rank { self.state = state }
  }

  /// Takes a figure, and what to say if it is beyond its limits.
  private mutating func measure(
    _ label: String, _ value: Double?, _ unit: String = "", _ threshold: Threshold,
    _ text: (Double) -> String
  ) {
    guard let value else { return }
    data.append(PerformanceDatum(label: label, value: value, unit: unit, threshold: threshold))
    add(threshold.state(of: value), text(value))
  }

  // MARK: - What needs a person

  private mutating func judge(_ status: JSONValue) {
    func texts(_ value: JSONValue?) -> [String] {
      switch value {
      case .string(let text)?: [text]
      case .array(let elements)?: elements.flatMap { texts($0) }
      default: []
      }
    }
    let link = status["link"]
    if link ?? .null == .null {
      add(.critical, "the daemon does not run")
    }
    if link?["hub"] == "alarmed" {
      add(.critical, "the hub is not trusted: \(texts(link?["reason"]).joined())")
    }
    let found: [(JSONValue?, CheckState, String)] = [
      (status["alarms"], .critical, "ALARM"), (status["damage"], .critical, "damaged"),
      (link?["store_trouble"], .critical, "nothing can be written"),
      (link?["halted"], .critical, "serves nobody"),
      (link?["stopped_logs"], .critical, "a log is not pushed any more"),
      (link?["gathering"], .warning, "gathers"), (link?["upgrade"], .warning, "too old"),
      (link?["recovery"], .warning, "recovers"),
      (link?["digest_trouble"], .warning, "no digest"), (status["forks"], .warning, "forked"),
    ]
    for (value, state, label) in found {
      let all = texts(value)
      guard let first = all.first else { continue }
      add(state, "\(label): \(first)" + (all.count > 1 ? " (and \(all.count - 1) more)" : ""))
    }
  }

  // MARK: - Figures

  private typealias Metrics = [String: MetricFamily]

  private mutating func judgeTown(
    _ status: JSONValue, _ metrics: Metrics, _ limits: CheckLimits
  ) {
    if case .string(let hub)? = status["link"]?["hub"] { summary.append("hub \(hub)") }
    let lag = metrics["lag_seconds"]?.value
    measure("lag", lag, "s", limits.lag) {
      "has not had everything of the hub for \(Self.span($0))"
    }
    if let lag { summary.append("up to date \(Self.span(lag)) ago") }
    let unsent = metrics["unsent_entries"]?.value
    measure("unsent", unsent, "", limits.unsent) {
      counted(Int($0), "entry waits to be sent", "entries wait to be sent")
    }
    if let unsent { summary.append("\(Int(unsent)) unsent") }
    if let offset = metrics["clock_offset_seconds"]?.value {
      measure("clock_offset", offset.magnitude, "s", limits.clock) {
        "the clock differs from the hub's by \(Self.span($0))"
      }
    }
  }

  private mutating func judgeHub(_ metrics: Metrics, _ limits: CheckLimits, _ now: UInt64) {
    var behind = 0
    for sample in metrics["town_lag_seconds"]?.samples ?? [] {
      let town = sample.labels.first?.value ?? ""
      if sample.value > 0 { behind += 1 }
      measure("lag_\(town)", sample.value, "s", limits.lag) {
        "\(town) lacks entries that are \(Self.span($0)) old"
      }
    }
    for sample in metrics["town_last_statement_timestamp_seconds"]?.samples ?? [] {
      let town = sample.labels.first?.value ?? ""
      measure("silence_\(town)", max(0, Double(now) - sample.value), "s", limits.silence) {
        "\(town) has not stated anything for \(Self.span($0))"
      }
    }
    let towns = metrics["town_lag_seconds"]?.samples.count ?? 0
    summary.append("towns: \(towns), of which behind: \(behind)")
    if let end = metrics["certificate_expiry_timestamp_seconds"]?.value {
      measure("certificate", end - Double(now), "s", limits.certificate) {
        $0 > 0
          ? "the certificate ends in \(Self.span($0))" : "the certificate has ended"
      }
    }
  }

  private mutating func judgeBoth(_ metrics: Metrics, _ limits: CheckLimits, _ now: UInt64) {
    measure("conflicts", metrics["conflicts"]?.value, "", limits.conflicts) {
      counted(Int($0), "conflict", "conflicts")
    }
    let overdue = metrics["erasures"]?.samples.first { $0.labels.first?.value == "overdue" }?.value
    measure("erasures_overdue", overdue, "", limits.overdueErasures) {
      counted(Int($0), "erasure is not confirmed in time", "erasures are not confirmed in time")
    }
    measure("reviews_overdue", metrics["reviews_overdue"]?.value, "", limits.overdueReviews) {
      counted(
        Int($0), "own record waits for its review", "own records wait for their review")
    }
    measure("disk_free", metrics["disk_free_bytes"]?.value, "B", limits.diskFree) {
      "\(Int($0 / 1e6)) MB left on the disk"
    }
    if let backup = metrics["last_backup_timestamp_seconds"]?.value {
      measure("backup_age", max(0, Double(now) - backup), "s", limits.backup) {
        "the last backup was made \(Self.span($0)) ago"
      }
    } else if limits.expectsBackup {
      add(limits.backup.state(of: .infinity), "no backup was ever made here")
    }
    for (label, name) in [("database", "database_bytes"), ("wal", "wal_bytes")] {
      measure(label, metrics[name]?.value, "B", Threshold(nil, nil)) { _ in "" }
    }
  }

  // MARK: - Text

  /// A time for people.
  static func span(_ seconds: Double) -> String {
    switch seconds.magnitude {
    case ..<120: "\(Int(seconds)) s"
    case ..<7_200: "\(Int(seconds / 60)) min"
    case ..<172_800: "\(Int(seconds / 3_600)) h"
    default: "\(Int(seconds / 86_400)) days"
    }
  }

  /// What follows a `|` or stands on another line would be taken for something else.
  private static func oneLine(_ text: String) -> String {
    String(
      text.map { character in
        character.isNewline ? " " : character == "|" ? "/" : character
      })
  }
}

extension CheckState {
  /// A critical finding outweighs one that is not known.
  fileprivate var rank: Int {
    switch self {
    case .ok: 0
    case .unknown: 1
    case .warning: 2
    case .critical: 3
    }
  }
}
