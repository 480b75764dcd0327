// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation

/// Everything that happened, as lines; their hash tells whether a seed replayed byte for byte.
struct Trace {
  private var hasher = SHA256()
  private let isShown: Bool
  private(set) var count = 0

  init(isShown: Bool) { self.isShown = isShown }

  mutating func note(_ at: UInt64, _ line: String) {
    let text = "\(at) \(line)"
    hasher.update(data: Data((text + "\n").utf8))
    count += 1
    if isShown { print(text) }
  }

  /// 16 hexadecimal digits.
  var digest: String {
    hasher.finalize().prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
