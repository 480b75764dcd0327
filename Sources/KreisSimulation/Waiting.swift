// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Synchronization

/// What an asynchronous operation came to.
final class Outcome<T: Sendable>: Sendable {
  private let result = Mutex<Result<T, any Error>?>(nil)

  func set(_ value: Result<T, any Error>) { result.withLock { $0 = value } }
  func get() -> Result<T, any Error>? { result.withLock { $0 } }
}

/// Runs an asynchronous operation of the store to its end: the simulation has one thread, and one
/// operation at a time, so what runs on the database's own queues is in order.
///
/// - Throws: what the operation throws.
func waiting<T: Sendable>(
  for operation: @escaping @Sendable () async throws -> T
) throws -> T {
  let outcome = Outcome<T>()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    do { outcome.set(.success(try await operation())) } catch { outcome.set(.failure(error)) }
    done.signal()
  }
  done.wait()
  guard let result = outcome.get() else { preconditionFailure("an operation without an outcome") }
  return try result.get()
}
