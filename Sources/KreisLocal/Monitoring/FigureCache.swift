// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Synchronization

/// Figures that need a look over the whole directory: made at most every ten minutes, however often
/// somebody asks.
final class FigureCache: Sendable {
  struct Figures: Sendable {
    /// Orders to erase by state, as `erasures` names it.
    var erasures: [String: Int] = [:]
    /// Own records whose confirmation or day of review is over.
    var reviews = 0
    /// Contacts by what `retention` finds.
    var contacts: [String: Int] = [:]
    /// Orders to erase that a member has not confirmed in time, by its name.
    var overdue: [String: Int] = [:]
  }

  private static let age: UInt64 = 600

  private let held = Mutex<(at: UInt64, figures: Figures)?>(nil)

  /// As they were made last, however long ago; `nil` before the first time.
  var latest: Figures? { held.withLock { $0?.figures } }

  /// - Parameter now: seconds since 1970.
  func figures(at now: UInt64, make: () throws -> Figures) rethrows -> Figures {
    if let held = held.withLock({ $0 }), (held.at..<held.at + Self.age).contains(now) {
      return held.figures
    }
    let made = try make()
    held.withLock { $0 = (now, made) }
    return made
  }
}
