// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore
import KreisStore
import Testing

// What admins and daemons do on bad days, by calling the stores directly.
extension Federation {
  /// What every town may read is the same there as at the hub, and nothing is left to offer.
  func expectTownsHoldWhatTheHubHolds() throws {
    let expected = try digests(hub)
    for town in towns {
      let found = try digests(town)
      for scope in [Scope.public, .kreis, .coordination(town.identity.member)] {
        #expect(found[scope] == expected[scope], "\(town.identity.name) \(scope)")
      }
      #expect(try town.blockingRead { try $0.relayableLogs(all: false) }.isEmpty)
    }
  }

  /// Copies a replica's database as `kreisnetz backup` would.
  func backUp(_ name: String) throws -> String {
    let copy = directory.appendingPathComponent("\(name)-\(UUID().uuidString).backup").path
    try DatabaseQueue(path: path(name)).writeWithoutTransaction { db in
      try db.execute(sql: "VACUUM INTO ?", arguments: [copy])
    }
    return copy
  }

  /// Closes a town's store and opens it again, as after a crash.
  func reopen(_ index: Int) throws {
    let name = towns[index].identity.name
    let key = try requiredKey(name)
    towns.remove(at: index)
    let random = random
    towns.insert(try Store.open(at: path(name), key: key, random: { random.next() }), at: index)
  }

  /// Puts a backup in a town's place. Its key stays where it is, outside the database.
  func restore(_ index: Int, from backup: String) throws {
    let name = towns[index].identity.name
    towns.remove(at: index)
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: path(name) + suffix)
    }
    try FileManager.default.copyItem(atPath: backup, toPath: path(name))
    let key = try requiredKey(name)
    let random = random
    towns.insert(try Store.open(at: path(name), key: key, random: { random.next() }), at: index)
  }

  func requiredKey(_ name: String) throws -> SigningKey {
    guard let key = keys[name] else { throw StoreError.rejected("no key of \(name)") }
    return key
  }

  /// Has the hub open a town's next key generation, and the town move on to it.
  func openNextGeneration(_ index: Int) async throws {
    let town = towns[index]
    let key = SigningKey()
    let member = town.identity.member
    let next = (hub.membership.members[member]?.generation ?? 0) + 1
    _ = try await hub.grant(member, generation: next, key: VerifyingKey(of: key), at: now).get()
    keys[town.identity.name] = key
    try town.blockingWrite { try $0.openGeneration(next, key: key) }
  }

  /// Invites a town again whose keys the hub does not know, and has it move on.
  func inviteAgain(_ index: Int) async throws {
    let town = towns[index]
    let (name, key, held) = (town.identity.name, SigningKey(), town.identity.generation)
    try hub.saveInvite(
      StoredInvite(
        name: name, title: town.identity.title, ags: town.identity.ags, secret: [1, 2, 3],
        expiresAt: now + 3_600, member: town.identity.member), at: now)
    let member = try await hub.join(
      name: name, key: VerifyingKey(of: key), holding: held, at: now
    ) { _ in true }.get()
    keys[name] = key
    try town.blockingWrite { try $0.openGeneration(member.generation, key: key) }
  }

  /// What one exchange of a town with the hub found.
  enum Exchange { case done, needsGeneration }

  /// Pushes and pulls once, as the session does.
  func pushAndPull(_ index: Int, bytes: Int = 100_000) async throws -> Exchange {
    let town = towns[index]
    if try town.blockingRead({ $0.feedGeneration }) < hub.identity.generation {
      do { try await followAnew(index, bytes: bytes) } catch ChunkError.hubKnowsMore {
        return .needsGeneration
      }
    }
    if town.isClosed { return .needsGeneration }
    for log in try await town.unsent().logs {
      while let bundle = try await town.nextBundle(of: log) {
        switch try await hub.accept(bundle, from: town.identity.member) {
        case .accepted, .gathered: town.acknowledge(log, through: bundle.last)
        case .conflict(let held):
          guard try await town.rewind(log, to: held?.head) else { return .needsGeneration }
        case .refused(let reason): throw StoreError.rejected(reason)
        }
      }
    }
    while true {
      let cursors = try await town.read { try $0.feedCursors() }
      let own = try town.blockingRead { try $0.recovery() } != .none
      let answer = try await hub.feedChunk(
        for: town.identity.member, after: cursors, includeOwn: own, bytes: bytes)
      guard case .chunk(let wire) = answer else {
        throw StoreError.rejected("the hub refuses: \(answer)")
      }
      do {
        if try await town.merge(try UnverifiedChunk(wire)) { break }
      } catch ChunkError.hubKnowsMore { return .needsGeneration }
    }
    try await relay(index, all: false)
    return .done
  }

  /// Follows the feeds of the hub's new generation: heads first, bundles where they are missing.
  func followAnew(_ index: Int, bytes: Int) async throws {
    let town = towns[index]
    var cursors: [Scope: FeedPosition] = [:]
    while true {
      let answer = try await hub.feedChunk(
        for: town.identity.member, after: cursors, includeOwn: false, headsOnly: true,
        bytes: bytes)
      guard case .chunk(let wire) = answer else {
        throw StoreError.rejected("the hub refuses: \(answer)")
      }
      let chunk = try UnverifiedChunk(wire)
      var bundles: [Int: UnverifiedBundle] = [:]
      for part in try await town.missing(in: chunk) {
        bundles[part.item] = try await hub.read { try $0.bundle(of: part.log, from: part.first) }
      }
      if try await town.merge(chunk.filled(with: bundles)) { return }
      cursors = try await town.read { try $0.feedCursors() }
    }
  }

  /// Offers the hub what it may lack.
  func relay(_ index: Int, all: Bool) async throws {
    let (town, hub) = (towns[index], hub)
    for log in try await town.read({ try $0.relayableLogs(all: all) }) {
      let refusal = try await town.relay(log) { bundle in
        switch try await hub.accept(bundle, from: town.identity.member) {
        case .accepted, .gathered: .taken
        case .conflict(let held): .held(held)
        case .refused(let reason): .refused(reason: reason)
        }
      }
      if let refusal { throw StoreError.rejected("\(log): \(refusal)") }
    }
  }

  /// Puts an empty hub in the place of a lost one. Only its id and generation are known.
  func loseHub() throws {
    let random = random
    let lost = hub.identity
    let key = SigningKey()
    keys["hub"] = key
    hub = try Store.createGathering(
      at: path("hub-\(UUID().uuidString)"), identity: lost, key: key, random: { random.next() })
  }

  /// Puts a backup in the hub's place. It does not know yet that it is one.
  func restoreHub(from backup: String) throws {
    let random = random
    hub = try Store.open(at: backup, key: try requiredKey("hub"), random: { random.next() })
  }

  /// Opens the hub's next generation with the root key.
  func closeGathering() throws {
    let renewal = try hub.blockingRead { try $0.renewal() }
    let key = SigningKey()
    keys["hub"] = key
    try hub.closeGathering(
      try RootCertificate(
        certifying: VerifyingKey(of: key), of: renewal.hub, generation: renewal.generation,
        closing: renewal.closes, title: renewal.title, ags: renewal.ags, with: root),
      key: key, at: now)
  }

  /// A second instance of a town, with the same database and key.
  func clone(_ index: Int) throws -> Store {
    let name = towns[index].identity.name
    let random = random
    return try Store.open(
      at: try backUp(name), key: try requiredKey(name), random: { random.next() })
  }

  /// Has a clone of town 0 and town 0 itself change one record beside each other. The hub is shown both
  /// histories, the clone's first, so town 0 needs its next key generation.
  ///
  /// - Parameter more: writes more in town 0's history.
  func fork(more: (RecordID) throws -> Void = { _ in }) async throws -> RecordID {
    let id = try add("Kita", to: towns[0])
    try await settle()
    let clone = try clone(0)
    try edit(id, "name", "Kita Nord", in: clone)
    try await push(clone)
    try edit(id, "name", "Kita Süd", in: towns[0])
    try more(id)
    #expect(try await pushAndPull(0) == .needsGeneration)
    return id
  }

  /// Fetches what the hub keeps beside the town's own earlier logs.
  func adoptBranches(_ index: Int) async throws {
    let town = towns[index]
    guard town.identity.generation > 1 else { return }
    var cursor: Int64 = 0
    while let next = try await hub.read({ [cursor] snapshot in
      try snapshot.branch(of: town.identity.member, after: cursor)
    }) {
      try town.blockingWrite { try $0.adopt(next.bundle) }
      cursor = next.cursor
    }
  }

  /// Exchanges until the town has nothing left to recover. Between any two steps the town's store is
  /// opened anew where `crashes` says so.
  func exchange(
    _ index: Int, bytes: Int = 100_000, crashes: () -> Bool = { false }
  ) async throws {
    for _ in 0..<12 {
      if crashes() { try reopen(index) }
      if try await pushAndPull(index, bytes: bytes) == .needsGeneration {
        if crashes() { try reopen(index) }
        try await openNextGeneration(index)
        continue
      }
      if crashes() { try reopen(index) }
      try await adoptBranches(index)
      guard case .ready = try towns[index].blockingRead({ try $0.recovery() }) else { return }
      try towns[index].blockingWrite { _ = try $0.reissue() }
    }
    throw StoreError.rejected("the town does not come to an end")
  }

  /// Everybody exchanges until nobody has anything new.
  func settle(bytes: Int = 100_000, crashes: () -> Bool = { false }) async throws {
    for _ in 0..<3 {
      for index in towns.indices { try await exchange(index, bytes: bytes, crashes: crashes) }
    }
  }

  /// The values that compete for a field, sorted.
  func heads(_ id: RecordID, _ name: String, in store: Store) throws -> [String] {
    let field = try Schema.directory.kind(named: "organization").field(named: name)
    return try store.blockingRead { snapshot in
      let state = try snapshot.state(of: id)
      return (state?.scopes[.public]?.registers[Register(tag: field.tag)] ?? [])
        .compactMap(\.value).sorted()
    }
  }
}
