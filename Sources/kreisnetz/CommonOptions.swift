// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisInterchange
import KreisLocal
import KreisStore

/// Which replica a command is about.
struct StateOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "The state directory; without it the environment's KREISNETZ_STATE.", valueName: "dir"))
  var state: String?

  /// The path as given.
  ///
  /// - Throws: `CommandError` if neither the option nor the environment names one.
  func path() throws -> String {
    let path = state ?? ProcessInfo.processInfo.environment["KREISNETZ_STATE"] ?? ""
    guard !path.isEmpty else {
      throw CommandError(
        .wrongUse, "Name the state directory with --state DIR or in KREISNETZ_STATE.")
    }
    return path
  }

  /// The directory of a replica that exists.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`.
  func directory() throws -> StateDirectory { try StateDirectory.open(path()) }
}

/// How a command prints.
struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print JSON, for programs.")
  var json = false

  /// Tells people of the warnings in a row; programs find them there.
  func warn(_ row: JSONValue) {
    guard !json, case .array(let warnings) = row["warnings"] else { return }
    for warning in warnings {
      let line = warning["line"].map { "line \(PlainText.value($0)): " } ?? ""
      let text = PlainText.value(warning["reason"] ?? warning)
      FileHandle.standardError.write(Data("warning: \(line)\(text)\n".utf8))
    }
  }
}

/// Who acts and why, kept with the change.
struct ActOptions: ParsableArguments {
  @Option(name: .long, help: "Who acts, as a role, for example Netzwerkkoordination.")
  var role = ""

  @Option(name: .long, help: "Why; whoever reads the field can read it in the history.")
  var reason = ""
}
