// SPDX-License-Identifier: EUPL-1.2

/// Where and why a text is not the JSON that is taken.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1, in the text that was parsed.
  package let line: Int
  /// From 1, in bytes.
  package let column: Int
  package let reason: String

  package var description: String { "line \(line), column \(column): \(reason)" }
}
