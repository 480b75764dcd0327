// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// Machines that were copied from others, and run beside them.
final class Copies {
  var towns: [TownNode] = []
}

/// The phase in which faults strike.
extension Simulation {
  mutating func planFaults() {
    let plan = world.plan
    for _ in 0..<random.within(1...4) {
      let at = random.chance(50) ? busyHour() : UInt64(random.below(Int(safety)))
      guard let town = random.pick(towns) else { return }
      if plan.faults.contains(.crash) {
        let isHub = random.chance(30)
        self.plan(.crash, at) { [hub] in
          if isHub {
            try hub.crash(isPowerCut: false)
          } else {
            try town.crash(isPowerCut: false)
          }
        }
      }
      if plan.faults.contains(.powerCut) {
        let isHub = random.chance(30)
        self.plan(.powerCut, at) { [hub] in if isHub { hub.endanger() } else { town.endanger() } }
      }
      if plan.faults.contains(.diskFull) {
        let disk = random.chance(30) ? hub.disk : town.disk
        let room = UInt64(random.within(0...60_000))
        let length = UInt64(random.within(10...300)) * 1_000
        self.plan(.diskFull, at) { [world] in
          disk.setCapacity(disk.size + room)
          world.plan(after: length) { disk.setCapacity(0) }
        }
      }
      if plan.faults.contains(.partition) {
        let length = UInt64(random.within(10...400)) * 1_000
        let isForAll = random.chance(70)
        self.plan(.partition, at) { [network, world, towns] in
          for other in towns where isForAll || other === town {
            network.cut(other.index, until: world.now + length)
          }
        }
      }
      if plan.faults.contains(.rotate) {
        self.plan(.rotate, at) { try town.rotate() }
      }
      if plan.faults.contains(.restore), !town.isToBeRestored {
        town.isToBeRestored = true
        let later = at + UInt64(random.within(1...400)) * 1_000
        self.plan(nil, at) { town.backUp() }
        self.plan(.restore, min(later, safety)) { [self] in
          do {
            try town.restore()
            try hub.forgetLost(machines)
          } catch let error as StoreError { try town.failed(error) }
        }
      }
      // An admin who is impatient, whatever the state.
      self.plan(nil, at) { try town.retryNow() }
      if plan.faults.contains(.clock) {
        self.plan(.clock, at) { [world] in
          let what = town.clock.disturb(&world.random, at: world.now)
          world.note("town\(town.index) clock \(what)")
        }
      }
    }
    planUpheaval()
    if let attacker {
      for _ in 0..<random.within(3...12) {
        world.plan(after: UInt64(random.below(Int(safety)))) { [world] in
          if world.plan.isActive { try attacker.strike() }
        }
      }
    }
    if plan.faults.contains(.maliciousHub) { planMalice() }
    if plan.faults.contains(.revoke), let town = random.pick(towns) {
      let at = UInt64(random.below(Int(safety)))
      self.plan(.revoke, at) { [self] in
        do { try revoke(town) } catch let error as StoreError { try hub.failed(error) }
      }
    }
  }

  private func plan(_ fault: Fault?, _ at: UInt64, _ strike: @escaping () throws -> Void) {
    world.plan(after: at) { [world] in
      guard world.plan.isActive else { return }
      if let fault { world.count(fault.rawValue) }
      try strike()
    }
  }

  private mutating func planUpheaval() {
    let (faults, at) = (world.plan.faults, UInt64(random.below(Int(safety))))
    let later = min(safety, at + UInt64(random.within(10...400)) * 1_000)
    guard let town = random.pick(towns) else { return }
    if faults.contains(.clone) {
      let hours = (0..<random.within(2...8)).map { _ in UInt64(random.below(200_000)) }
      plan(nil, at) { [self] in try copy(town, hours) }
    }
    if faults.contains(.hubLost) {
      plan(nil, UInt64(random.below(Int(safety)))) { [self] in try hub.lose(machines) }
    }
    if faults.contains(.hubRestored) {
      plan(nil, at) { [hub] in hub.backUp() }
      plan(nil, later) { [self] in try hub.restore(machines) }
    }
    if faults.contains(.splitView) {
      var deceived = towns.filter { _ in random.chance(50) }
      if deceived.isEmpty || deceived.count == towns.count { deceived = [town] }
      let some = deceived
      plan(nil, at) { [split] in try split.begin(some) }
    }
    for older in towns where older.schema != .directory {
      plan(.olderVersion, UInt64(random.below(Int(safety)))) {
        do { try older.upgrade() } catch let error as StoreError { try older.failed(error) }
      }
    }
  }

  private func copy(_ town: TownNode, _ hours: [UInt64]) throws {
    guard let copy = try town.copied() else { return }
    copies.towns.append(copy)
    var editor = try Editor(.town(town.index), instance: 1, seed: world.seed)
    for hour in hours {
      world.plan(after: hour) { [self] in
        if world.plan.isActive { try act(&editor, at: copy) }
      }
    }
  }

  /// What a version before this one did not know.
  static let olderVersion = Schema.directory.without(
    kinds: ["document"], fields: ["city", "keywords"])

  private mutating func planMalice() {
    for _ in 0..<random.within(1...3) {
      guard let kind = random.pick(HubMalice.Kind.allCases) else { return }
      let at = UInt64(random.below(Int(safety)))
      let length = UInt64(random.within(10...120)) * 1_000
      let malice = HubMalice(kind, random)
      _ = random.next()
      world.plan(after: at) { [hub] in hub.malice = malice }
      world.plan(after: at + length) { [hub] in hub.malice = nil }
    }
  }

  /// The hub closes a member's logs where it holds them.
  private func revoke(_ town: TownNode) throws {
    guard let store = hub.store, !store.isGathering, store.halted == nil,
      store.membership.members[town.member] != nil
    else { return }
    try store.revoke(town.member, at: hub.clock)
    world.note("hub revokes town\(town.index)")
    hub.wake()
  }
}
