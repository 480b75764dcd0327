// SPDX-License-Identifier: EUPL-1.2

import Foundation
import HummingbirdCore
import KreisCore
import KreisTransport
import Logging
import ServiceLifecycle

@testable import KreisHub

/// A server on a free port of 127.0.0.1, and a client that pins its key.
struct RunningServer: Sendable {
  let port: Int
  let certificate: HubCertificate
  let client: CurlTransport
  private let group: ServiceGroup
  private let serving: Task<Void, any Error>

  /// Runs `body` with a server, and stops both afterwards.
  static func with(
    _ configuration: HubServerConfiguration = .testing(), handler: @escaping HubServer.Handler,
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    try await with(
      { certificate, onReady in
        try HubServer(
          configuration: configuration, certificate: certificate, clock: .system, logger: .quiet,
          onReady: onReady, handler: handler)
      }, body)
  }

  static func with(
    _ make: (HubCertificate, @escaping @Sendable (Int) -> Void) throws -> HubServer,
    _ body: (RunningServer) async throws -> Void
  ) async throws {
    let certificate = try HubCertificate.selfSigned(
      for: "https://127.0.0.1", now: UInt64(Date().timeIntervalSince1970))
    let (ports, port) = AsyncStream<Int>.makeStream()
    let server = try make(certificate) { port.yield($0) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: .quiet))
    let serving = Task {
      defer { port.finish() }
      try await group.run()
    }
    guard let bound = await ports.first(where: { _ in true }) else {
      try await serving.value
      throw CancellationError()
    }
    let running = RunningServer(
      port: bound, certificate: certificate,
      client: try CurlTransport(
        endpoint: HubEndpoint(
          url: "https://127.0.0.1:\(bound)", trust: .pinned(sha256: certificate.keyHash.bytes),
          proxy: .none)), group: group, serving: serving)
    do {
      try await body(running)
      await running.client.shutdown()
      try await running.stop()
    } catch {
      await running.client.shutdown()
      _ = try? await running.stop()
      throw error
    }
  }

  /// Stops gracefully, and returns how long that took.
  @discardableResult
  func stop() async throws -> Duration {
    let start = ContinuousClock.now
    await group.triggerGracefulShutdown()
    try await serving.value
    return ContinuousClock.now - start
  }
}

extension HubServerConfiguration {
  static func testing(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self(port: 0)
    change(&configuration)
    return configuration
  }
}

extension HubClock {
  static var system: HubClock { HubClock(start: UInt64(Date().timeIntervalSince1970)) }
}

extension Logger {
  static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
