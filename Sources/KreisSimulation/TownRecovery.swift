// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// How a town comes back from a backup.
extension TownNode {
  /// Copies the disk, as an admin does at night.
  func backUp() {
    guard let store, disk.hasPower, store.membership.members[member] != nil else { return }
    backup = Disk(copying: disk)
  }

  /// The machine is lost, and comes back from its backup: what nobody else had seen is gone.
  func restore() throws {
    guard store != nil, disk.hasPower, let backup else { return }
    end()
    world.note("\(name) is restored from its backup")
    disk.kill()
    disk = Disk(copying: backup)
    self.backup = nil
    wasRestored = true
    // What the backup does not have comes back from the hub, or is lost with the machine.
    let held = try holdings(of: member)
    for entry in world.journal.entries(of: member, instance) where !held.contains(entry.hash) {
      world.journal.withdraw(entry, instance)
    }
    try start()
  }

  /// The entries of `member` that this machine holds, whether or not it runs.
  func holdings(of member: MemberID) throws -> Set<Hash256> {
    guard disk.hasPower else { return [] }
    if let store { return try store.holdings(of: member) }
    // Looking at a machine that is down changes nothing there.
    let copy = Disk(copying: disk)
    copy.setCapacity(0)
    let generation = try Store.identity(at: copy.database).generation
    return try Store.open(
      at: copy.database, key: keys.made(for: generation), schema: schema, random: { 0 }
    ).holdings(of: member)
  }

  // MARK: - Copies

  /// Somebody copies the machine, keys and all, and lets both run.
  func copied() throws -> TownNode? {
    guard let store, disk.hasPower, store.membership.members[member] != nil else { return nil }
    let copy = try TownNode(copying: self)
    world.count(Fault.clone.rawValue)
    world.note("\(name) is copied")
    world.journal.copy(of: member, holding: try copy.holdings(of: member), from: 0, to: 1)
    try copy.start()
    return copy
  }

  /// Switches the machine off; somebody may let it run again.
  func retire() {
    guard !isRetired else { return }
    isRetired = true
    world.note("\(name) is switched off")
    end()
    disk.kill()
  }

  // MARK: - Versions

  /// A newer version of the program is installed.
  func upgrade() throws {
    guard schema != .directory else { return }
    schema = .directory
    guard store != nil, disk.hasPower else { return }
    world.note("\(name) gets a newer version")
    end()
    disk.kill()
    try start()
  }
}
