// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTown
import Testing

/// The daemon against a real hub over TLS on 127.0.0.1.
@Suite(.timeLimit(.minutes(2))) struct ExchangeTests {
  @Test func `An edit in one town appears in the other`() async throws {
    try await withHub { hub in
      let (a, b) = try await (TestTown(hub.invite("a-stadt")), TestTown(hub.invite("b-dorf")))
      a.start()
      b.start()
      await b.logged("connected to the hub")
      let id = try await a.addOrganization("Kita Löwenzahn")
      try await b.shows("Kita Löwenzahn", of: id)
      #expect(b.daemon.board.current.link == .connected(.stream))
      #expect(b.daemon.board.current.lastContact != nil)
      #expect(b.daemon.board.current.storeTrouble == nil)
      try await a.stop()
      try await b.stop()
    }
  }

  @Test func `What was written while the hub was down arrives after it is up again`() async throws {
    try await withHub { hub in
      let (a, b) = try await (TestTown(hub.invite("a-stadt")), TestTown(hub.invite("b-dorf")))
      try await hub.stop()
      a.start()
      b.start()
      let line = await a.logged("the hub cannot be reached")
      #expect(line?.contains("127.0.0.1") == true)
      var ids: [RecordID] = []
      for number in 1...20 { ids.append(try await a.addOrganization("Verein \(number)")) }
      #expect(try await a.store.unsent().entries == 20)
      try await hub.start()
      for (index, id) in ids.enumerated() { try await b.shows("Verein \(index + 1)", of: id) }
      try await a.stop()
      try await b.stop()
    }
  }

  @Test func `A daemon takes up where the last one was killed`() async throws {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let first = try await TestTown(invite)
      let id = try await first.addOrganization("Beratung")
      let again = try TestTown(first.directory, TestTown.transport(invite))
      let b = try await TestTown(hub.invite("b-dorf"))
      again.start()
      b.start()
      try await b.shows("Beratung", of: id)
      try await again.stop()
      try await b.stop()
    }
  }

  @Test func `A clock that is days off does not keep a town from its hub`() async throws {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let joined = try await TestTown(invite)
      let late = try TestTown(joined.directory, TestTown.transport(invite)) { now() - 400_000 }
      late.start()
      await late.logged("connected to the hub")
      let offset = try #require(late.daemon.board.current.clockOffset)
      #expect(abs(offset - 400_000) < 10)
      try await late.stop()
    }
  }

  @Test func `A proxy's HTML page in the hub's place is named, with its title`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      try await hub.stop()
      try await hub.start(
        page: "<!doctype html><html><head><title>Anmeldung\n am Proxy</title></head></html>")
      town.start()
      let line = try #require(await town.logged("the hub cannot be reached"))
      #expect(line.contains("HTML page titled \"Anmeldung am Proxy\""))
      try await town.stop()
    }
  }

  @Test func `A hub with another key gets nothing, and the status says why`() async throws {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let joined = try await TestTown(invite)
      let wrong = try Invite(
        realm: invite.realm, url: invite.url, trust: .pinnedKey(Hash256(of: [1])),
        name: invite.name, title: invite.title, secret: invite.secret,
        expiresAt: invite.expiresAt, kreis: invite.kreis)
      let town = try TestTown(joined.directory, TestTown.transport(wrong))
      town.start()
      await town.logged("the hub is not trusted")
      guard case .alarmed(let reason) = town.daemon.board.current.link else {
        Issue.record("the link is \(town.daemon.board.current.link)")
        return
      }
      #expect(reason.contains("TLS key"))
      try await town.stop()
    }
  }

  @Test func `The hub learns how far a town has verified`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      let commits = hub.store.commits.subscribe()
      town.start()
      var seen: MemberOverview?
      for await _ in commits {
        seen = try await hub.store.read { try $0.memberOverview().first }
        if seen?.lastContact != nil { break }
      }
      #expect(seen?.lag == 0)
      #expect(seen?.software == "kreisnetz test")
      #expect(seen?.member.name == "a-stadt")
      try await town.stop()
    }
  }

  @Test func `A ping is answered while the daemon runs, and fails afterwards`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      town.start()
      try await town.daemon.ping()
      try await town.stop()
      await #expect(throws: CancellationError.self) { try await town.daemon.ping() }
    }
  }

  @Test func `A daemon stops within five seconds, whatever its hub does`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      town.start()
      await town.logged("connected to the hub")
      let start = ContinuousClock.now
      try await town.stop()
      #expect(ContinuousClock.now - start < .seconds(5))
    }
  }
}
