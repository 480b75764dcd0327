// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import Synchronization

/// How a town's exchange with its hub stands, for `status`. What waits to be sent, the store says:
/// `Store.unsent()`.
package struct TownStatus: Sendable, Hashable {
  package var link: TownSession.Link = .connecting
  /// How far the way into the next key generation is.
  package var recovery: TownSession.Recovery = .none
  /// When the hub last showed something that verified; seconds since 1970, by this machine's clock.
  package var lastContact: UInt64?
  /// When the hub last said that nothing more waits there, and that was durable here; likewise.
  package var caughtUp: UInt64?
  /// Logs that are not pushed any more until somebody has looked, and why.
  package var stopped: [LogID: String] = [:]
  /// Seconds by which the hub's clock is ahead of this machine's; `nil` before its first answer.
  package var clockOffset: Int64?
  /// Why nothing can be written here now (disk full, permissions); `nil` when all is well.
  package var storeTrouble: String?
  /// Why this version does not show what the others show; `nil` while the hub knows it.
  package var outdated: String?

  package init() {}
}

/// The status as of now, read and written from any thread.
package final class TownStatusBoard: Sendable {
  private let status = Mutex(TownStatus())

  package init() {}

  package var current: TownStatus { status.withLock { $0 } }

  func update(_ change: (inout sending TownStatus) -> Void) { status.withLock { change(&$0) } }

  /// To be told by whoever wrote to the store: the reason why it could not be, or `nil` on success.
  package func noteStore(trouble: String?) { status.withLock { $0.storeTrouble = trouble } }
}
