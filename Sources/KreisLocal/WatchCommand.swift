import Dispatch
import Foundation
import KreisCore
import KreisInterchange
import KreisStore
import Synchronization

extension DirectoryCommands {
  /// Rows: `{"watching":true}` once every later commit will be seen, then one per changed record:
  /// `id`, `kind`, `name`, and `time`, when the commit was durable here, in milliseconds since 1970.
  /// Ends when the caller goes.
  func watch(_ call: LocalCall) throws -> Outcome {
    guard daemon != nil else {
      throw CommandError(
        .notNow, "No daemon runs on this state directory, so there is nothing to watch.")
    }
    let news = CommitQueue(store.commits)
    defer { news.cancel() }
    try call.row(["watching": .bool(true)])
    try call.flush()
    while true {
      try call.checkCancelled()
      guard let commit = try news.next(within: 0.25) else { continue }
      for id in commit.records.sorted() {
        let naming = try read { try $0.naming(of: id) }
        try call.row([
          "id": .string(id.description), "kind": naming.map { .string($0.kind.name) } ?? .null,
          "name": naming?.name.map { .string($0) } ?? .null, "time": .number(commit.time),
        ])
      }
      try call.flush()
    }
  }
}

/// Hands commits from the store's stream to a thread that waits for them.
private final class CommitQueue: Sendable {
  struct Item {
    let records: Set<RecordID>
    /// Milliseconds since 1970, as JSON.
    let time: String
  }

  /// Commits that may wait for a caller who reads slowly.
  private static let limit = 1_024

  private let waiting = Mutex<[Item]>([])
  private let signal = DispatchSemaphore(value: 0)
  private let task: Mutex<Task<Void, Never>?> = Mutex(nil)

  init(_ commits: CommitSignal) {
    let stream = commits.subscribe(buffer: 4_096)
    let task = Task { [weak self] in
      for await commit in stream where !commit.records.isEmpty {
        let time = String(format: "%.3f", Date().timeIntervalSince1970 * 1_000)
        self?.add(Item(records: commit.records, time: time))
      }
    }
    self.task.withLock { $0 = task }
  }

  private func add(_ item: Item) {
    waiting.withLock { if $0.count <= Self.limit { $0.append(item) } }
    signal.signal()
  }

  /// The next commit; `nil` if none came in time.
  ///
  /// - Throws: `CommandError` if more wait than may.
  func next(within seconds: Double) throws(CommandError) -> Item? {
    guard signal.wait(timeout: .now() + seconds) == .success else { return nil }
    let (item, isLate) = waiting.withLock { waiting in
      (waiting.isEmpty ? nil : waiting.removeFirst(), waiting.count >= Self.limit)
    }
    guard !isLate else {
      throw CommandError(.notNow, "The changes come faster than they are read; watch again.")
    }
    return item
  }

  func cancel() { task.withLock { $0?.cancel() } }
}
