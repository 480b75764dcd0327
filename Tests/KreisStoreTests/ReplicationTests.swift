// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import SwiftProtobuf
import Testing

@testable import KreisStore

@Suite struct `Replication through the hub` {
  @Test func `what one town writes every other town and the hub read`() async throws {
    let net = try await Federation(towns: 3)
    let id = try net.add("Kita Löwenzahn", to: net.towns[0])
    try await net.syncAll()
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Kita Löwenzahn")
    }
    #expect(try await net.towns[0].unsent().isEmpty)
  }

  @Test func `replicas that saw the same are equal in every scope they share`() async throws {
    let net = try await Federation(towns: 4, seed: 7)
    var ids: [RecordID] = []
    for round in 0..<60 {
      let town = net.towns[net.random.next(below: 4)]
      let own = try ids.filter { id in
        try id.creator == town.identity.member
          && town.blockingRead { try $0.state(of: id)?.isDeleted } == false
      }
      switch net.random.next(below: 5) {
      case 0, 1: ids.append(try net.add("Einrichtung \(round)", to: town))
      case 2:
        if let id = own.last { try net.edit(id, "name", "Umbenannt \(round)", in: town) }
      case 3:
        if let id = own.first { try town.blockingWrite { try $0.delete(id, net.occasion()) } }
      default:
        try await net.push(town)
        try await net.pull(net.towns[net.random.next(below: 4)], bytes: 500)
      }
    }
    try await net.syncAll()
    try await net.syncAll()
    let expected = try digests(net.hub)
    for town in net.towns {
      let found = try digests(town)
      for scope in [Scope.public, .kreis] { #expect(found[scope] == expected[scope]) }
      let own = Scope.coordination(town.identity.member)
      #expect(found[own] == expected[own])
      for other in net.towns where other !== town {
        #expect(found[.coordination(other.identity.member)] == nil)
      }
    }
  }

  @Test func `the hub and a town that edit at once keep both values until one resolves`()
    async throws
  {
    let net = try await Federation(towns: 2)
    let town = net.towns[0]
    let id = try net.add("Beratung", to: town)
    try await net.syncAll()
    try net.edit(id, "name", "Beratung Nord", in: town)
    try net.edit(id, "name", "Beratung Süd", in: net.hub)
    try await net.syncAll()
    let field = try Schema.directory.kind(named: "organization").field(named: "name")
    for store in net.towns + [net.hub] {
      let conflicts = try store.blockingRead { try $0.state(of: id)?.conflicts ?? [] }
      #expect(conflicts.count == 1)
      #expect(conflicts.first?.heads.map(\.value) == ["Beratung Süd", "Beratung Nord"])
      #expect(try store.blockingRead { try $0.conflictCount() } == 1)
    }
    try town.blockingWrite {
      try $0.resolve(id, field, element: nil, with: .take(2), net.occasion())
    }
    try await net.syncAll()
    for store in net.towns + [net.hub] {
      #expect(try net.value(id, "name", in: store) == "Beratung Nord")
      #expect(try store.blockingRead { try $0.conflictCount() } == 0)
    }
  }

  @Test func `a town cannot change another town's record, and says whose it is`() async throws {
    let net = try await Federation(towns: 2)
    let id = try net.add("Praxis", to: net.towns[0])
    try await net.syncAll()
    #expect(throws: StoreError.self) { try net.edit(id, "name", "Meine", in: net.towns[1]) }
    #expect(try net.value(id, "name", in: net.towns[1]) == "Praxis")
  }

  @Test func `an edit that a deletion had not seen is shown, not lost`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try net.add("Elterncafé", to: town)
    try await net.syncAll()
    try town.blockingWrite { try $0.delete(id, net.occasion()) }
    try net.edit(id, "description", "jeden Dienstag", in: net.hub)
    try await net.syncAll()
    let state = try #require(try town.blockingRead { try $0.state(of: id) })
    #expect(state.isDeleted)
    #expect(state.conflicts.map(\.againstDeletion) == [true])
    try town.blockingWrite { try $0.restore(id, net.occasion()) }
    #expect(try net.value(id, "description", in: town) == "jeden Dienstag")
    #expect(try net.value(id, "name", in: town) == "Elterncafé")
  }

  @Test func `a push that is repeated is answered with the position it has`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    _ = try net.add("Kita", to: town)
    let log = try #require(try await town.unsent().logs.first)
    let bundle = try #require(try await town.nextBundle(of: log))
    guard case .accepted(let first) = try await net.hub.accept(bundle, from: town.identity.member),
      case .accepted(let second) = try await net.hub.accept(bundle, from: town.identity.member)
    else {
      Issue.record("not accepted")
      return
    }
    #expect(first == second)
  }

  @Test func `what was just written is pushed as it stands on disk, destroyed values included`()
    async throws
  {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    let id = try net.add("Frau Alt", to: town)
    let log = try #require(try await town.unsent().logs.first)
    let first = try #require(try await town.nextBundle(of: log))
    town.acknowledge(log, through: first.last)
    func expectNext() async throws -> UnverifiedBundle {
      let bundle = try #require(try await town.nextBundle(of: log))
      #expect(bundle.first == first.last + 1)
      let stored = try town.blockingRead {
        try town.ownBundle(of: log, from: bundle.first, in: $0)
      }
      #expect(bundle == stored)
      return bundle
    }
    try net.edit(id, "name", "Frau Älter", in: town)
    #expect(town.withCache { $0.freshBundle(of: log) } != nil)
    #expect(try await expectNext().entries.count == 1)
    let name = try Schema.directory.kind(named: "organization").field(named: "name")
    try town.blockingWrite {
      _ = try $0.change(id, [Edit(name, .value("Frau Neu"))], net.occasion(), forgetting: true)
    }
    let bundle = try await expectNext()
    if case .destroyed = bundle.entries[0].proof {
    } else {
      Issue.record("a destroyed value would travel")
    }
    town.acknowledge(log, through: bundle.last)
    try net.edit(id, "name", "Frau Neuer", in: town)
    try net.edit(id, "name", "Frau Neueste", in: town)
    let both = try #require(try await town.nextBundle(of: log))
    #expect(both.first == bundle.last + 1 && both.entries.count == 2)
  }

  @Test func `a push that is refused wakes no follower`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    _ = try net.add("Kita", to: town)
    let log = try #require(try await town.unsent().logs.first)
    let bundle = try #require(try await town.nextBundle(of: log))
    let forged = UnverifiedBundle(
      log: log, first: bundle.first, entries: bundle.entries,
      signature: [UInt8](repeating: 7, count: 64))
    var commits = net.hub.commits.subscribe().makeAsyncIterator()
    guard case .refused = try await net.hub.accept(forged, from: town.identity.member),
      case .accepted = try await net.hub.accept(bundle, from: town.identity.member)
    else {
      Issue.record("the forged one was accepted, or the other one was not")
      return
    }
    #expect(await commits.next()?.movedFeeds == true)
  }

  @Test func `a bundle with a gap is answered with the head that the hub holds`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    _ = try net.add("Eins", to: town)
    let log = try #require(try await town.unsent().logs.first)
    let first = try #require(try await town.nextBundle(of: log))
    town.acknowledge(log, through: first.last)
    _ = try net.add("Zwei", to: town)
    let second = try #require(try await town.nextBundle(of: log))
    guard case .conflict(nil) = try await net.hub.accept(second, from: town.identity.member) else {
      Issue.record("a gap was accepted")
      return
    }
    #expect(try await town.rewind(log, to: nil))
    try await net.push(town)
    #expect(try digests(net.hub)[log.scope]?.entries == digests(net.hub)[log.scope]?.entries)
    #expect(
      try net.hub.blockingRead { try $0.counts().first { $0.kind.name == "organization" }?.count }
        == 2)
  }

  @Test func `a bundle that is forged or altered is refused`() async throws {
    let net = try await Federation(towns: 1)
    let author = net.towns[0]
    _ = try net.add("Kita", to: author)
    let log = try #require(try await author.unsent().logs.first)
    let bundle = try #require(try await author.nextBundle(of: log))
    var signature = try #require(bundle.signature)
    signature[0] ^= 1
    let forged = UnverifiedBundle(
      log: bundle.log, first: bundle.first, entries: bundle.entries, signature: signature)
    guard case .refused = try await net.hub.accept(forged, from: author.identity.member) else {
      Issue.record("a forged signature was accepted")
      return
    }
    #expect(try net.hub.blockingRead { try $0.counts().allSatisfy { $0.count == 0 } })
  }

  @Test func `a chunk that comes twice, late or overlapping is merged once`() async throws {
    let net = try await Federation(towns: 2)
    let town = net.towns[1]
    var chunks: [UnverifiedChunk] = []
    for round in 0..<4 {
      _ = try net.add("Kita \(round)", to: net.towns[0])
      try await net.push(net.towns[0])
      guard
        case .chunk(let wire) = try await net.hub.feedChunk(
          for: town.identity.member,
          after: round == 2 ? [:] : try await town.read { try $0.feedCursors() },
          includeOwn: false, bytes: 1 << 20)
      else {
        Issue.record("no chunk")
        return
      }
      chunks.append(try UnverifiedChunk(wire))
      if round.isMultiple(of: 2) { _ = try await town.merge(chunks[round]) }
    }
    for chunk in chunks + chunks.reversed() { _ = try await town.merge(chunk) }
    #expect(try digests(town)[.public] == digests(net.hub)[.public])
  }

  @Test func `a town joins although more was written before than one chunk takes`() async throws {
    let net = try await Federation(towns: 1)
    let town = net.towns[0]
    for index in 0..<20 { _ = try net.add("Kita \(index)", to: town) }
    try await net.push(town)
    let late = try await net.join("spaet")
    // An interrupted stream is asked for again after every chunk.
    for _ in 0..<40 {
      let cursors = try await late.read { try $0.feedCursors() }
      let answer = try await net.hub.feedChunk(
        for: late.identity.member, after: cursors, includeOwn: false, bytes: 200)
      guard case .chunk(let wire) = answer else { continue }
      if try await late.merge(try UnverifiedChunk(wire)) { break }
    }
    #expect(late.membership.members[late.identity.member] != nil)
    #expect(try digests(late)[.public]?.state == digests(net.hub)[.public]?.state)
  }

  @Test func `a hub that shows another history than before is found out`() async throws {
    let net = try await Federation(towns: 1)
    _ = try net.add("Kita", to: net.hub)
    try await net.pull(net.towns[0])
    let cursors = try await net.towns[0].read { try $0.feedCursors() }
    let end = try #require(cursors[.public])
    let forged = try FeedHead(
      signing: FeedPosition(position: end.position - 1, hash: end.hash), of: .public,
      in: net.realm, hubGeneration: 1, with: net.hubKey)
    await #expect(throws: ChunkError.self) {
      try await net.towns[0].merge(
        UnverifiedChunk(items: [], heads: [forged], isComplete: true))
    }
  }

  @Test func `a flipped bit anywhere in what was delivered changes nothing or is found out`()
    async throws
  {
    let net = try await Federation(towns: 2, seed: 3)
    _ = try net.add("Kita Löwenzahn", to: net.towns[0])
    try await net.push(net.towns[0])
    let reader = net.towns[1].identity.member
    guard
      case .chunk(let wire) = try await net.hub.feedChunk(
        for: reader, after: [:], includeOwn: false, bytes: 1 << 20)
    else {
      Issue.record("no chunk")
      return
    }
    func verified(_ message: WireFeedChunk) throws -> VerifiedChunk {
      var verifier = ChunkVerifier(
        for: reader, holding: NothingHeld(), control: [],
        membership: Membership(realm: net.realm, control: []))
      return try verifier.verify(try UnverifiedChunk(message))
    }
    let original = try verified(wire)
    #expect(original.items.count == 4)
    let bytes: [UInt8] = try wire.serializedBytes()
    for index in bytes.indices {
      let bit = UInt8(net.random.next(below: 8))
      var damaged = bytes
      damaged[index] ^= 1 << bit
      guard let message = try? WireFeedChunk(serializedBytes: damaged),
        let found = try? verified(message)
      else { continue }
      // What still verifies differs in nothing that counts, such as the flag that more waits.
      #expect(found.items == original.items, "byte \(index), bit \(bit)")
      #expect(found.membership == original.membership)
    }
  }
}

/// A replica that holds nothing yet.
private struct NothingHeld: HeldLogs {
  func head(of log: LogID) -> LogHead? { nil }
  func hash(of log: LogID, at sequence: UInt64) -> Hash256? { nil }
  func fed(_ log: LogID) -> UInt64 { 0 }
  func branchHeads(of log: LogID) -> [LogHead] { [] }
  func certificatesAside(of generation: UInt32) -> [RootCertificate] { [] }
  func feedEnd(of scope: Scope) -> FeedPosition? { nil }
  func feedGeneration() -> UInt32 { 0 }
  func feedHash(of scope: Scope, at position: UInt64) -> Hash256? { nil }
}
