// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Testing

@testable import KreisCore

/// A hub that can tell different stories.
struct Storyteller {
  let root = SigningKey()
  let key = SigningKey()
  let realm: RealmID
  let hub = MemberID(1)!
  let town = MemberID(7)!
  let townKey = SigningKey()

  init() throws { realm = try #require(RealmID(VerifyingKey(of: root).bytes)) }

  func certificate() throws -> RootCertificate {
    try RootCertificate(
      certifying: VerifyingKey(of: key), of: hub, generation: 1, closing: [], title: "Kreis",
      ags: "05962", with: root)
  }

  /// Items of a feed whose third and later ones depend on `story`.
  func steps(_ count: Int, story: UInt8) -> [Evidence.Step] {
    (1...count).map { index in
      Evidence.Step(
        log: LogID(member: town, generation: 1, scope: .public),
        head: LogHead(
          sequence: UInt64(index), hash: Hash256(of: [index < 3 ? 0 : story, UInt8(index)])))
    }
  }

  /// The feed's hashes by position; the first is that of the empty feed.
  func hashes(_ count: Int, story: UInt8) -> [Hash256] {
    var chain = FeedChain(of: .public, in: realm, hubGeneration: 1)
    return [chain.end.hash]
      + (count == 0 ? [] : steps(count, story: story).map { chain.append($0.log, $0.head).hash })
  }

  func statement(
    _ position: Int, story: UInt8, by member: MemberID? = nil, at time: UInt64 = 1
  ) throws -> SignedStatement {
    let isHub = member == hub
    let head = try FeedHead(
      signing: FeedPosition(
        position: UInt64(position), hash: hashes(position, story: story)[position]),
      of: .public, in: realm, hubGeneration: 1, with: key)
    let wire = try FeedStatement(
      realm: realm, member: member ?? town, generation: 1, head: head, foldVersion: 1,
      protocolVersion: 1, at: time, software: "test"
    ).signed(with: isHub ? key : townKey)
    return try SignedStatement(reading: Array(wire.statement), signature: Array(wire.signature))
  }

  func verified(_ count: Int, story: UInt8) -> FeedWitness.Verified {
    let hashes = hashes(count, story: story)
    return FeedWitness.Verified(
      hub: hub, hubGeneration: 1,
      before: [.public: FeedPosition(position: UInt64(count), hash: hashes[count])],
      hash: { _, position in position <= UInt64(count) ? hashes[Int(position)] : nil })
  }
}

@Suite struct `A town that compares what the hub signed` {
  @Test func `agrees with whoever saw the same history`() throws {
    let world = try Storyteller()
    var witness = FeedWitness()
    let seen = try [2, 5, 9].map { try world.statement($0, story: 1) }
    #expect(try witness.compare(seen, with: world.verified(9, story: 1)).isEmpty)
  }

  @Test func `finds another history at once where it holds the position`() throws {
    let world = try Storyteller()
    var witness = FeedWitness()
    let other = try world.statement(5, story: 2)
    let alarms = try witness.compare([other], with: world.verified(9, story: 1))
    let held = FeedPosition(position: 5, hash: world.hashes(5, story: 1)[5])
    #expect(alarms == [.split(other, held: held)])
  }

  @Test func `remembers a head that is ahead, until it has got there`() throws {
    let world = try Storyteller()
    var witness = FeedWitness()
    let other = try world.statement(5, story: 2)
    #expect(try witness.compare([other], with: world.verified(4, story: 1)).isEmpty)
    // Later heads of the same source do not put it off.
    let later = try world.statement(8, story: 2)
    #expect(try witness.compare([later], with: world.verified(4, story: 1)).isEmpty)
    #expect(try witness.compare([], with: world.verified(5, story: 1)).count == 1)
    #expect(try witness.compare([], with: world.verified(9, story: 1)).isEmpty)
  }

  @Test func `is told by the hub's own statement that it went back`() throws {
    let world = try Storyteller()
    var witness = FeedWitness()
    let full = try world.statement(9, story: 1, by: world.hub, at: 10)
    #expect(try witness.compare([full], with: world.verified(4, story: 1)).isEmpty)
    let short = try world.statement(6, story: 1, by: world.hub, at: 11)
    #expect(
      try witness.compare([short], with: world.verified(4, story: 1))
        == [.rollback(short, earlier: full)])
    // Less than this replica had verified before it asked.
    var other = FeedWitness()
    #expect(
      try other.compare([short], with: world.verified(9, story: 1))
        == [.rollback(short, earlier: nil)])
    // An old statement of a town is no news.
    let old = try world.statement(3, story: 1, at: 12)
    #expect(try other.compare([old], with: world.verified(9, story: 1)).isEmpty)
  }

  @Test func `does not compare feeds of two generations of the hub`() throws {
    let world = try Storyteller()
    var witness = FeedWitness()
    let hashes = world.hashes(9, story: 1)
    let renewed = FeedWitness.Verified(
      hub: world.hub, hubGeneration: 2, before: [:], hash: { _, position in hashes[Int(position)] })
    #expect(try witness.compare([try world.statement(5, story: 2)], with: renewed).isEmpty)
  }
}

@Suite struct `Evidence against a hub` {
  private func evidence(
    _ world: Storyteller, _ end: Int, story: UInt8, from: Int? = nil, by member: MemberID? = nil,
    at time: UInt64 = 1
  ) throws -> Evidence {
    let start = from ?? end
    return Evidence(
      certificates: [try world.certificate()],
      statement: try world.statement(end, story: story, by: member, at: time),
      from: FeedPosition(
        position: UInt64(start), hash: world.hashes(end, story: story)[start]),
      steps: Array(world.steps(end, story: story)[start...]))
  }

  @Test func `proves two histories at a common position, reached by the items between`() throws {
    let world = try Storyteller()
    let here = try evidence(world, 9, story: 1, from: 5)
    let there = try evidence(world, 5, story: 2)
    for (one, other) in [(here, there), (there, here)] {
      guard case .contradiction(.public, 5, _, _) = try Evidence.compare(one, other) else {
        Issue.record("\(try Evidence.compare(one, other))")
        return
      }
    }
    // Up to the second item both stories are the same.
    let early = try evidence(world, 2, story: 2)
    #expect(
      try Evidence.compare(try evidence(world, 9, story: 1, from: 1), early)
        == .equal(.public, position: 2))
  }

  @Test func `says that it cannot say anything`() throws {
    let world = try Storyteller()
    let verdict = try Evidence.compare(
      evidence(world, 9, story: 1), evidence(world, 5, story: 2))
    guard case .incomparable = verdict else {
      Issue.record("\(verdict)")
      return
    }
    let other = try Storyteller()
    guard
      case .incomparable = try Evidence.compare(
        evidence(world, 5, story: 1), evidence(other, 5, story: 1))
    else {
      Issue.record("two realms were compared")
      return
    }
  }

  @Test func `proves a rollback by two statements of the hub itself`() throws {
    let world = try Storyteller()
    let full = try evidence(world, 9, story: 1, by: world.hub, at: 10)
    let short = try evidence(world, 4, story: 1, by: world.hub, at: 11)
    #expect(try Evidence.compare(full, short) == .rollback(.public, from: 9, to: 4))
    #expect(try Evidence.compare(short, full) == .rollback(.public, from: 9, to: 4))
    // A town may have stated less at any time.
    let town = try evidence(world, 4, story: 1, at: 11)
    guard case .incomparable = try Evidence.compare(full, town) else {
      Issue.record("a town's statement counted as the hub's")
      return
    }
  }

  @Test func `that was forged is refused`() throws {
    let (world, stranger) = (try Storyteller(), try Storyteller())
    let good = try evidence(world, 5, story: 1)
    let statement = try world.statement(5, story: 1)
    let forgeries = [
      // Another root.
      Evidence(certificates: [try stranger.certificate()], statement: statement),
      Evidence(certificates: [], statement: statement),
      // A head that only somebody else signed.
      Evidence(
        certificates: [try world.certificate()], statement: try stranger.statement(5, story: 1)),
      // A place that the items do not lead from.
      Evidence(
        certificates: [try world.certificate()], statement: statement,
        from: FeedPosition(position: 4, hash: world.hashes(4, story: 2)[4]),
        steps: Array(world.steps(5, story: 1)[4...])),
      Evidence(
        certificates: [try world.certificate()], statement: statement,
        from: FeedPosition(position: 4, hash: world.hashes(4, story: 1)[4]), steps: []),
    ]
    for forged in forgeries {
      #expect(throws: MalformedBytes.self) { try Evidence.compare(good, forged) }
      #expect(throws: MalformedBytes.self) { try Evidence.compare(forged, good) }
    }
    // A hub's statement whose time was changed.
    let own = try world.statement(5, story: 1, by: world.hub)
    let unsigned = try SignedStatement(
      reading: own.message, signature: Array(repeating: 0, count: 64))
    #expect(throws: MalformedBytes.self) {
      try Evidence.compare(
        good, Evidence(certificates: [try world.certificate()], statement: unsigned))
    }
  }
}
