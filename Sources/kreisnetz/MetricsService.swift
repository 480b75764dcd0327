// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisLocal
import KreisMonitor
import KreisService
import Logging
import NIOCore
import ServiceLifecycle

/// Shows a daemon's metrics where its settings say.
struct MetricsService: Service {
  private let server: MetricsServer
  private let place: String

  init(_ listen: ListenSetting, _ executor: CommandExecutor, _ logger: Logger) {
    place = "\(listen.address), port \(listen.port)"
    server = MetricsServer(
      address: listen.address, port: Int(listen.port), logger: logger,
      onReady: { logger.notice("metrics are shown", metadata: ["port": "\($0)"]) },
      read: { MetricFamily.exposition(try executor.metrics()) })
  }

  func run() async throws {
    do { try await server.run() } catch let error as IOError {
      throw CommandError(
        .notNow,
        "The metrics cannot be shown on \(place): \(String(cString: strerror(error.errnoCode))). "
          + "Another program may use the port; see metrics_listen.")
    }
  }
}
