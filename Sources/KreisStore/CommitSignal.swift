// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
import Synchronization

/// What a durable commit changed.
package struct Commit: Sendable {
  /// Logs of this replica that grew: something to push.
  package let ownLogs: [LogID]
  /// Whether a feed of this hub moved: something to send to followers.
  package let movedFeeds: Bool
  package let records: Set<RecordID>
  /// Those of them of which something may be asked of this member now: `Store.doDuties` and
  /// `Store.doHubDuties` look closer.
  package let concerning: Set<RecordID>
  /// Whether values were destroyed.
  package let destroyed: Bool
}

/// Tells whoever listens of each commit, after it is durable.
package final class CommitSignal: Sendable {
  private struct State {
    var next = 0
    var changes = 0
    var listeners: [Int: AsyncStream<Commit>.Continuation] = [:]
    var observers: [@Sendable (Commit) -> Void] = []
    var sleepers: [Int: AsyncStream<Void>.Continuation] = [:]
  }

  private let state = Mutex(State())

  init() {}

  /// The commits from now on. A listener that falls behind loses the oldest ones: what a commit
  /// tells is where to look, and the store says what is there.
  package func subscribe(buffer: Int = 256) -> AsyncStream<Commit> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Commit.self, bufferingPolicy: .bufferingNewest(buffer))
    let id = state.withLock { state in
      state.next += 1
      state.listeners[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
    }
    return stream
  }

  /// Calls `body` with each commit from now on, before whoever committed goes on: nothing is missed or
  /// late. It must be quick and must not touch the store; it is called as long as the store is open.
  package func observe(_ body: @escaping @Sendable (Commit) -> Void) {
    state.withLock { $0.observers.append(body) }
  }

  /// Yields to `sleeper` after each commit from now on, until its stream ends: for those whom a commit
  /// tells no more than to look, of whom a hub has thousands.
  package func wake(_ sleeper: AsyncStream<Void>.Continuation) {
    let id = state.withLock { state in
      state.next += 1
      state.sleepers[state.next] = sleeper
      return state.next
    }
    sleeper.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.sleepers.removeValue(forKey: id) }
    }
  }

  /// How many commits since the start changed or destroyed what records say: who keeps something
  /// made of them knows by it that it is out of date.
  package var changes: Int { state.withLock { $0.changes } }

  func send(_ commit: Commit) {
    let (listeners, observers, sleepers) = state.withLock { state in
      if !commit.records.isEmpty || commit.destroyed { state.changes += 1 }
      return (Array(state.listeners.values), state.observers, Array(state.sleepers.values))
    }
    for observer in observers { observer(commit) }
    for listener in listeners { listener.yield(commit) }
    for sleeper in sleepers { sleeper.yield() }
  }
}
