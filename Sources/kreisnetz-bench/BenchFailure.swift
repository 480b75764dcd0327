// SPDX-License-Identifier: EUPL-1.2

/// Why there are no figures: a sentence for whoever ran the bench.
struct BenchFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
