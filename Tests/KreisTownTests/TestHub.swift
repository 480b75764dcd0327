// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import KreisTransport
import Logging
import NIOCore
import ServiceLifecycle

@testable import KreisHub

/// A hub with a real store, which can be stopped and started again at the same address.
final class TestHub {
  let store: Store
  let certificate: HubCertificate
  let directory: TestDirectory
  private(set) var port = 0
  private var serving: (group: ServiceGroup, task: Task<Void, any Error>)?

  init() throws {
    directory = try TestDirectory()
    certificate = try HubCertificate.selfSigned(for: "https://127.0.0.1", now: now())
    let (root, key) = (SigningKey(), SigningKey())
    guard let realm = RealmID(VerifyingKey(of: root).bytes), let hub = MemberID(random() >> 17 | 1)
    else { throw CancellationError() }
    store = try Store.createHub(
      at: directory.path + "/hub.sqlite",
      identity: Identity(
        role: .hub, realm: realm, member: hub, generation: 1, name: "hub", title: "Musterkreis",
        ags: "05999", kreis: "Musterkreis", hubURL: "https://127.0.0.1:1",
        hubPin: certificate.keyHash.bytes), key: key,
      certificate: RootCertificate(
        certifying: VerifyingKey(of: key), of: hub, generation: 1, closing: [],
        title: "Musterkreis", ags: "05999", with: root), at: now(), random: random)
  }

  /// Starts to serve, at a free port the first time. With `page`, only that HTML page.
  func start(page: String? = nil) async throws {
    var configuration = HubServerConfiguration(port: port)
    configuration.heartbeat = .seconds(2)
    let (ports, announce) = AsyncStream<Int>.makeStream()
    let clock = HubClock(start: now())
    let server: HubServer
    if let page {
      server = try HubServer(
        configuration: configuration, certificate: certificate, clock: clock, logger: .quiet,
        onReady: { announce.yield($0) },
        handler: { _ in
          Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: page)))
        })
    } else {
      server = try HubServer(
        store: store, configuration: configuration, certificate: certificate, clock: clock,
        logger: .quiet, onReady: { announce.yield($0) })
    }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: .quiet))
    let task = Task {
      defer { announce.finish() }
      try await group.run()
    }
    serving = (group, task)
    guard let bound = await ports.first(where: { _ in true }) else {
      try await task.value
      throw CancellationError()
    }
    port = bound
  }

  func stop() async throws {
    guard let (group, task) = serving.take() else { return }
    await group.triggerGracefulShutdown()
    try await task.value
  }

  func invite(
    _ name: String, at time: UInt64 = now(), pin: Hash256? = nil
  ) throws -> Invite {
    let made = try store.invite(
      name: name, title: name.capitalized, ags: "05999004", lifetime: 3_600, at: time,
      secret: (0..<32).map { _ in .random(in: .min ... .max) })
    return try Invite(
      realm: made.realm, url: "https://127.0.0.1:\(port)",
      trust: .pinnedKey(pin ?? certificate.keyHash), name: name, title: made.title,
      secret: made.secret, expiresAt: made.expiresAt, kreis: made.kreis)
  }
}

/// Runs `body` with a hub that serves.
func withHub(_ body: (TestHub) async throws -> Void) async throws {
  let hub = try TestHub()
  try await hub.start()
  do { try await body(hub) } catch {
    try? await hub.stop()
    throw error
  }
  try await hub.stop()
}

func now() -> UInt64 { UInt64(Date().timeIntervalSince1970) }

@Sendable func random() -> UInt64 { .random(in: .min ... .max) }

extension Logger {
  static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Removed with its content when the last reference goes.
final class TestDirectory: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/kreisnetz-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    chmod(path, 0o700)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
