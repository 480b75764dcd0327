// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import KreisTown
import KreisTransport
import Testing

/// The exchange shows whether it gets on, for the watchdog.
@Suite struct ProgressTests {
  /// Never answers, and has no deadlines: a mistake in the transport, or below it.
  private struct HungTransport: Transport {
    let asked: AsyncStream<Void>.Continuation

    func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
      asked.yield()
      await hang()
      throw .cancelled
    }

    func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
      asked.yield()
      await hang()
      throw .cancelled
    }

    private func hang() async { try? await Task.sleep(for: .seconds(86_400)) }
  }

  private func daemon(_ town: TestTown, _ transport: any Transport, stallLimit: Duration) throws
    -> TownDaemon
  {
    TownDaemon(
      store: town.store, directory: try StateDirectory.open(town.directory.path),
      client: HubClient(
        store: town.store, transport: transport, time: HubTime(wallClock: now), random: random),
      software: "test", logger: .quiet, now: now, random: random, stallLimit: stallLimit)
  }

  @Test func `A loop that answers is not enough: an action that does not get on is named`()
    async throws
  {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      let (requests, asked) = AsyncStream<Void>.makeStream()
      let daemon = try daemon(
        town, HungTransport(asked: asked), stallLimit: .zero)
      let running = Task { try await daemon.run() }
      for await _ in requests { break }
      try await daemon.ping()
      let error = await #expect(throws: ExchangeStalled.self) { try await daemon.probe() }
      #expect("\(try #require(error))".contains("follow"))
      running.cancel()
      _ = await running.result
      try await town.stop()
    }
  }

  @Test func `A daemon that follows its hub is alive`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      town.start()
      await town.logged("connected to the hub")
      try await town.daemon.probe()
      try await town.stop()
    }
  }
}
