// SPDX-License-Identifier: EUPL-1.2

import HummingbirdCore
import KreisCore
import KreisStore
import NIOCore
import Synchronization

/// Tells open pages what happens: server-sent events (WHATWG HTML, section 9.2).
///
///     event: sync       data: STATE TEXT
///     event: changed    data: ids of records with spaces between them, or * for too many
///     event: kreis      data: -      at a hub: the overview may say something else now
///
/// While nobody listens it does nothing.
final class EventHub: Sendable {
  /// Pages that listen at once.
  private static let limit = 64
  /// Ids in one event.
  private static let idLimit = 200
  /// What the daemon knows of the hub makes no event of its own.
  private static let period: Duration = .seconds(2)
  /// Looks after which the overview is out of date, whatever happened: it says since when.
  private static let minute = 30

  private struct State {
    var next = 0
    var isStopped = false
    var listeners: [Int: Listener] = [:]
    var light: SyncLight?
    /// A commit came since the last look.
    var isMoved = false
    var looks = 0
    var tasks: [Task<Void, Never>] = []
  }

  private struct Listener {
    let continuation: AsyncStream<String>.Continuation
    /// Whether whoever listens may still.
    let isWelcome: @Sendable () -> Bool
  }

  private let state = Mutex(State())
  private let commits: CommitSignal
  private let isHub: Bool
  private let light: @Sendable () async -> SyncLight?

  /// - Parameter light: how the exchange stands now.
  init(
    _ commits: CommitSignal, isHub: Bool, light: @escaping @Sendable () async -> SyncLight?
  ) {
    (self.commits, self.isHub, self.light) = (commits, isHub, light)
  }

  /// The events from now on; `nil` if too many listen already.
  ///
  /// - Parameter isWelcome: asked from time to time; with false the stream ends.
  func subscribe(while isWelcome: @escaping @Sendable () -> Bool) -> EventStream? {
    let (stream, continuation) = AsyncStream.makeStream(
      of: String.self, bufferingPolicy: .bufferingNewest(256))
    let isTaken = state.withLock { state -> Bool in
      guard !state.isStopped, state.listeners.count < Self.limit else { return false }
      let id = state.next
      state.next += 1
      state.listeners[id] = Listener(continuation: continuation, isWelcome: isWelcome)
      continuation.onTermination = { [weak self] _ in self?.remove(id) }
      // What is missed while a page reconnects, it asks for itself.
      continuation.yield("retry: 2000\n\n")
      if let light = state.light { continuation.yield(Self.event(light)) }
      if state.tasks.isEmpty { state.tasks = [watchCommits(), watchLight()] }
      return true
    }
    return isTaken ? EventStream(events: stream) : nil
  }

  private func remove(_ id: Int) {
    let tasks = state.withLock { state -> [Task<Void, Never>] in
      state.listeners[id] = nil
      guard state.listeners.isEmpty else { return [] }
      defer { (state.tasks, state.light) = ([], nil) }
      return state.tasks
    }
    for task in tasks { task.cancel() }
  }

  /// Ends all streams.
  func stop() {
    let listeners = state.withLock { state in
      state.isStopped = true
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.continuation.finish() }
  }

  private func send(_ event: String) {
    for listener in state.withLock({ Array($0.listeners.values) }) {
      listener.continuation.yield(event)
    }
  }

  private static func event(_ light: SyncLight) -> String {
    "event: sync\ndata: \(light.state.rawValue) \(light.text.replacing("\n", with: " "))\n\n"
  }

  private func watchCommits() -> Task<Void, Never> {
    let stream = commits.subscribe(buffer: 4_096)
    return Task { [weak self] in
      for await commit in stream {
        // A statement of a member changes no record.
        self?.state.withLock { $0.isMoved = true }
        guard !commit.records.isEmpty else { continue }
        let ids = commit.records.map(\.description)
        let data = ids.count > Self.idLimit ? "*" : ids.joined(separator: " ")
        self?.send("event: changed\ndata: \(data)\n\n")
      }
    }
  }

  private func watchLight() -> Task<Void, Never> {
    Task { [weak self] in
      while !Task.isCancelled, let self {
        await look()
        try? await Task.sleep(for: Self.period)
      }
    }
  }

  private func look() async {
    let listeners = state.withLock { Array($0.listeners.values) }
    await onOwnThread {
      for listener in listeners where !listener.isWelcome() { listener.continuation.finish() }
    }
    guard let light = await light() else { return }
    let (isNew, isMoved) = state.withLock { state in
      let isNew = state.light != light
      state.looks += 1
      let isMoved = isNew || state.isMoved || state.looks % Self.minute == 0
      (state.light, state.isMoved) = (light, false)
      return (isNew, isMoved)
    }
    // A comment finds those that have gone.
    send(isNew ? Self.event(light) : ":\n\n")
    if isHub, isMoved { send("event: kreis\ndata: -\n\n") }
  }
}

/// One page's events as the body of an answer.
struct EventStream: Sendable {
  let events: AsyncStream<String>

  var body: ResponseBody {
    ResponseBody { writer in
      for await event in events { try await writer.write(ByteBuffer(string: event)) }
      try await writer.finish(nil)
    }
  }
}
