// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Runs what blocks on a thread of its own: on one of Swift's cooperative pool it would hold up
/// whatever else is to run.
package func onOwnThread<Value: Sendable, Failure: Error>(
  _ body: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
  let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: Result(catching: body)) }
  }
  return try result.get()
}
