// SPDX-License-Identifier: EUPL-1.2

import Synchronization

/// The content of a stream between the thread that receives it and the task that reads it.
///
/// It holds little: when `capacity` is reached the transfer pauses until the reader has taken all.
final class StreamPipe: Sendable {
  private typealias Piece = Result<[UInt8]?, TransportError>

  private struct State {
    var bytes: [UInt8] = []
    var isPaused = false
    /// Set once: how the stream ended.
    var end: Piece?
    var reader: CheckedContinuation<Piece, Never>?
  }

  /// So many bytes are read ahead, and at most one piece of curl's (16 KiB) more.
  static let capacity = 64 << 10

  private let id: UInt
  private let mailbox: CurlMailbox
  private let state = Mutex(State())

  init(id: UInt, mailbox: CurlMailbox) {
    self.id = id
    self.mailbox = mailbox
  }

  // MARK: The thread's side

  enum Acceptance {
    case taken
    /// Not taken: offer the bytes again after `CurlMailbox.Command.resume`.
    case full
    /// Not taken: nobody reads any more.
    case closed
  }

  func offer(_ bytes: UnsafeRawBufferPointer) -> Acceptance {
    state.withLock { state in
      guard state.end == nil else { return .closed }
      if let reader = state.reader.take() {
        reader.resume(returning: .success([UInt8](bytes)))
        return .taken
      }
      guard state.bytes.count < Self.capacity else {
        state.isPaused = true
        return .full
      }
      state.bytes.append(contentsOf: bytes)
      return .taken
    }
  }

  /// Ends the stream, with what it holds still to be read; nil is its regular end.
  func finish(_ error: TransportError?) {
    state.withLock { state in
      guard state.end == nil else { return }
      let end: Piece = error.map { .failure($0) } ?? .success(nil)
      state.end = end
      state.reader.take()?.resume(returning: end)
    }
  }

  // MARK: The reader's side

  func next() async throws(TransportError) -> [UInt8]? {
    let piece = await withTaskCancellationHandler {
      await withCheckedContinuation { reader in read(into: reader) }
    } onCancel: {
      cancel()
    }
    return try piece.get()
  }

  private func read(into reader: CheckedContinuation<Piece, Never>) {
    let resumes = state.withLock { state in
      precondition(state.reader == nil, "a stream has one reader")
      if !state.bytes.isEmpty {
        reader.resume(returning: .success(state.bytes))
        state.bytes = []
      } else if let end = state.end {
        reader.resume(returning: end)
      } else {
        state.reader = reader
      }
      let resumes = state.isPaused
      state.isPaused = false
      return resumes
    }
    if resumes { _ = mailbox.post(.resume(id)) }
  }

  func cancel() {
    state.withLock { state in
      guard state.end == nil else { return }
      state.end = .failure(.cancelled)
      state.bytes = []
      state.reader.take()?.resume(returning: .failure(.cancelled))
    }
    // When the mailbox is closed the thread ends the transfer anyway.
    _ = mailbox.post(.cancel(id))
  }
}
