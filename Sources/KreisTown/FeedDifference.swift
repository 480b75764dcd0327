// SPDX-License-Identifier: EUPL-1.2

package import KreisCore

/// Where two feeds part.
package struct FeedDifference: Hashable, Sendable, CustomStringConvertible {
  package let scope: Scope
  /// The first position at which they differ.
  package let position: UInt64
  /// Whether the hub's feed ends before it.
  package let isHubShort: Bool

  package var description: String {
    isHubShort
      ? "the hub's feed of \(scope) ends before position \(position), which it showed here before"
      : "the feed of \(scope) differs from the hub's from position \(position) on"
  }
}

/// Finds where two feeds part with few questions: each hash covers all positions up to it, so the
/// first that differs is found by halving.
enum FeedBisection {
  /// - Parameters:
  ///   - end: the last position here.
  ///   - here: the hash here at a position.
  ///   - hub: the hash at the hub; `nil` beyond its end.
  /// - Returns: `nil` if nothing differs.
  static func difference(
    of scope: Scope, through end: UInt64,
    here: (UInt64) async throws -> Hash256?, hub: (UInt64) async throws -> Hash256?
  ) async throws -> FeedDifference? {
    guard end > 0, try await hub(end) != here(end) else { return nil }
    // Equal up to `low`, different at `high`.
    var (low, high) = (UInt64(0), end)
    var isHubShort = try await hub(end) == nil
    while high - low > 1 {
      let middle = low + (high - low) / 2
      let theirs = try await hub(middle)
      if theirs != nil, try await here(middle) == theirs {
        low = middle
      } else {
        high = middle
        isHubShort = theirs == nil
      }
    }
    return FeedDifference(scope: scope, position: high, isHubShort: isHubShort)
  }
}
