// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// When an action of the exchange last got on: the hub answered or sent something, or something became
/// durable. Every single wait of an action has its deadline, so one that does not get on for longer than
/// the longest of them hangs.
final class Progress: Sendable {
  @TaskLocal static var ofAction: Progress?

  /// Longer than `HubClient` waits for the whole of one answer.
  static let limit: Duration = .seconds(420)

  let action: String
  // Time in which the machine slept does not count.
  private let last = Mutex(SuspendingClock.now)

  init(_ action: String) { self.action = action }

  /// The action of this task got on.
  static func note() { ofAction?.last.withLock { $0 = .now } }

  func isOlder(than limit: Duration) -> Bool {
    last.withLock { $0.duration(to: .now) } > limit
  }
}

/// An action of the exchange hangs.
package struct ExchangeStalled: Error, CustomStringConvertible {
  let action: String

  package var description: String { "the exchange with the hub hangs in: \(action)" }
}
