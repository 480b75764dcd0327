// SPDX-License-Identifier: EUPL-1.2

/// A point of a feed: position, and the hash over everything up to it.
package struct FeedPosition: Hashable, Sendable {
  package let position: UInt64
  package let hash: Hash256

  package init(position: UInt64, hash: Hash256) {
    self.position = position
    self.hash = hash
  }
}

/// The hub's record of what it accepted for one scope, as a hash chain. Equal position and hash
/// prove equal logs (I3).
///
///     H(0) = SHA-256("kreisnetz feed v1" ‖ 0 ‖ realm 32 ‖ hub generation varint ‖ scope)
///     H(p) = SHA-256(H(p-1) ‖ log id ‖ last sequence 8 ‖ header hash 32)
package struct FeedChain: Sendable {
  private let realm: RealmID
  package let scope: Scope
  package private(set) var end: FeedPosition

  /// The chain of `scope`, continued after `position`, or from its beginning.
  package init(
    of scope: Scope, in realm: RealmID, hubGeneration: UInt32, after position: FeedPosition? = nil
  ) {
    self.realm = realm
    self.scope = scope
    if let position {
      end = position
    } else {
      var start = Array("kreisnetz feed v1\0".utf8)
      start.append(contentsOf: realm.bytes)
      start.appendVarint(UInt64(hubGeneration))
      scope.append(to: &start)
      end = FeedPosition(position: 0, hash: Hash256(of: start))
    }
  }

  /// Appends a bundle that ends at `head` and returns the new end.
  @discardableResult
  package mutating func append(_ log: LogID, _ head: LogHead) -> FeedPosition {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(128)
    end.hash.append(to: &bytes)
    bytes.append(contentsOf: log.canonical(in: realm))
    bytes.appendBigEndian(head.sequence)
    head.hash.append(to: &bytes)
    end = FeedPosition(position: end.position + 1, hash: Hash256(of: bytes))
    return end
  }
}

/// A feed position, signed by the hub. Two that contradict each other prove that it showed two
/// histories.
///
///     signed bytes = "kreisnetz feed head v1" ‖ 0 ‖ realm 32 ‖ hub generation varint ‖ scope
///                  ‖ position 8 ‖ hash 32
package struct FeedHead: Hashable, Sendable {
  package let hubGeneration: UInt32
  package let scope: Scope
  package let at: FeedPosition
  package let signature: [UInt8]

  package init(hubGeneration: UInt32, scope: Scope, at: FeedPosition, signature: [UInt8]) {
    self.hubGeneration = hubGeneration
    self.scope = scope
    self.at = at
    self.signature = signature
  }

  /// Signs `at` with the hub's key of `hubGeneration`.
  package init(
    signing at: FeedPosition, of scope: Scope, in realm: RealmID, hubGeneration: UInt32,
    with key: SigningKey
  ) throws(MalformedBytes) {
    self.init(
      hubGeneration: hubGeneration, scope: scope, at: at,
      signature: try key.sign(Self.message(realm, hubGeneration, scope, at)))
  }

  package func isValid(in realm: RealmID, by key: VerifyingKey) -> Bool {
    key.isValid(signature, over: Self.message(realm, hubGeneration, scope, at))
  }

  private static func message(
    _ realm: RealmID, _ generation: UInt32, _ scope: Scope, _ at: FeedPosition
  ) -> [UInt8] {
    var out = Array("kreisnetz feed head v1\0".utf8)
    out.append(contentsOf: realm.bytes)
    out.appendVarint(UInt64(generation))
    scope.append(to: &out)
    out.appendBigEndian(at.position)
    at.hash.append(to: &out)
    return out
  }
}
