// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisStore
import Synchronization

/// The words and references of all records that are shown, in memory: for search, and for what belongs
/// to a record. Made when first asked for, by threads of its own, and kept up to date with each commit.
///
/// Whoever asks sees the directory as of then or later, or is told that it is not ready: never a part of
/// it.
final class DirectoryIndex: Sendable {
  private enum Stage {
    case absent
    case building(IndexBuild)
    /// What changed since it was last brought up to date.
    case ready(changed: Set<RecordID>)
  }

  /// Records that whoever asks looks at himself; more are looked at by a thread of their own.
  private static let ownLimit = 200
  /// After more all are read anew, which is quicker.
  private static let limit = 20_000

  private let stage = Mutex(Stage.absent)
  private let isObserving = Mutex(false)
  private let content = Mutex(IndexContent())

  /// Has the index made, if it is not; does not wait for it.
  func prepare(of store: Store) {
    observe(store)
    content.withLock { content in _ = next(of: store, &content) }
  }

  /// Runs `body` on the index as of now, or later.
  ///
  /// - Parameter deadline: until when it is waited for.
  /// - Throws: `CommandError` with the rejection `unread` if it is not ready by then, and what `body`
  ///   throws.
  func use<T: Sendable>(
    of store: Store, until deadline: DispatchTime, _ body: (IndexContent) throws -> T
  ) throws -> T {
    observe(store)
    while true {
      let (build, result) = try content.withLock { content -> (IndexBuild?, T?) in
        if let build = next(of: store, &content) { return (build, nil) }
        return (nil, try body(content))
      }
      if let result { return result }
      try build?.wait(until: deadline)
    }
  }

  /// Brings the content up to date; called while it is locked.
  ///
  /// - Returns: the build that is to be waited for; `nil`: it is up to date.
  private func next(of store: Store, _ content: inout IndexContent) -> IndexBuild? {
    let (build, changed) = stage.withLock { stage -> (IndexBuild?, Set<RecordID>) in
      switch stage {
      case .absent:
        let build = IndexBuild(store)
        stage = .building(build)
        return (build, [])
      case .building(let build): return (build, [])
      case .ready(let changed):
        guard changed.count > Self.ownLimit else {
          stage = .ready(changed: [])
          return (nil, changed)
        }
        let build = IndexBuild(store, resuming: content, with: changed)
        stage = .building(build)
        return (build, [])
      }
    }
    if let build {
      begin(build, &content)
      return build
    }
    guard !changed.isEmpty else { return nil }
    do {
      try store.blockingRead { snapshot in
        for id in changed { content.replace(id, with: try snapshot.shownRecord(id)) }
      }
      return nil
    } catch {
      // What was read is not known; all is read anew.
      stage.withLock { $0 = .absent }
      return next(of: store, &content)
    }
  }

  private func begin(_ build: IndexBuild, _ content: inout IndexContent) {
    guard build.begins() else { return }
    // The build has it, or reads all anew: two of them need not fit into memory.
    content = IndexContent()
    Thread.detachNewThread { [weak self] in
      let made = build.run()
      guard let self else { return build.end() }
      self.content.withLock { content in
        self.stage.withLock { stage in
          guard let made else {
            stage = .absent
            return
          }
          content = made
          stage = .ready(changed: build.takeChanged())
        }
      }
      build.end()
    }
  }

  private func observe(_ store: Store) {
    let begins = isObserving.withLock { isObserving in
      defer { isObserving = true }
      return !isObserving
    }
    if begins { store.commits.observe { [weak self] in self?.note($0) } }
  }

  private func note(_ commit: Commit) {
    guard !commit.records.isEmpty else { return }
    stage.withLock { stage in
      switch stage {
      case .absent: break
      case .building(let build): build.note(commit.records)
      case .ready(var changed):
        stage = .absent
        changed.formUnion(commit.records)
        if changed.count <= Self.limit { stage = .ready(changed: changed) }
      }
    }
  }
}
