// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// Why nothing can be written at the hub now (disk full, permissions), for its `status`.
package final class StoreTrouble: Sendable {
  private let text = Mutex<String?>(nil)

  /// `nil` when all is well.
  package var current: String? { text.withLock { $0 } }

  /// Takes the reason why something could not be written, or `nil` on success.
  package func note(_ trouble: String?) { text.withLock { $0 = trouble } }
}
