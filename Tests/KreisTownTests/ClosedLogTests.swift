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
  ///
  /// - Returns: the copy.
  @discardableResult
  private func fork(_ town: TestTown, at hub: TestHub) async throws -> Store {
    let copied = try TestDirectory()
    try FileManager.default.removeItem(atPath: copied.path)
    try FileManager.default.copyItem(atPath: town.directory.path, toPath: copied.path)
    _ = try await town.addOrganization("Kita Löwenzahn")
    let log = town.store.identity.log(.public)
    let first = try #require(try await town.store.nextBundle(of: log))
    guard case .accepted = try await hub.store.accept(first, from: log.member) else {
      throw StoreError.rejected("the hub does not take the town's entry")
    }
    let state = try StateDirectory.open(copied.path)
    let copy = try Store.open(
      at: state.database, key: #require(try state.signingKey(generation: 1)), random: random)
    _ = try await write("Kita Nord", in: copy, at: hub)
    #expect(hub.store.membership.closing(of: log) == 1)
    return copy
  }

  /// The copy writes a record more, and the hub is shown it.
  private func write(_ value: String, in copy: Store, at hub: TestHub) async throws -> RecordID {
    let kind = try Schema.directory.kind(named: "organization")
    let name = try kind.field(named: "name")
    let id = try await copy.write { transaction in
      try transaction.create(kind, [Edit(name, .value(value))], Occasion(at: now()))
    }
    let log = copy.identity.log(.public)
    let branch = try #require(try await copy.nextBundle(of: log))
    _ = try await hub.store.accept(branch, from: log.member)
    return id
  }

  /// Starts both, waits for the town's next generation, and has it write there what the other shows.
  private func goOn(_ town: TestTown, seenBy other: TestTown) async throws {
    let commits = town.store.commits.subscribe()
    town.start()
    other.start()
    for await _ in commits where town.store.identity.generation == 2 { break }
    let id = try await town.addOrganization("Beratung")
    try await other.shows("Beratung", of: id)
  }

  @Test func `A town that learns it opens the next generation, though nothing waits to be pushed`()
    async throws
  {
    try await withHub { hub in
      let (town, other) = try await (
        TestTown(hub.invite("a-stadt")), TestTown(hub.invite("b-dorf"))
      )
      try await fork(town, at: hub)
      try await goOn(town, seenBy: other)
      try await town.stop()
      try await other.stop()
    }
  }

  @Test func `What the hub gets beside an earlier log later is taken up at the next start`()
    async throws
  {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let (town, other) = try await (TestTown(invite), TestTown(hub.invite("b-dorf")))
      let copy = try await fork(town, at: hub)
      try await goOn(town, seenBy: other)
      try await town.stop()
      let late = try await write("Kita West", in: copy, at: hub)
      let again = try TestTown(town.directory, TestTown.transport(invite))
      again.start()
      try await other.shows("Kita West", of: late)
      try await again.stop()
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
