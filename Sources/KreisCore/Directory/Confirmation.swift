// SPDX-License-Identifier: EUPL-1.2

/// When somebody should look again whether a record is still true.
package enum Confirmation: Hashable, Comparable, Sendable {
  /// Nobody ever confirmed it.
  case never
  case on(CivilDate)

  /// Days after which what was confirmed is due again.
  package static let interval = 365

  /// When a record is due.
  ///
  /// - Parameters:
  ///   - assured: when it was last confirmed, a canonical date.
  ///   - review: when its author wanted it to be looked at, a canonical date.
  ///   - interval: days from one confirmation to the next.
  /// - Returns: `nil` if it never is: links and sub-records are confirmed with what they belong to,
  ///   unless they bear a date of their own.
  package init?(
    of kind: RecordKind, assured: String?, review: String?, every interval: Int = Self.interval
  ) {
    let dates = [
      assured.flatMap { CivilDate($0) }?.adding(days: interval), review.flatMap { CivilDate($0) },
    ]
    if let first = dates.compactMap(\.self).min() {
      self = .on(first)
    } else if Self.kinds.contains(kind.name) {
      self = .never
    } else {
      return nil
    }
  }

  /// What people know by a name and answer for.
  private static let kinds: Set<String> = [
    "organization", "location", "contact", "service", "network", "working_group",
  ]
}
