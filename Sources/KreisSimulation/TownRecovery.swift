import Crypto
import KreisCore
import KreisStore
import SwiftProtobuf

/// How a town gets from one key generation into the next, and back from a backup.
extension TownNode {
  func key(of store: Store) -> SigningKey {
    keys[store.identity.generation] ?? replica.key
  }

  // MARK: - Key generations, as `GenerationOpener` does

  func rotate() throws {
    if store != nil { try handle(.rotate) }
  }

  func openGeneration(_ store: Store) throws {
    let generation = store.identity.generation + 1
    // On disk before the hub hears of it, so that a repetition takes the same key.
    let key = try keys[generation] ?? SigningKey(rawRepresentation: random.bytes(32))
    keys[generation] = key
    var message = WireGenerationRequest()
    message.member = member.rawValue
    message.generation = generation
    message.key = .init(VerifyingKey(of: key).bytes)
    message.signatureByNew = .init(
      try GenerationProof.make(
        realm: world.image.realm, member: member, generation: generation, key: key))
    try send("/v1/generations", try message.serializedBytes(), store) { [self] answer in
      guard case .response(let response) = answer else {
        return try handle(
          .generationOpened(.unavailable(reason: "no answer", retryAfterSeconds: nil)))
      }
      guard response.status == 200 else {
        return try handle(.generationOpened(TownSession.OpenResult(response.refusal)))
      }
      let reply = try? WireGenerationReply(serializedBytes: response.body)
      guard reply?.generation == generation else {
        return try handle(
          .generationOpened(.unavailable(reason: "it makes no sense", retryAfterSeconds: nil)))
      }
      do {
        try waiting { try await store.write { try $0.openGeneration(generation, key: key) } }
      } catch StoreError.retryLater(let reason) where disk.hasPower {
        return try handle(
          .generationOpened(.unavailable(reason: reason, retryAfterSeconds: nil)))
      }
      let unsent = try waiting { try await store.unsent() }
      try handle(.generationOpened(.opened(generation: generation, unsent: unsent.keys.sorted())))
    }
  }

  func reissue(_ store: Store) throws -> TownSession.ReissueResult {
    do {
      let recovery = try waiting { try await store.read { try $0.recovery() } }
      if recovery == .takingBackUp { return .incomplete }
      _ = try waiting { try await store.write { try $0.reissue() } }
      try ReissueChecker.check(self, store)
      return .done(unsent: try waiting { try await store.unsent() }.keys.sorted())
    } catch StoreError.retryLater(let reason) where disk.hasPower {
      return .notStored(reason: reason)
    }
  }

  // MARK: - Backups

  /// Copies the disk, as an admin does at night.
  func backUp() {
    guard store != nil, disk.hasPower else { return }
    backup = Disk(copying: disk)
  }

  /// The machine is lost, and comes back from its backup: what nobody else had seen is gone.
  func restore() throws {
    guard store != nil, disk.hasPower, let backup else { return }
    end()
    world.note("town\(index) is restored from its backup")
    disk.kill()
    disk = Disk(copying: backup)
    self.backup = nil
    wasRestored = true
    let key = keys[try Store.identity(at: disk.database).generation] ?? replica.key
    // What the backup does not have comes back from the hub, or is lost with the machine.
    let held = try Set(holdings(key))
    for entry in world.journal.entries
    where entry.log.member == member && !held.contains(entry.hash) {
      world.journal.withdraw(entry)
    }
    try start()
  }

  private func holdings(_ key: SigningKey) throws -> [Hash256] {
    var held: [Hash256] = []
    let store = try Store.open(at: disk.database, key: key, random: { 0 })
    try store.blockingRead { snapshot in try snapshot.exportLog { held.append($0.hash) } }
    return held
  }
}
