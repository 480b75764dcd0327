// SPDX-License-Identifier: EUPL-1.2

/// Where and why a mapping file cannot be used.
package struct MappingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1, in the mapping file.
  package let line: Int
  package let reason: String

  package var description: String { "the mapping, line \(line): \(reason)" }
}
