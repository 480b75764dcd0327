// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore
import Synchronization

/// What a replica holds of one scope, in figures that two replicas can compare.
package struct ScopeDigest: Hashable, Sendable {
  package let scope: Scope
  package var entries = 0
  package var records = 0
  /// Values that are missing although no destruction covers them.
  package var missingValues = 0
  /// The end of the feed; `nil` before its first item, and for `local`.
  package var feed: FeedPosition?
  /// Over all log heads of the scope.
  package var logs: Hash256
  /// Over the folded state of all records.
  package var state: Hash256
}

/// What re-reading and re-computing everything found.
package struct Verification: Sendable {
  package var entriesHashed = 0
  package var recordsFolded = 0
  package var scopes: [ScopeDigest] = []
  /// What is not as it must be, in the order of the sentences. Empty: the replica is sound.
  package var damages: [Damage] = []

  package init() {}

  package var isSound: Bool { damages.isEmpty }
  /// The damages as sentences.
  package var differences: [String] { damages.map(\.finding) }
}

extension Snapshot {
  /// Re-hashes every entry, checks every chain, commitment and signature and the feed hashes, folds
  /// every record anew and compares the directory tables with the result. Reads everything from the
  /// file; believes nothing that was computed before.
  ///
  /// - Parameter progress: called now and then with what is being done and how far it is.
  /// - Throws: `StoreError`, for what is no damage.
  package func verify(
    progress: (_ what: String, _ done: Int) -> Void = { _, _ in }
  ) throws -> Verification {
    var run = VerificationRun(try VerificationPart.all(of: self))
    while let (number, part) = run.next() {
      run.take(try part.look(at: self, run.found), of: number)
      progress(run.progress.what, run.progress.done)
    }
    return run.finished()
  }
}

extension Store {
  /// The same, on all cores: each has a view of its own of one and the same state. What is found
  /// replaces what was noted as damaged before.
  ///
  /// - Throws: `StoreError`, for what is no damage.
  package func verify(
    progress: @escaping @Sendable (_ what: String, _ done: Int) -> Void = { _, _ in }
  ) async throws(StoreError) -> Verification {
    let readers = ProcessInfo.processInfo.activeProcessorCount
    let result: Result<Verification, any Error> = await withCheckedContinuation { continuation in
      let run = SharedVerification(readers, progress) { continuation.resume(returning: $0) }
      // While the writer starts the readers nobody writes, so they see the same.
      database.asyncWriteWithoutTransaction { _ in
        for _ in 0..<readers {
          self.database.spawnConcurrentRead { access in
            run.work { try Snapshot(try access.get(), self) }
          }
        }
      }
    }
    let report = try unwrap(result)
    noteDamages(Set(report.damages))
    return report
  }
}

/// A verification that several readers work on.
private final class SharedVerification: Sendable {
  private struct State {
    var run: VerificationRun?
    var failure: (any Error)?
    var working: Int
  }

  private let state: Mutex<State>
  private let progress: @Sendable (String, Int) -> Void
  private let finish: @Sendable (sending Result<Verification, any Error>) -> Void

  init(
    _ readers: Int, _ progress: @escaping @Sendable (String, Int) -> Void,
    finish: @escaping @Sendable (sending Result<Verification, any Error>) -> Void
  ) {
    state = Mutex(State(working: readers))
    self.progress = progress
    self.finish = finish
  }

  /// Looks at one part after the other until none is left. Blocks.
  func work(_ open: () throws -> Snapshot) {
    do {
      let snapshot = try open()
      while let (number, part, found) = try next(snapshot) {
        let findings = try part.look(at: snapshot, found)
        let news = state.withLock { state in
          state.run?.take(findings, of: number)
          return state.run?.progress
        }
        if let news { progress(news.what, news.done) }
      }
    } catch { state.withLock { $0.failure = $0.failure ?? error } }
    let end: Result<Verification, any Error>? = state.withLock { state in
      state.working -= 1
      guard state.working == 0 else { return nil }
      if let failure = state.failure { return .failure(failure) }
      return .success(state.run?.finished() ?? Verification())
    }
    if let end { finish(end) }
  }

  private func next(
    _ snapshot: Snapshot
  ) throws -> (number: Int, part: VerificationPart, found: Set<Damage>)? {
    try state.withLock { state in
      guard state.failure == nil else { return nil }
      // The first to come says what there is to do: all see the same.
      var run = try state.run ?? VerificationRun(try VerificationPart.all(of: snapshot))
      defer { state.run = run }
      return run.next().map { ($0.number, $0.part, run.found) }
    }
  }
}
