// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTown
import KreisTransport
import Testing

/// A copied machine wrote, and its branch closed the log; then the copy went away. The town itself has
/// to go on.
@Suite(.timeLimit(.minutes(2))) struct ClosedLogTests {
  /// Has the hub close the town's public log after entry 1, which the hub holds, by what a copy of the
  /// town signed beside it.
  private func fork(_ town: TestTown, at hub: TestHub) async throws {
    let copied = try TestDirectory()
    try FileManager.default.removeItem(atPath: copied.path)
    try FileManager.default.copyItem(atPath: town.directory.path, toPath: copied.path)
    _ = try await town.addOrganization("Kita Löwenzahn")
    let log = town.store.identity.log(.public)
    let first = try #require(try await town.store.nextBundle(of: log))
    guard case .accepted = try await hub.store.accept(first, from: log.member) else {
      Issue.record("the hub does not take the town's entry")
      return
    }
    let state = try StateDirectory.open(copied.path)
    let copy = try Store.open(
      at: state.database, key: #require(try state.signingKey(generation: 1)), random: random)
    let kind = try Schema.directory.kind(named: "organization")
    let name = try kind.field(named: "name")
    try await copy.write { transaction in
      _ = try transaction.create(
        kind, [Edit(name, .value("Kita Nord"))], Occasion(at: now()))
    }
    let branch = try #require(try await copy.nextBundle(of: log))
    _ = try await hub.store.accept(branch, from: log.member)
    #expect(hub.store.membership.closing(of: log) == 1)
  }

  @Test func `A town that learns it opens the next generation, though nothing waits to be pushed`()
    async throws
  {
    try await withHub { hub in
      let (town, other) = try await (
        TestTown(hub.invite("a-stadt")), TestTown(hub.invite("b-dorf"))
      )
      try await fork(town, at: hub)
      let commits = town.store.commits.subscribe()
      town.start()
      other.start()
      for await _ in commits where town.store.identity.generation == 2 { break }
      let id = try await town.addOrganization("Beratung")
      try await other.shows("Beratung", of: id)
      try await town.stop()
      try await other.stop()
    }
  }

  @Test func `A resync of a town that does not know it yet ends, and says what is to be done`()
    async throws
  {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let town = try await TestTown(invite)
      try await fork(town, at: hub)
      _ = try await town.addOrganization("Beratung")
      let client = HubClient(
        store: town.store, transport: try TestTown.transport(invite), time: HubTime { now() },
        random: random)
      let report = try await Resync(client: client, store: town.store, progress: { _ in }).run()
      let reason = try #require(report.stopped[town.store.identity.log(.public)])
      #expect(reason.contains("opens the next key generation"))
      #expect(try await town.store.unsent().entries == 1)
    }
  }
}
