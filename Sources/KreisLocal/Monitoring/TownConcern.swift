// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

/// When a town is one that somebody should look at: it lacks what is older than a day although it is
/// connected, or was silent for longer than a week. Towns may be off for a weekend.
package enum TownConcern {
  private static let day: UInt64 = 86_400

  /// - Parameters:
  ///   - town: as `overview` has it.
  ///   - now: seconds since 1970.
  package static func needsSomebody(_ town: JSONValue, at now: UInt64) -> Bool {
    let passed = { (since: UInt64) in now > since ? now - since : 0 }
    guard town["connected"] == .bool(true) else {
      return town["last_contact"]?.unsigned.map { passed($0) > 7 * day } ?? false
    }
    return (town["lag"]?["entries"]?.unsigned ?? 0) > 0
      && (town["lag"]?["oldest"]?.unsigned.map { passed($0) > day } ?? false)
  }
}
