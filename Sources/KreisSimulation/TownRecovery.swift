import KreisCore
import KreisStore

/// How a town comes back from a backup.
extension TownNode {
  /// Copies the disk, as an admin does at night.
  func backUp() {
    guard store != nil, disk.hasPower else { return }
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
    let held = try holdings()
    for entry in world.journal.entries(of: member, instance) where !held.contains(entry.hash) {
      world.journal.withdraw(entry, instance)
    }
    try start()
  }

  /// What the disk of a machine that does not run holds.
  private func holdings() throws -> Set<Hash256> {
    var held: Set<Hash256> = []
    let generation = try Store.identity(at: disk.database).generation
    let store = try Store.open(
      at: disk.database, key: keys.made(for: generation), random: { 0 })
    try store.blockingRead { snapshot in try snapshot.exportLog { held.insert($0.hash) } }
    return held
  }
}
