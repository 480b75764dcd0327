// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTown
import KreisTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct JoinTests {
  @Test func `A join makes a replica whose files are for its owner alone`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      #expect(town.store.identity.name == "a-stadt")
      #expect(town.store.identity.title == "A-Stadt")
      #expect(hub.store.membership.members[town.store.identity.member]?.name == "a-stadt")
      let key = town.directory.path + "/keys/member-1.key"
      let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect(!FileManager.default.fileExists(atPath: town.directory.path + "/setup.sqlite"))
    }
  }

  @Test func `A join whose answer was lost succeeds when it is repeated`() async throws {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt")
      let directory = try TestDirectory()
      let losing = LosingTransport(try TestTown.transport(invite))
      await #expect(throws: JoinError.self) {
        try await TownJoin.join(
          invite.text(), state: directory.path, now: now(), random: random
        ) { _ in losing }
      }
      let members = hub.store.membership.members.count
      let town = try await TestTown(invite, in: directory)
      #expect(hub.store.membership.members.count == members)
      #expect(hub.store.membership.members[town.store.identity.member]?.name == "a-stadt")
    }
  }

  @Test func `An invite that was used, replaced or has expired is refused with the reason`()
    async throws
  {
    try await withHub { hub in
      let used = try hub.invite("a-stadt")
      _ = try await TestTown(used)
      #expect(try await refusal(used).contains("used"))
      let replaced = try hub.invite("b-dorf")
      _ = try hub.invite("b-dorf")
      #expect(try await refusal(replaced).contains("replaced"))
      #expect(try await refusal(hub.invite("c-tal", at: now() - 7_200)).contains("expired"))
    }
  }

  @Test func `A hub with another key than the invite's is not told anything`() async throws {
    try await withHub { hub in
      let invite = try hub.invite("a-stadt", pin: Hash256(of: [1]))
      let error = try await failure(invite)
      guard case .untrusted(let reason) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(reason.contains("TLS key"))
    }
  }

  @Test func `A hub that is down can be asked again later`() async throws {
    let hub = try TestHub()
    try await hub.start()
    let invite = try hub.invite("a-stadt")
    try await hub.stop()
    let error = try await failure(invite)
    guard case .unavailable = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `A directory that holds a replica is not joined into`() async throws {
    try await withHub { hub in
      let town = try await TestTown(hub.invite("a-stadt"))
      await #expect(throws: StateDirectoryError.occupied(path: town.directory.path)) {
        _ = try await TestTown(hub.invite("b-dorf"), in: town.directory)
      }
    }
  }

  private func refusal(_ invite: Invite) async throws -> String {
    let error = try await failure(invite)
    guard case .refused(let reason) = error else {
      Issue.record("\(error)")
      return ""
    }
    return reason
  }

  private func failure(_ invite: Invite) async throws -> JoinError {
    let directory = try TestDirectory()
    return try await #require(throws: JoinError.self) {
      _ = try await TestTown(invite, in: directory)
    }
  }
}

/// Lets requests through and loses the answers.
private struct LosingTransport: Transport {
  private let real: any Transport

  init(_ real: any Transport) { self.real = real }

  func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    _ = try await real.send(request)
    throw .connectionLost(host: "127.0.0.1", reason: "the test cut it")
  }

  func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    try await real.open(request)
  }
}
