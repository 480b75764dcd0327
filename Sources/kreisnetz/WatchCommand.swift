// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisLocal

/// Prints changes as they happen.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print every change as the running daemon commits it.",
    discussion: """
      Prints JSON lines: first {"watching":true}, then id, kind, name and the time at which the \
      change was durable here, in milliseconds since 1970. Ends with Ctrl-C.

      Example:
        kreisnetz watch --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    _ = try ReplicaSession(state).run(LocalRequest("watch"), .reading) { row in
      let out = StandardOutput()
      try out.json(row)
      try out.flush()
    }
  }
}
