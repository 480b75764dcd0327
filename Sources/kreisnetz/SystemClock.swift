// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// The machine's clock and entropy, which everything below takes as values.
enum SystemClock {
  /// Seconds since 1970.
  static func now() -> UInt64 { UInt64(max(0, Date().timeIntervalSince1970)) }

  static func random() -> UInt64 { .random(in: .min ... .max) }
}
