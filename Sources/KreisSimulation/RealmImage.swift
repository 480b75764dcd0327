// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore
import Synchronization

/// A realm with its hub and towns, all joined and nothing written yet, as disks to copy. Made once
/// for each number of towns: what happens after it is what seeds decide.
struct RealmImage: Sendable {
  struct Replica: Sendable {
    let identity: Identity
    let key: SigningKey
    let disk: Disk
  }

  let realm: RealmID
  let root: SigningKey
  let hub: Replica
  let towns: [Replica]

  /// 2027-01-15: where virtual time begins, in seconds since 1970.
  static let start: UInt64 = 1_800_000_000

  private static let cache = Mutex<[Int: RealmImage]>([:])

  static func of(towns count: Int) throws -> RealmImage {
    if let image = cache.withLock({ $0[count] }) { return image }
    let image = try RealmImage(towns: count)
    cache.withLock { $0[count] = image }
    return image
  }

  private init(towns count: Int) throws {
    try Disk.prepare(seed: 1)
    var random = SeededRandom(UInt64(count), stream: "realm")
    let root = try SigningKey(rawRepresentation: random.bytes(32))
    let hubKey = try SigningKey(rawRepresentation: random.bytes(32))
    guard let realm = RealmID(VerifyingKey(of: root).bytes), let hubID = MemberID(1 << 40) else {
      preconditionFailure("a public key has 32 bytes")
    }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: hubKey), of: hubID, generation: 1, closing: [],
      title: "Kreis Musterland", ags: "05999", with: root)
    let entropy = Entropy(SeededRandom(UInt64(count), stream: "members"))
    let hubDisk = Disk()
    let hubIdentity = Self.identity(.hub, realm, hubID, "hub")
    var towns: [Replica] = []
    do {
      let hub = try Store.createHub(
        at: hubDisk.database, identity: hubIdentity, key: hubKey, certificate: certificate,
        at: Self.start,
        random: { entropy.next() })
      for index in 0..<count {
        let key = try SigningKey(rawRepresentation: random.bytes(32))
        towns.append(try Self.join("town\(index)", key, hub, entropy))
      }
    }
    self.realm = realm
    self.root = root
    self.towns = towns
    hub = Replica(identity: hubIdentity, key: hubKey, disk: try Self.closed(hubDisk))
  }

  private static func join(
    _ name: String, _ key: SigningKey, _ hub: Store, _ entropy: Entropy
  ) throws -> Replica {
    try hub.saveInvite(
      StoredInvite(
        name: name, title: name.capitalized, ags: "05999001", secret: [1],
        expiresAt: start + 3_600), at: start)
    let member = try waiting {
      try await hub.join(name: name, key: VerifyingKey(of: key), at: start) { _ in true }.get()
    }
    let identity = identity(.town, hub.identity.realm, member.id, name)
    let disk = Disk()
    // Closed when it is let go, which brings everything into the one file.
    do {
      _ = try Store.create(
        at: disk.database, identity: identity, key: key, random: { entropy.next() })
    }
    return Replica(identity: identity, key: key, disk: try closed(disk))
  }

  private static func identity(
    _ role: Identity.Role, _ realm: RealmID, _ member: MemberID, _ name: String
  ) -> Identity {
    Identity(
      role: role, realm: realm, member: member, generation: 1, name: name,
      title: name.capitalized, ags: role == .hub ? "05999" : "05999001",
      kreis: "Kreis Musterland", hubURL: "https://hub.example.org:8443", hubPin: nil)
  }

  /// - Throws: `SimulationError` if the database is not closed within ten seconds.
  static func closed(_ disk: Disk) throws -> Disk {
    for _ in 0..<10_000 where disk.isOpen {
      // The last reference is let go on another thread, just after the operation's outcome.
      Thread.sleep(forTimeInterval: 0.001)
    }
    guard !disk.isOpen else {
      throw SimulationError("the database of a realm's image was not closed")
    }
    return disk
  }
}

/// Why a simulation cannot run. Not a finding: what it finds are violations.
struct SimulationError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
