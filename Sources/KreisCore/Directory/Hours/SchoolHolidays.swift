// SPDX-License-Identifier: EUPL-1.2

/// The school holidays that are known, as ranges of days.
///
/// Each Land sets them some years ahead: they are records of the directory, not part of the program.
package struct SchoolHolidays: Hashable, Sendable {
  package let ranges: [ClosedRange<CivilDate>]

  package init(_ ranges: [ClosedRange<CivilDate>]) { self.ranges = ranges }

  package func contains(_ date: CivilDate) -> Bool { ranges.contains { $0.contains(date) } }

  /// Whether it is known if the day is one: it lies between the first and the last known range.
  package func cover(_ date: CivilDate) -> Bool {
    guard let first = ranges.map(\.lowerBound).min(), let last = ranges.map(\.upperBound).max()
    else { return false }
    return (first...last).contains(date)
  }
}
