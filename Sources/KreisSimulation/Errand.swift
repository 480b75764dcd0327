// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import KreisTransport
import Synchronization

/// Asynchronous code of the daemon on the simulation's one thread.
///
/// It runs until it wants something from the network, or ends; the simulation's thread waits
/// meanwhile. So never more than one thing happens at a time, and a seed decides the order of all.
final class Errands: Sendable {
  /// What an errand waits for.
  enum Wish: Sendable {
    case send(ClientRequest, Reply<ClientResponse>)
    case open(ClientRequest, Reply<StreamingResponse>)
    /// The next piece of the answer that it opened.
    case next(Reply<[UInt8]?>)

    /// Nothing comes of it.
    func fail(_ error: TransportError) {
      switch self {
      case .send(_, let reply): reply.resume(returning: .failure(error))
      case .open(_, let reply): reply.resume(returning: .failure(error))
      case .next(let reply): reply.resume(returning: .failure(error))
      }
    }
  }

  typealias Reply<T: Sendable> = CheckedContinuation<Result<T, TransportError>, Never>

  private let wish = Mutex<Wish?>(nil)
  private let turn = DispatchSemaphore(value: 0)

  /// Called by an errand: it waits, and the simulation goes on.
  fileprivate func post(_ wish: Wish?) {
    self.wish.withLock { $0 = wish }
    turn.signal()
  }

  /// Called by the simulation: waits for the one errand that runs.
  ///
  /// - Returns: what it waits for; `nil`: it has ended.
  fileprivate func wait() -> Wish? {
    turn.wait()
    return wish.withLock { wish in
      defer { wish = nil }
      return wish
    }
  }

  /// An answer that goes on.
  func stream(status: Int, fields: HeaderFields) -> StreamingResponse {
    StreamingResponse(
      status: status, fields: fields,
      next: { [self] () async throws(TransportError) in
        try await withCheckedContinuation { post(.next($0)) }.get()
      }, cancel: {})
  }
}

/// How the daemon's code asks the simulation's network.
struct SimulatedTransport: Transport {
  let errands: Errands

  func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    try await withCheckedContinuation { errands.post(.send(request, $0)) }.get()
  }

  func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    try await withCheckedContinuation { errands.post(.open(request, $0)) }.get()
  }
}

/// One thing that a daemon does.
final class Errand<T: Sendable> {
  private let errands: Errands
  private let outcome = Outcome<T>()
  private let serve: (Errand<T>, Errands.Wish) throws -> Void
  private let then: (Result<T, any Error>) throws -> Void

  /// - Parameters:
  ///   - serve: takes what the errand waits for; it answers, now or later, by `go`.
  ///   - then: takes what came of it.
  init(
    _ errands: Errands, serve: @escaping (Errand<T>, Errands.Wish) throws -> Void,
    then: @escaping (Result<T, any Error>) throws -> Void
  ) {
    self.errands = errands
    self.serve = serve
    self.then = then
  }

  func start(_ operation: @escaping @Sendable () async throws -> T) throws {
    let (errands, outcome) = (errands, outcome)
    try go {
      Task.detached {
        do { outcome.set(.success(try await operation())) } catch { outcome.set(.failure(error)) }
        errands.post(nil)
      }
    }
  }

  /// Lets it run on until it wants something again.
  ///
  /// - Parameter answer: what it waited for.
  func go(_ answer: () -> Void) throws {
    answer()
    if let wish = errands.wait() { return try serve(self, wish) }
    guard let result = outcome.get() else {
      preconditionFailure("an errand without an outcome")
    }
    try then(result)
  }
}
