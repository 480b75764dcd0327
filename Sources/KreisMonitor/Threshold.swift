// SPDX-License-Identifier: EUPL-1.2

import KreisLocal

/// From where on a figure is worth a warning, and from where on it is critical.
package struct Threshold: Hashable, Sendable {
  package let warning: Double?
  package let critical: Double?
  /// Whether less is worse.
  package let isMinimum: Bool

  package init(_ warning: Double?, _ critical: Double?, isMinimum: Bool = false) {
    (self.warning, self.critical, self.isMinimum) = (warning, critical, isMinimum)
  }

  /// Reads `WARN,CRIT`; either may be empty, which means never.
  ///
  /// - Parameter factor: what one of the text's units has of the figure's.
  /// - Returns: `nil` for anything else.
  package init?(_ text: String, isMinimum: Bool = false, factor: Double = 1) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count) else { return nil }
    var values: [Double?] = []
    for part in parts {
      guard !part.isEmpty else {
        values.append(nil)
        continue
      }
      guard let value = Double(part), value.isFinite, value >= 0 else { return nil }
      values.append(value * factor)
    }
    self.init(values[0], values.count > 1 ? values[1] : nil, isMinimum: isMinimum)
  }

  /// Seconds between two clocks; beyond the second, times in the history are of no use.
  static let clock = Threshold(60, 3_600)
  /// Bytes left on a disk that is nearly full, and on one that is full for our purposes.
  static let diskFree = Threshold(1e9, 2e8, isMinimum: true)

  func state(of value: Double) -> CheckState {
    if let critical, isBeyond(value, critical) { return .critical }
    if let warning, isBeyond(value, warning) { return .warning }
    return .ok
  }

  private func isBeyond(_ value: Double, _ limit: Double) -> Bool {
    isMinimum ? value < limit : value > limit
  }

  /// As performance data has ranges: `10` is beyond 10, `10:` below it.
  func range(_ limit: Double?) -> String {
    limit.map { MetricFamily.text($0) + (isMinimum ? ":" : "") } ?? ""
  }
}

/// How a check ends; the raw values are the exit codes of monitoring plugins.
package enum CheckState: Int32, Sendable {
  case ok = 0
  case warning = 1
  case critical = 2
  case unknown = 3

  package var word: String {
    switch self {
    case .ok: "OK"
    case .warning: "WARNING"
    case .critical: "CRITICAL"
    case .unknown: "UNKNOWN"
    }
  }
}

/// One figure behind the `|` of a check: `'label'=value[UOM];[warn];[crit];[min];[max]`
/// (Monitoring Plugins Development Guidelines, "Performance data").
struct PerformanceDatum: Hashable, Sendable {
  let label: String
  let value: Double
  /// `s`, `B` or nothing.
  let unit: String
  var threshold = Threshold(nil, nil)

  var text: String {
    let fields = [
      "\(label)=\(MetricFamily.text(value))\(unit)", threshold.range(threshold.warning),
      threshold.range(threshold.critical),
    ]
    return String(fields.joined(separator: ";").reversed().drop { $0 == ";" }.reversed())
  }
}
