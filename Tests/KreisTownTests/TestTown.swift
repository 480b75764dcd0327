// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTown
import KreisTransport
import Logging
import ServiceLifecycle
import Testing

/// A town with a real store, and its daemon.
final class TestTown {
  let directory: TestDirectory
  let store: Store
  let daemon: TownDaemon
  /// What the daemon logs: message and reason.
  let log: AsyncStream<String>
  private let transport: CurlTransport
  private let group: ServiceGroup
  private var running: Task<Void, any Error>?

  static func transport(_ invite: Invite) throws -> CurlTransport {
    guard case .pinnedKey(let hash) = invite.trust else { throw CancellationError() }
    return try CurlTransport(
      endpoint: HubEndpoint(url: invite.url, trust: .pinned(sha256: hash.bytes), proxy: .none))
  }

  /// Joins.
  convenience init(
    _ invite: Invite, in directory: TestDirectory? = nil, recording: TrafficRecorder? = nil
  ) async throws {
    let directory = try directory ?? TestDirectory()
    let transport = try Self.transport(invite)
    _ = try await TownJoin.join(
      invite.text(), state: directory.path, now: now(), random: random
    ) { _ in transport }
    try self.init(directory, transport, recording: recording)
  }

  /// Takes up a replica that exists; `clock` is this machine's.
  init(
    _ directory: TestDirectory, _ transport: CurlTransport,
    clock: @escaping @Sendable () -> UInt64 = now, recording: TrafficRecorder? = nil
  ) throws {
    self.directory = directory
    self.transport = transport
    let state = try StateDirectory.open(directory.path)
    let held = try Store.identity(at: state.database)
    let key = try #require(try state.signingKey(generation: held.generation))
    store = try Store.open(at: state.database, key: key, random: random)
    let (log, messages) = AsyncStream<String>.makeStream()
    self.log = log
    let logger = Logger(label: "town") { _ in StreamLogHandler { messages.yield($0) } }
    daemon = TownDaemon(
      store: store, directory: state,
      client: HubClient(
        store: store,
        transport: recording.map { RecordingTransport(base: transport, recorder: $0) } ?? transport,
        time: HubTime(wallClock: clock), random: random),
      software: "kreisnetz test", logger: logger, now: clock, random: random)
    group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: [.init(service: daemon)], logger: .quiet))
  }

  func start() { running = Task { [group] in try await group.run() } }

  func stop() async throws {
    await group.triggerGracefulShutdown()
    try await running?.value
    await transport.shutdown()
  }

  /// Waits for a line that contains `text`.
  @discardableResult
  func logged(_ text: String) async -> String? { await log.first { $0.contains(text) } }

  func addOrganization(_ name: String) async throws -> RecordID {
    let kind = try Schema.directory.kind(named: "organization")
    let field = try kind.field(named: "name")
    return try await store.write { transaction in
      try transaction.create(kind, [Edit(field, .value(name))], Occasion(at: now()))
    }
  }

  /// Waits until the record's name is shown as `name`.
  func shows(_ name: String, of id: RecordID) async throws {
    let commits = store.commits.subscribe()
    if try await self.name(of: id) == name { return }
    for await commit in commits where commit.records.contains(id) {
      if try await self.name(of: id) == name { return }
    }
  }

  private func name(of id: RecordID) async throws -> String? {
    try await store.read { try $0.state(of: id)?.shown.values.compactMap(\.head.value).first }
  }
}

private struct StreamLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace
  let send: @Sendable (String) -> Void

  init(_ send: @escaping @Sendable (String) -> Void) { self.send = send }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted()
    send(([event.message.description] + fields).joined(separator: " "))
  }
}
