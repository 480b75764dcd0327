// SPDX-License-Identifier: EUPL-1.2

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
        try call.row(try read { try event(id, at: commit.time, $0) })
      }
      try call.flush()
    }
  }
}

extension DirectoryCommands {
  /// Of a change request and what was said to it besides: `request` (its id), `status`, `concerns`,
  /// `subject`.
  private func event(_ id: RecordID, at time: String, _ snapshot: Snapshot) throws -> JSONValue {
    let naming = try snapshot.naming(of: id)
    var members: [JSONValue.Member] = [
      .init("id", .string(id.description)),
      .init("kind", naming.map { .string($0.kind.name) } ?? .null),
      .init("name", naming?.name.map { .string($0) } ?? .null), .init("time", .number(time)),
    ]
    let kinds = [RecordKind.changeRequest, RecordKind.requestAnswer]
    if let kind = naming?.kind, kinds.contains(kind), let state = try snapshot.state(of: id) {
      let request = RequestAnswer(state)?.request ?? id
      let known = try snapshot.changeRequests().first { $0.request.id == request }
      members += [
        .init("request", .string(request.description)),
        .init("status", known.map { .string($0.status.rawValue) } ?? .null),
        .init("concerns", known?.concerns.map { .string($0.rawValue) } ?? .null),
        .init("subject", known.map { .string($0.request.subject.description) } ?? .null),
      ]
    }
    return .object(members)
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
