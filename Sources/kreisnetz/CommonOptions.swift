import ArgumentParser
import Foundation
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
  /// - Throws: `CommandFailure` if neither the option nor the environment names one.
  func path() throws -> String {
    let path = state ?? ProcessInfo.processInfo.environment["KREISNETZ_STATE"] ?? ""
    guard !path.isEmpty else {
      throw CommandFailure(
        .wrongUse, "Name the state directory with --state DIR or in KREISNETZ_STATE.")
    }
    return path
  }

  /// The directory of a replica that exists.
  ///
  /// - Throws: `CommandFailure`, `StateDirectoryError`.
  func directory() throws -> StateDirectory { try StateDirectory.open(path()) }
}

/// How a command prints.
struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print JSON, for programs.")
  var json = false
}
