// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisStore
import Synchronization

/// The making of an index, on threads of its own: one reads the records of one snapshot, the others
/// find their words.
final class IndexBuild: Sendable {
  private struct State {
    var hasBegun = false
    /// What the build goes on with; `nil`: it reads all.
    var content: IndexContent?
    /// What was committed since the snapshot that is read.
    var changed: Set<RecordID>
    var failure: CommandError?
  }

  /// Records that one thread takes at once.
  private static let slice = 2_000
  /// Records that are looked at in one snapshot.
  private static let portion = 500

  private let store: Store
  private let state: Mutex<State>
  private let done = DispatchGroup()

  /// - Parameters:
  ///   - content: that is brought up to date; `nil`: all is read.
  ///   - changed: what of it is out of date.
  init(_ store: Store, resuming content: IndexContent? = nil, with changed: Set<RecordID> = []) {
    self.store = store
    state = Mutex(State(content: content, changed: changed))
    done.enter()
  }

  /// Whether the caller is the first, who runs it.
  func begins() -> Bool {
    state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
  }

  func note(_ records: Set<RecordID>) { state.withLock { $0.changed.formUnion(records) } }

  func takeChanged() -> Set<RecordID> {
    state.withLock { state in
      defer { state.changed = [] }
      return state.changed
    }
  }

  /// Waits until it has ended.
  ///
  /// - Throws: `CommandError`: it lasts longer, or it failed.
  func wait(until deadline: DispatchTime) throws(CommandError) {
    guard done.wait(timeout: deadline) == .success else {
      throw CommandError(
        .notNow, "The directory is still being read for search. Try again in some seconds.",
        .unread)
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  func end() { done.leave() }

  /// - Returns: `nil` if it failed, which those who wait learn.
  func run() -> IndexContent? {
    do {
      var content = try take() ?? readAll()
      // What is committed meanwhile is few, or many that take long: each round has less.
      while true {
        let changed = Array(takeChanged())
        guard !changed.isEmpty else { return content }
        for start in stride(from: 0, to: changed.count, by: Self.portion) {
          let portion = changed[start..<min(start + Self.portion, changed.count)]
          try store.blockingRead { snapshot in
            for id in portion { content.replace(id, with: try snapshot.shownRecord(id)) }
          }
        }
      }
    } catch {
      state.withLock { $0.failure = CommandError(error) }
      return nil
    }
  }

  private func take() -> IndexContent? {
    state.withLock { state in
      defer { state.content = nil }
      return state.content
    }
  }

  private func readAll() throws -> IndexContent {
    let workers = IndexWorkers()
    var slice: [ShownRecord] = []
    slice.reserveCapacity(Self.slice)
    do {
      try store.blockingRead { snapshot in
        try snapshot.visitRecords(shown: { record in
          slice.append(record)
          guard slice.count == Self.slice else { return }
          workers.add(slice)
          slice.removeAll(keepingCapacity: true)
        })
      }
    } catch {
      _ = workers.finish()
      throw error
    }
    workers.add(slice)
    return workers.finish()
  }
}

/// Threads that turn records into parts of an index and join them.
private final class IndexWorkers: Sendable {
  private struct State {
    var slices: [[ShownRecord]] = []
  }

  private let state = Mutex(State())
  private let joined = Mutex(IndexContent())
  /// Slices that wait, and room for more: the reader must not run ahead of memory.
  private let waiting = DispatchSemaphore(value: 0)
  private let room: DispatchSemaphore
  private let running = DispatchGroup()
  private let count: Int

  init() {
    // Reading takes a ninth of the time that finding words does: it needs no processor of its own.
    count = min(ProcessInfo.processInfo.activeProcessorCount, 6)
    room = DispatchSemaphore(value: max(2, count))
    for _ in 0..<count {
      running.enter()
      Thread.detachNewThread { self.work() }
    }
  }

  func add(_ slice: [ShownRecord]) {
    room.wait()
    state.withLock { $0.slices.append(slice) }
    waiting.signal()
  }

  func finish() -> IndexContent {
    for _ in 0..<count { waiting.signal() }
    running.wait()
    return joined.withLock { content in
      content.sort()
      return content
    }
  }

  private func work() {
    while true {
      waiting.wait()
      guard let slice = state.withLock({ $0.slices.popLast() }) else { break }
      let part = IndexContent(slice)
      joined.withLock { $0.join(part) }
      room.signal()
    }
    running.leave()
  }
}
