// SPDX-License-Identifier: EUPL-1.2

/// Gives the next bytes of a file or stream; `nil` at its end. An empty chunk is not the end.
package typealias ChunkSource = () throws -> [UInt8]?

/// Where a file is wrong.
package struct LineError: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1; of a record of several lines, the first.
  package let line: Int
  package let reason: String

  package init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }

  package var description: String { "line \(line): \(reason)" }
}
