// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore
import Synchronization

/// A seeded source of randomness, so that a failing run can be repeated.
final class Seeded: Sendable {
  private let state: Mutex<UInt64>

  init(_ seed: UInt64) { state = Mutex(seed) }

  func restart(_ seed: UInt64) { state.withLock { $0 = seed } }

  /// SplitMix64.
  func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The same, for what the standard library shuffles.
struct SeededGenerator: RandomNumberGenerator {
  let source: Seeded

  func next() -> UInt64 { source.next() }
}

/// A hub and its towns as real stores in a temporary directory, exchanging what the network would
/// carry by calling each other.
final class Federation {
  let directory: URL
  let random: Seeded
  var generator: SeededGenerator
  var hub: Store
  var towns: [Store] = []
  /// The keys of each town, by name, and of the hub, under "hub".
  var keys: [String: SigningKey] = [:]
  let realm: RealmID
  let root: SigningKey
  let hubKey: SigningKey
  var now: UInt64 = 1_800_000_000

  init(towns count: Int, seed: UInt64 = 1) async throws {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("kreisnetz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let random = Seeded(seed)
    self.random = random
    generator = SeededGenerator(source: random)
    let root = SigningKey()
    let key = SigningKey()
    hubKey = key
    self.root = root
    keys["hub"] = key
    realm = RealmID(VerifyingKey(of: root).bytes)!
    let member = MemberID(random.next() >> 16)!
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: member, generation: 1, closing: [],
      title: "Märkischer Kreis", ags: "05962", with: root)
    hub = try Store.createHub(
      at: directory.appendingPathComponent("hub.sqlite").path,
      identity: Identity(
        role: .hub, realm: realm, member: member, generation: 1, name: "hub",
        title: "Märkischer Kreis", ags: "05962", kreis: "Märkischer Kreis",
        hubURL: "https://127.0.0.1:8443", hubPin: nil),
      key: key, certificate: certificate, at: now, random: { random.next() })
    for index in 0..<count { try await addTown("town\(index)") }
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func addTown(_ name: String) async throws {
    try await pull(join(name))
  }

  /// Admits a town, which has not heard of anything yet.
  func join(_ name: String) async throws -> Store {
    let random = random
    let key = SigningKey()
    keys[name] = key
    try hub.saveInvite(
      StoredInvite(
        name: name, title: name.capitalized, ags: "05962012", secret: [1, 2, 3],
        expiresAt: now + 3_600, usedBy: nil, member: nil), at: now)
    let member = try await hub.join(name: name, key: VerifyingKey(of: key), at: now) { _ in true }
      .get()
    towns.append(
      try Store.create(
        at: path(name),
        identity: Identity(
          role: .town, realm: realm, member: member.id, generation: 1, name: name,
          title: name.capitalized, ags: "05962012", kreis: "Märkischer Kreis",
          hubURL: "https://127.0.0.1:8443", hubPin: nil),
        key: key, random: { random.next() }))
    return towns[towns.count - 1]
  }

  func path(_ name: String) -> String { directory.appendingPathComponent("\(name).sqlite").path }

  /// Pushes all that `town` has not had acknowledged.
  func push(_ town: Store) async throws {
    for log in try await town.unsent().logs {
      while let bundle = try await town.nextBundle(of: log) {
        guard case .accepted = try await hub.accept(bundle, from: town.identity.member) else {
          throw StoreError.rejected("the hub did not accept \(log)")
        }
        town.acknowledge(log, through: bundle.last)
      }
    }
  }

  /// Fetches and merges all that the hub has for `town`, in chunks of about `bytes`.
  func pull(_ town: Store, bytes: Int = 100_000) async throws {
    while true {
      let cursors = try await town.read { try $0.feedCursors() }
      let answer = try await hub.feedChunk(
        for: town.identity.member, after: cursors, includeOwn: false, bytes: bytes)
      guard case .chunk(let wire) = answer else {
        throw StoreError.rejected("the hub refuses: \(answer)")
      }
      if try await town.merge(try UnverifiedChunk(wire)) { return }
    }
  }

  func syncAll() async throws {
    for town in towns { try await push(town) }
    for town in towns { try await pull(town) }
  }

  func occasion() -> Occasion {
    now += 1
    return Occasion(at: now)
  }

  func add(_ name: String, to store: Store) throws -> RecordID {
    let kind = try Schema.directory.kind(named: "organization")
    let field = try kind.field(named: "name")
    return try store.blockingWrite { try $0.create(kind, [Edit(field, .value(name))], occasion()) }
  }

  func edit(_ id: RecordID, _ name: String, _ value: String, in store: Store) throws {
    let field = try Schema.directory.kind(named: "organization").field(named: name)
    try store.blockingWrite { _ = try $0.change(id, [Edit(field, .value(value))], occasion()) }
  }

  func value(_ id: RecordID, _ name: String, in store: Store) throws -> String? {
    let field = try Schema.directory.kind(named: "organization").field(named: name)
    return try store.blockingRead {
      try $0.state(of: id)?.shown[Register(tag: field.tag)]?.head.value
    }
  }
}

/// Compares replicas by what their files say.
func digests(_ store: Store) throws -> [Scope: ScopeDigest] {
  let report = try store.blockingRead { try $0.verify() }
  guard report.differences.isEmpty else {
    throw StoreError.stateUnknown(report.differences.joined(separator: "\n"))
  }
  return Dictionary(uniqueKeysWithValues: report.scopes.map { ($0.scope, $0) })
}

extension Store {
  /// A scrub as the daemon makes it, without its pauses.
  func scrub() async throws -> Scrub {
    var scrub = Scrub()
    while !scrub.isComplete {
      let before = scrub
      scrub = try await read { snapshot in
        var next = before
        try next.slice(snapshot)
        return next
      }
    }
    noteDamages(scrub.found)
    return scrub
  }
}
