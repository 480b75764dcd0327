// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import NIOCore
import Synchronization

/// Which members follow this hub now, and until when others did, since the daemon started. It is what the
/// connections say, for people to look at: nothing is decided by it.
package final class Presence: Sendable {
  package enum State: Hashable, Sendable {
    case here
    /// Seconds since 1970.
    case gone(since: UInt64)
  }

  private struct Place {
    var open = 0
    /// When the last connection ended.
    var left: UInt64 = 0
    var isPolling = false
  }

  /// Who polls is gone between two answers, for no longer than this many seconds.
  private static let pollPause: UInt64 = 120

  private let places = Mutex<[MemberID: Place]>([:])
  private let clock: HubClock

  init(_ clock: HubClock) { self.clock = clock }

  /// Of those that were here since the start.
  package var states: [MemberID: State] {
    let now = clock.now
    return places.withLock { places in
      places.mapValues { place in
        let isBetween = place.isPolling && now < place.left + Self.pollPause
        return place.open > 0 || isBetween ? .here : .gone(since: place.left)
      }
    }
  }

  func visit(_ member: MemberID, over channel: any Channel, isPolling: Bool) -> Visit {
    places.withLock { places in
      places[member, default: Place()].open += 1
      places[member]?.isPolling = isPolling
    }
    let visit = Visit(self, member)
    // A stream waits for news: that its reader is gone shows at the connection first.
    channel.closeFuture.whenComplete { [weak visit] _ in visit?.end() }
    return visit
  }

  /// Ends with its connection, or its last reference.
  final class Visit: Sendable {
    private let presence: Presence
    private let member: MemberID
    private let isOver = Mutex(false)

    fileprivate init(_ presence: Presence, _ member: MemberID) {
      (self.presence, self.member) = (presence, member)
    }

    deinit { end() }

    fileprivate func end() {
      let wasOver = isOver.withLock { isOver in
        defer { isOver = true }
        return isOver
      }
      guard !wasOver else { return }
      let now = presence.clock.now
      presence.places.withLock { places in
        places[member]?.open -= 1
        places[member]?.left = now
      }
    }
  }
}
