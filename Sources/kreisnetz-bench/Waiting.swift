// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Synchronization

/// Asks every two milliseconds until `condition` holds.
///
/// - Throws: `BenchFailure` after so many seconds.
func waitUntil(_ what: String, seconds: Double, _ condition: () throws -> Bool) throws {
  let deadline = monotonicSeconds() + seconds
  while try !condition() {
    guard monotonicSeconds() < deadline else {
      throw BenchFailure("Waited \(Int(seconds)) s for: \(what)")
    }
    usleep(2_000)
  }
}

/// Waits on the main thread, which is no thread of the cooperative pool, for what is asynchronous.
func waitFor<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
  let answer = Answer<T>()
  Task {
    do { answer.set(.success(try await body())) } catch { answer.set(.failure(error)) }
  }
  return try answer.wait().get()
}

private final class Answer<T: Sendable>: Sendable {
  private let result = Mutex<Result<T, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  func set(_ result: Result<T, any Error>) {
    self.result.withLock { $0 = result }
    done.signal()
  }

  func wait() -> Result<T, any Error> {
    done.wait()
    return result.withLock { $0 } ?? .failure(CancellationError())
  }
}
