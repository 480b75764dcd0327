// SPDX-License-Identifier: EUPL-1.2

import KreisLocal
import KreisStore
import Logging
import ServiceLifecycle

/// Notes from time to time how far a hub's towns are, for the overview in its console.
struct MeasuringService: Service {
  let executor: CommandExecutor
  let logger: Logger

  private static let interval: Duration = .seconds(600)

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while true {
        let failure = await onOwnThread { [executor] in Self.measure(executor) }
        if let failure {
          logger.warning(
            "how far the towns are could not be noted", metadata: ["reason": "\(failure)"])
        }
        try await Task.sleep(for: Self.interval)
      }
    }
  }

  private static func measure(_ executor: CommandExecutor) -> CommandError? {
    var failure: CommandError?
    executor.run(
      LocalCall(
        LocalRequest("measure"),
        reply: { reply in if case .failure(let error) = reply { failure = error } }))
    return failure
  }
}
