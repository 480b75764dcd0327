// SPDX-License-Identifier: EUPL-1.2

/// A day, a month or a year, as partial dates are stored: `2026-05-21`, `2026-05`, `2026`.
package enum PartialDate {
  /// Whether all of it is before a day; never so of what names no year.
  package static func isOver(_ text: String, on day: CivilDate) -> Bool {
    let day = day.description.prefix(text.count)
    return !text.hasPrefix("-") && text < day
  }
}
