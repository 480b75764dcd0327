// SPDX-License-Identifier: EUPL-1.2

import CCurl
import Synchronization

/// A request on its way to the thread, with where its answer goes.
struct CurlJob: Sendable {
  /// Where the answer goes; resumed exactly once, by the thread or by `refuse`.
  enum Answer: Sendable {
    case whole(CheckedContinuation<Result<ClientResponse, TransportError>, Never>)
    case stream(CheckedContinuation<Result<OpenedStream, TransportError>, Never>)
  }

  /// An answer whose content is still to come.
  struct OpenedStream: Sendable {
    let status: Int
    let fields: HeaderFields
    let pipe: StreamPipe
  }

  /// Whether the task was cancelled, maybe before the thread knew of the request.
  final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isRequested: Bool { flag.load(ordering: .sequentiallyConsistent) }

    func request() { flag.store(true, ordering: .sequentiallyConsistent) }
  }

  let id: UInt
  let request: ClientRequest
  let cancellation: Cancellation
  let answer: Answer

  func refuse(_ error: TransportError) {
    switch answer {
    case .whole(let continuation): continuation.resume(returning: .failure(error))
    case .stream(let continuation): continuation.resume(returning: .failure(error))
    }
  }
}

/// What tasks tell the transport's thread. Once closed it takes nothing more.
final class CurlMailbox: Sendable {
  enum Command: Sendable {
    case start(CurlJob)
    case cancel(UInt)
    /// The reader of a paused stream asks for more.
    case resume(UInt)
  }

  private struct State {
    var commands: [Command] = []
    var isOpen = true
    var hasEnded = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// Used by the thread alone, except for `curl_multi_wakeup`, which any thread may call. That
  /// happens only under the lock while the mailbox is open, and the thread frees the handle only
  /// after it saw the mailbox closed.
  nonisolated(unsafe) let multi: UnsafeMutableRawPointer
  private let state = Mutex(State())

  init(multi: UnsafeMutableRawPointer) {
    self.multi = multi
  }

  /// Queues a command and wakes the thread; false when the mailbox is closed.
  func post(_ command: Command) -> Bool {
    state.withLock { state in
      guard state.isOpen else { return false }
      state.commands.append(command)
      // One wake-up is enough for all that the thread finds when it looks.
      if state.commands.count == 1 { curl_multi_wakeup(multi) }
      return true
    }
  }

  /// Takes what was posted; `isOpen` is false when the thread has to end.
  func take() -> (commands: [Command], isOpen: Bool) {
    state.withLock { state in
      let commands = state.commands
      state.commands = []
      return (commands, state.isOpen)
    }
  }

  func close() {
    state.withLock { state in
      guard state.isOpen else { return }
      state.isOpen = false
      curl_multi_wakeup(multi)
    }
  }

  func closeAndWait() async {
    close()
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.waiters.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  /// The thread is gone.
  func ended() {
    let waiters = state.withLock { state in
      state.hasEnded = true
      let waiters = state.waiters
      state.waiters = []
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
