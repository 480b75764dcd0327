// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore

/// What catching up costs on the wire, seen by a proxy between the hub and a town of its own.
final class CatchUpTraffic {
  private let realm: BenchRealm
  private let town = "kierspe"

  /// Lets the town join while there is nothing to fetch.
  ///
  /// - Throws: `BenchFailure`.
  init(_ realm: BenchRealm) throws {
    self.realm = realm
    try realm.join(town)
  }

  /// Fetches what is new.
  ///
  /// - Parameters:
  ///   - text: the file of the same rows as NDJSON.
  ///   - goal: bytes that one may take.
  /// - Throws: `BenchFailure`, `StoreError`.
  func measure(
    _ plan: BenchPlan, _ what: String, _ text: String, _ count: Int, goal: Double
  ) throws {
    let proxy = try CountingProxy()
    let settings = try proxy.settings(at: realm.state(town) + ".yaml")
    _ = try realm.catchUp(town, config: settings, seconds: plan.patience)
    try realm.stop(town)
    let traffic = proxy.traffic
    let packed = Zstd.compress([UInt8](try Data(contentsOf: URL(filePath: text)))).count
    plan.report.add(
      Measurement(
        .wireCatchUp, "catch-up \(what)", "bytes each", [Double(traffic.bytes) / Double(count)],
        limit: .init(what: "zstd -3 of the NDJSON", value: Double(packed) / Double(count)),
        goal: .atMost(goal),
        details: [("without TLS framing", Double(traffic.payload) / Double(count))]))
  }
}
