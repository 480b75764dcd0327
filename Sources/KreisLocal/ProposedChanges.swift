// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// The changes that a change request proposes, as text: one a line, as people type them.
///
///     line = name ["@" scope] ("=" / "+=" / "-=") value     line ends in a value as \n, backslashes as \\
enum ProposedChanges {
  static func text(_ changes: [FieldChange]) -> String {
    changes.map { change in
      let scope = change.scope.map { "@\($0.rawValue)" } ?? ""
      return change.field + scope + change.operation.rawValue + escaped(change.value)
    }.joined(separator: "\n")
  }

  /// Reads `text`.
  ///
  /// - Throws: `CommandError` for a line that another program wrote and that is no change.
  static func changes(_ text: String) throws -> [FieldChange] {
    try text.split(separator: "\n").map { line in
      // A value that begins with @ is no file's name here.
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw CommandError(.wrongUse, "„\(line)“ in the change request is no change of a field.")
      }
      let value = unescaped(parts[1])
      return try FieldChange(
        argument: parts[0] + "=" + (value.hasPrefix("@") ? "@" : "") + value, file: { $0 })
    }
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  private static func unescaped(_ value: some StringProtocol) -> String {
    var out = ""
    var isEscaped = false
    for character in value {
      if isEscaped {
        out.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        out.append(character)
      }
    }
    return out
  }
}
