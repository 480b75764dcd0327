// SPDX-License-Identifier: EUPL-1.2

import FoundationEssentials
import KreisCore
import SwiftProtobuf
import Testing

/// What is hashed and signed beside headers is fixed for good as well: these constants were computed
/// by an independent program (Python's `hashlib` and `cryptography`) from the descriptions in
/// `FeedChain`, `FeedHead`, `SignedHead` and `RootCertificate`.
@Suite struct `Feeds, heads and certificates` {
  private let realm = RealmID(
    Hex.decode("fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618")!)!
  private let hubKey = VerifyingKey(
    Hex.decode("1398f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416bd17d93ca")!)!
  private let hub = MemberID(0x0a0b_0c0d_0e0f)!
  private static let town = MemberID(0x0102_0304_0506)!
  private let heads = [
    LogHead(sequence: 300, hash: Hash256(Array(UInt8(0)..<32))!),
    LogHead(sequence: 301, hash: Hash256(Array(UInt8(32)..<64))!),
  ]

  struct Vector: Sendable {
    let scope: Scope
    /// H(0), H(1), H(2).
    let hashes: [String]
    let feedHead: String
    let signedHead: String
  }

  static let vectors = [
    Vector(
      scope: .public,
      hashes: [
        "798672af87a06b2a9a9b7e44f6e53647673c0996eeab16871a3c02910639df86",
        "6b188d920ccc3ece37ec64c389b2e24c09da13ae1ccecc6fbfa03ec85887f8df",
        "0ef98b8d904180811224625a45563fa783df030d7a60b3cf0c5ccf9d32690372",
      ],
      feedHead:
        "24de37669f84a5ffe34860fcc5cedf13b8aa4c9de5a3c4fff88d3929c8fbafaa"
        + "db7ceed580be35f40142945cbd3643308abe74d5f644e036fdc93c7ee704d004",
      signedHead:
        "dbb0bfe77a99360616c5d2dd2a971550c5f90d0bb9f13eee65ff0d15491b5b87"
        + "ba661d265eecf2cba90617a9e3ff4ea0046aac8fa004b8c97b3543c8d1ff4f0f"),
    Vector(
      scope: .coordination(town),
      hashes: [
        "0bfdf4791f3169fd66248dfe1396f23c841e4878d33c63ec1d83be646f98adc8",
        "219cb29089151fc4a4b0aec58ec6c6310f2ed9ac90d09638fafe106b47b4aaad",
        "9ceffa59f34db1ebcb4db59e42702c46b2f7afc2991561fc58d0ff5082d4ab05",
      ],
      feedHead:
        "8e8e551d383377fff6332ba0ae4e594716b6819f244b39a96ee339efa1754c2f"
        + "a99500f631c30629c50b4779bf1ab0095bca397531d55a04df898069f5232004",
      signedHead:
        "aa933a929fadee45026c9470b70b672dd01cdd21eb058b434b2ae789ae627b7b"
        + "239a89abd53f35d591eb977b8a704db4889d3bc7c0cfdff88a0d0c123e06d50b"),
  ]

  private func log(_ scope: Scope) -> LogID {
    LogID(member: Self.town, generation: 129, scope: scope)
  }

  @Test(arguments: vectors) func `chain a feed as the format says`(vector: Vector) {
    var chain = FeedChain(of: vector.scope, in: realm, hubGeneration: 200)
    #expect(chain.end.position == 0)
    #expect(chain.end.hash.description == vector.hashes[0])
    for (index, head) in heads.enumerated() {
      let end = chain.append(log(vector.scope), head)
      #expect(end.position == UInt64(index + 1))
      #expect(end.hash.description == vector.hashes[index + 1])
      chain = FeedChain(of: vector.scope, in: realm, hubGeneration: 200, after: end)
    }
  }

  @Test(arguments: vectors) func `are signed over the bytes that the format names`(
    vector: Vector
  ) throws {
    let end = FeedPosition(
      position: 2, hash: try #require(Hex.decode(vector.hashes[2]).flatMap { Hash256($0) }))
    let feedHead = FeedHead(
      hubGeneration: 200, scope: vector.scope, at: end,
      signature: try #require(Hex.decode(vector.feedHead)))
    #expect(feedHead.isValid(in: realm, by: hubKey))
    let earlier = FeedHead(
      hubGeneration: 199, scope: vector.scope, at: end, signature: feedHead.signature)
    #expect(!earlier.isValid(in: realm, by: hubKey))

    let signature = try #require(Hex.decode(vector.signedHead))
    let signed = SignedHead(log: log(vector.scope), head: heads[0], signature: signature)
    #expect(signed.isValid(in: realm, by: hubKey))
    let moved = SignedHead(log: log(.kreis), head: heads[0], signature: signature)
    #expect(!moved.isValid(in: realm, by: hubKey))
  }

  @Test func `certify a hub's key as the format says`() throws {
    let signature = try #require(
      Hex.decode(
        "a03e264317185c7f0404f0ab00574aadb4f61b42d023174b84170407b100a28c"
          + "418579951c17dc09cea72d12cf07eb9b379c8c6f08d13e43aca7b795100b3006"
      ))
    func certificate(closing last: UInt64, title: String) throws -> Control {
      var wire = WireControl()
      wire.root.realm = .init(realm.bytes)
      wire.root.hub = hub.rawValue
      wire.root.generation = 2
      wire.root.key = .init(hubKey.bytes)
      wire.root.closes = [
        (Scope.public, 300), (.kreis, 0), (.coordination(Self.town), last),
      ].map { scope, last in
        var closed = WireClosedLog()
        closed.generation = 1
        closed.scope = WireScopeName(scope)
        closed.last = last
        return closed
      }
      wire.root.title = title
      wire.root.ags = "05962"
      wire.root.signature = .init(signature)
      return try #require(try Control(decoding: try wire.serializedBytes()))
    }
    func isValid(_ control: Control) -> Bool {
      if case .root(let certificate) = control { certificate.isValid } else { false }
    }
    #expect(isValid(try certificate(closing: 7, title: "Märkischer Kreis")))
    #expect(!isValid(try certificate(closing: 8, title: "Märkischer Kreis")))
    #expect(!isValid(try certificate(closing: 7, title: "Märkischer Krei")))
  }
}
