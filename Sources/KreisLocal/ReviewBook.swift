// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisStore
import Synchronization

/// The probable duplicates, kept: to find them all records are compared, by a thread of its own, when
/// somebody asks and the directory is another than it was.
final class ReviewBook: Sendable {
  struct Pair: Sendable {
    let pair: DuplicatePair
    /// Whether this member keeps one of both.
    let isOwn: Bool
  }

  struct Findings: Sendable {
    /// The most probable first.
    let pairs: [Pair]
    /// When the directory was as it is compared here, in seconds since 1970.
    let at: UInt64
    /// Whether nothing changed since.
    let isCurrent: Bool
  }

  private struct State {
    var held: (pairs: [Pair], at: UInt64, changes: Int)?
    var running: DispatchGroup?
    var failure: CommandError?
    /// When it may begin again, and how long it took.
    var next = DispatchTime.now()
    var duration: Duration = .zero
  }

  /// Whoever asks waits for what is made as quickly, and for the first.
  private static let patience: Duration = .milliseconds(400)
  /// By how much longer it rests than it works.
  private static let rest = 4

  private let state = Mutex(State())

  /// What was found last; `nil`: it is being looked for the first time.
  ///
  /// - Parameter make: compares all records of one snapshot; runs on another thread.
  /// - Throws: `CommandError` if it failed and nothing is held.
  func findings(
    of store: Store, at now: UInt64, make: @escaping @Sendable () throws -> [Pair]
  ) throws(CommandError) -> Findings? {
    let changes = store.commits.changes
    let (running, isQuick) = state.withLock { state -> (DispatchGroup?, Bool) in
      guard state.held?.changes != changes else { return (nil, true) }
      let isQuick = state.held == nil || state.duration < Self.patience
      // While one change follows the other it must not work without a rest.
      if state.running == nil, isQuick || DispatchTime.now() >= state.next {
        state.running = begin(at: now, changes, make)
      }
      return (state.running, isQuick)
    }
    if isQuick { _ = running?.wait(timeout: .now() + .milliseconds(400)) }
    let (held, failure) = state.withLock { ($0.held, $0.failure) }
    if let held {
      return Findings(pairs: held.pairs, at: held.at, isCurrent: held.changes == changes)
    }
    if let failure { throw failure }
    return nil
  }

  private func begin(
    at now: UInt64, _ changes: Int, _ make: @escaping @Sendable () throws -> [Pair]
  ) -> DispatchGroup {
    let group = DispatchGroup()
    group.enter()
    Thread.detachNewThread { [weak self] in
      let clock = ContinuousClock()
      let start = clock.now
      let result = Result { try make() }
      let duration = clock.now - start
      self?.state.withLock { state in
        switch result {
        case .success(let pairs): (state.held, state.failure) = ((pairs, now, changes), nil)
        case .failure(let error): state.failure = CommandError(error)
        }
        state.duration = duration
        let seconds =
          Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        state.next = .now() + seconds * Double(Self.rest)
        state.running = nil
      }
      group.leave()
    }
    return group
  }
}
