// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange

/// Whether what was not public may become so.
struct PublishOptions: ParsableArguments {
  @Flag(help: "Yes, everybody may read what is named @public, on the Internet too.")
  var publish = false

  /// Says what waits for a second person's release.
  static func report(_ row: JSONValue) throws {
    guard case .array(let waiting) = row["waiting"] else { return }
    for id in waiting {
      try StandardOutput().line(
        "Becomes public once another role releases it: kreisnetz release \(PlainText.value(id)) "
          + "--role …")
    }
  }
}
