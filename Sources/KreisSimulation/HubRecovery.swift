// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore

/// How a hub is lost, or set back, and what its admin does then.
extension HubNode {
  /// Copies the disk, as an admin does at night.
  func backUp() {
    guard let store, disk.hasPower, !store.isGathering, store.halted == nil else { return }
    backup = Disk(copying: disk)
  }

  /// The machine is set back to its backup, and does not know it.
  func restore(_ towns: [TownNode]) throws {
    guard store != nil, disk.hasPower, let backup else { return }
    world.count(Fault.hubRestored.rawValue)
    world.note("\(name) is set back to its backup")
    end()
    disk.kill()
    disk = Disk(copying: backup)
    disk.setCapacity(0)
    self.backup = nil
    // The file of the root key may be part of what is set back.
    if world.random.chance(50) { noted = try Store.identity(at: disk.database).generation }
    try begin(anew: try holdings(of: member), towns)
    try start()
  }

  /// The machine is lost with all its backups: an empty one takes its place, and gathers. Not before
  /// all towns were there: one that joined has what admitted it.
  func lose(_ towns: [TownNode]) throws {
    guard let store, disk.hasPower,
      towns.allSatisfy({ $0.store?.membership.members[$0.member] != nil })
    else {
      return world.plan(after: 10_000) { [self] in if world.plan.isActive { try lose(towns) } }
    }
    world.count(Fault.hubLost.rawValue)
    world.note("\(name) is lost")
    let lost = store.identity
    end()
    disk.kill()
    let (empty, entropy) = (Disk(), entropy)
    do {
      // Closed when it is let go; it is a replica only when all of it is durable.
      _ = try Store.createGathering(
        at: empty.database, identity: lost, key: keys.fresh(), random: { entropy.next() })
    }
    disk = Disk(copying: try RealmImage.closed(empty))
    try begin(anew: [], towns)
    try start()
  }

  /// What nobody holds any more is gone; the rest must come back, be it as it was or issued again.
  private func begin(anew held: Set<Hash256>, _ towns: [TownNode]) throws {
    try withdraw(allBut: held, towns)
    try endanger(towns)
    world.journal.copy(of: member, holding: held, from: instance, to: instance + 1)
    world.journal.forgetPushed()
    instance += 1
    visits = []
  }

  /// A town's machine may have held the last copy of what the hub had lost before.
  func forgetLost(_ towns: [TownNode]) throws {
    guard instance > 0 else { return }
    try withdraw(allBut: try holdings(of: member), towns)
    try endanger(towns)
  }

  /// Notes what of a town's only its own machines hold, should it be revoked.
  private func endanger(_ towns: [TownNode]) throws {
    guard world.plan.faults.contains(.revoke) else { return }
    for author in Set(towns.map(\.member)).sorted() {
      var held = try holdings(of: author)
      for town in towns where town.member != author {
        held.formUnion(try town.holdings(of: author))
      }
      world.journal.endanger(of: author, allBut: held)
    }
  }

  private func withdraw(allBut held: Set<Hash256>, _ towns: [TownNode]) throws {
    var known = held
    for town in towns { known.formUnion(try town.holdings(of: member)) }
    for instance in 0...instance {
      for entry in world.journal.entries(of: member, instance) where !known.contains(entry.hash) {
        world.journal.withdraw(entry, instance)
      }
    }
  }

  /// The entries of `author` that the hub's machine holds, whether or not it runs.
  private func holdings(of author: MemberID) throws -> Set<Hash256> {
    if let store, disk.hasPower { return try store.holdings(of: author) }
    let copy = Disk(copying: disk)
    copy.setCapacity(0)
    let key = keys.made(for: try Store.identity(at: copy.database).generation)
    return try Store.open(at: copy.database, key: key, random: { 0 }).holdings(of: author)
  }

  /// How often an admin looks whether everybody was there.
  private static let patience = 6

  // MARK: - Recovery, as `hub init --recover` and `hub gather --close` do it

  /// An admin looks whether the hub needs help.
  func attend(_ towns: [TownNode]) throws {
    guard let store, !isBeingRecovered, disk.hasPower else { return }
    if store.isGathering {
      isBeingRecovered = true
      // In bad times an admin may be too fast; in good ones not before everybody was there.
      let patience = UInt64(world.plan.isActive ? world.random.within(20...200) : 30) * 1_000
      world.plan(after: patience) { [self] in
        isBeingRecovered = false
        try close(towns)
      }
    } else if store.halted != nil {
      visits = []
      do throws(StoreError) { try store.startGathering() } catch { return try failed(error) }
      world.note("\(name) gathers")
    }
  }

  private func close(_ towns: [TownNode]) throws {
    guard let store, store.isGathering, disk.hasPower else { return }
    let isComplete = towns.allSatisfy { $0.isRetired || visits.contains($0.member) }
    // A town that holds nothing has nothing to offer: nobody waits for it for ever.
    looks += 1
    guard world.plan.isActive || isComplete || looks > Self.patience else { return }
    looks = 0
    do {
      let renewal = try store.blockingRead { try $0.renewal() }
      let generation = max(renewal.generation, noted + 1)
      if renewal.gathered < generation - 1 {
        // An admin waits for a town that followed it, or knows that there is none.
        world.note("\(name) lacks generation \(generation - 1)")
        guard isComplete || world.random.chance(30) else { return }
        world.count("hub generations left out")
      }
      let key = keys.made(for: generation)
      try store.closeGathering(
        try RootCertificate(
          certifying: VerifyingKey(of: key), of: renewal.hub, generation: generation,
          closing: renewal.closes, title: renewal.title, ags: renewal.ags,
          with: world.image.root), key: key, at: clock)
      noted = generation
      world.count("hub generations")
      world.note("\(name) serves in generation \(generation)")
    } catch StoreError.rejected(let reason, _) {
      world.note("\(name) goes on gathering: \(reason)")
    } catch let error as StoreError { try failed(error) }
  }

  /// Invites a member that has no key any more which the hub knows, and the member takes it up.
  func inviteAgain(_ town: TownNode) throws {
    guard let store, let own = town.store, !store.isGathering, store.halted == nil,
      let member = store.membership.members[town.member], !member.isRevoked
    else { return }
    world.note("\(name) invites \(town.name) again")
    let (now, key, held) = (clock, town.keys.fresh(), own.identity.generation)
    do {
      try store.saveInvite(
        StoredInvite(
          name: member.name, title: member.title, ags: member.ags, secret: [1],
          expiresAt: now + 3_600, member: member.id), at: now)
      let granted = try waiting {
        try await store.join(
          name: member.name, key: VerifyingKey(of: key), holding: held, at: now
        ) { _ in true }
      }
      guard case .success(let member) = granted else {
        return world.violated(.soundness, "\(town.name) cannot be invited again: \(granted)")
      }
      town.keys.put(key, for: member.generation)
      try own.blockingWrite { try $0.openGeneration(member.generation, key: key) }
      wake()
      town.end()
      town.disk.kill()
      try town.start()
    } catch let error as StoreError { try failed(error) }
  }
}

extension Store {
  /// The entries of `member` that are held here.
  func holdings(of member: MemberID) throws -> Set<Hash256> {
    var held: Set<Hash256> = []
    try blockingRead { snapshot in
      try snapshot.exportLog { if $0.log.member == member { held.insert($0.hash) } }
    }
    return held
  }
}
