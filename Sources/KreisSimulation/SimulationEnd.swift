// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// The phase in which everything must converge, and what is checked then.
extension Simulation {
  /// Faults stop, and whoever is down comes back.
  func settle() throws {
    world.note("faults stop")
    world.plan.isActive = false
    hub.malice = nil
    hub.disk.setCapacity(0)
    hub.disk.keepPower()
    if !hub.disk.hasPower { try hub.crash(isPowerCut: true) }
    try hub.start()
    for town in towns + copies.towns {
      town.disk.setCapacity(0)
      town.disk.keepPower()
      if !town.disk.hasPower { try town.crash(isPowerCut: true) }
      try town.start()
      try town.upgrade()
      town.clock = NodeClock()
    }
    try settleSplit()
    guard let copy = copies.towns.first else { return try finish(towns) }
    // An admin decides which of the two goes on, and lets the other run afterwards without it.
    let machines = [copy, towns[copy.index]]
    let first = machines[world.random.below(2)]
    let second = machines[first === machines[0] ? 1 : 0]
    second.retire()
    try finish(towns.map { $0.index == first.index ? first : $0 })
    world.journal.dropLocal(of: first.member, first.instance)
    first.retire()
    second.isRetired = false
    try second.start()
    try finish(towns.map { $0.index == second.index ? second : $0 })
  }

  private func settleSplit() throws {
    guard split.isOpen else { return }
    var editors = try towns.map { try Editor(.town($0.index), seed: world.seed &+ 1) }
    try split.end(towns) {
      for (index, town) in towns.enumerated() {
        guard let store = town.store else { continue }
        var editor = editors[index]
        defer { editors[index] = editor }
        try town.committed(try editor.write(on: store, at: town.seconds, in: world))
      }
    }
  }

  /// Waits until everything has converged, with what admins do meanwhile.
  private func finish(_ towns: [TownNode]) throws {
    let (hub, world) = (hub, world)
    let isUpheaval = hub.instance > 0 || !copies.towns.isEmpty
    var next = world.now
    try world.run(until: world.now + LivenessChecker.limit) {
      guard world.now >= next else { return false }
      next = world.now + 5_000
      if isUpheaval { try invite(towns) }
      return try LivenessChecker.isConverged(towns, hub)
    }
    BoundsChecker.check(world, hub, towns: towns.count)
    try LivenessChecker.check(towns, hub, world)
  }

  /// Whoever has no key any more that the hub knows is invited again.
  private func invite(_ towns: [TownNode]) throws {
    guard let store = hub.store, hub.disk.hasPower else { return }
    for town in towns {
      guard let own = town.store, town.disk.hasPower else { continue }
      let generation = own.identity.generation
      let known = store.membership.key(of: town.member, generation: generation)
      if case .refused = town.session.recovery {
        try hub.inviteAgain(town)
      } else if known != VerifyingKey(of: town.keys.made(for: generation)) {
        try hub.inviteAgain(town)
      }
    }
  }

  /// An admin looks after the hub now and then.
  func attend() {
    world.plan(after: 5_000) { [self] in
      try hub.attend(running)
      attend()
    }
  }

  /// All machines, running or not.
  var machines: [TownNode] { towns + copies.towns }

  /// The machines that count: of two with one key, one.
  var running: [TownNode] {
    towns.map { town in
      guard town.isRetired, let copy = copies.towns.first, copy.index == town.index else {
        return town
      }
      return copy
    }
  }

  /// What attackers wrote, only the hub can tell; and what came from a machine before it was lost.
  private func adopt(_ hub: Store) throws {
    var journal = world.journal
    let known = journal.hashes
    var restored = Set(towns.filter(\.wasRestored).map(\.member))
    restored.formUnion(copies.towns.map(\.member))
    if self.hub.instance > 0 { restored.insert(self.hub.member) }
    try hub.blockingRead { snapshot in
      try snapshot.exportLog { entry in
        let author = entry.log.member
        guard
          world.attacks.attackers.contains(author)
            || restored.contains(author) && !known.contains(entry.hash)
        else { return }
        journal.adopt(ReplicaView.Entry(entry), 0)
      }
    }
    world.journal = journal
  }

  /// Where nothing takes effect any more; what the hub forgot with its last state does not count.
  private func noteClosings(_ membership: Membership) {
    for town in towns {
      guard let member = membership.members[town.member], member.isRevoked else { continue }
      for generation in 1...member.generation {
        for scope in [Scope.public, .kreis, .coordination(member.id)] {
          let log = LogID(member: member.id, generation: generation, scope: scope)
          world.closings[log] = membership.closing(of: log) ?? 0
        }
      }
    }
  }

  /// Nobody issues again what the second of two machines with a revoked member's key wrote, nor brings
  /// back what a lost hub and a revoked member alone had: the hub takes nothing from that member.
  private func withdrawFromRevoked(_ store: Store) throws {
    for town in towns where store.membership.members[town.member]?.isRevoked ?? false {
      world.journal.withdraw(
        fromRevoked: town.member, allBut: try store.holdings(of: town.member),
        isCopied: copies.towns.contains { $0.member == town.member })
    }
  }

  /// Whether a machine learns when a log gets another history: of two machines with one key, or of a hub
  /// that was lost. One that is revoked never does.
  private func hears(_ member: MemberID, in membership: Membership) -> Bool {
    membership.mayRead(member, .public)
      || hub.instance == 0 && !copies.towns.contains { $0.member == member }
  }

  func check() throws {
    guard let store = hub.store else { return }
    noteClosings(store.membership)
    try withdrawFromRevoked(store)
    if hub.instance > 0 { try ReissueChecker.check(hub, store) }
    let towns = running
    for town in towns {
      if let own = town.store, own.identity.generation > 1 {
        try ReissueChecker.check(town, own)
      }
    }
    // The member's own machine may have brought them up again.
    try withdrawFromRevoked(store)
    try adopt(store)
    let hubView = try ReplicaView(.hub, store)
    var views: [ReplicaView] = []
    var members: [ReplicaView] = []
    for town in towns {
      guard let own = town.store else { continue }
      let view = try ReplicaView(.town(town.index), own)
      views.append(view)
      if store.membership.mayRead(town.member, .public) { members.append(view) }
    }
    ChainChecker.check([hubView] + views.filter { hears($0.member, in: store.membership) }, world)
    FoldChecker.check([hubView] + views, world)
    PrivacyChecker.check([hubView] + views, world)
    AuthorityChecker.check([hubView] + views, world)
    ConvergenceChecker.check(members, with: hubView, world)
    AcknowledgedChecker.check([hubView] + members, world)
    world.count("conflicts", hubView.states.values.reduce(0) { $0 + $1.conflicts.count })
    try checkDisks(hubView, views)
    world.note("state \(hubView.digests.sorted { $0.key < $1.key }.map { "\($0.value.state)" })")
  }

  /// Everybody is switched off in good order, and the disks are looked at.
  private func checkDisks(_ hubView: ReplicaView, _ views: [ReplicaView]) throws {
    try hub.store?.close()
    ErasureChecker.check(hubView, hub.disk, world)
    for town in running {
      guard let store = town.store, let view = views.first(where: { $0.member == town.member })
      else { continue }
      try store.close()
      ErasureChecker.check(view, town.disk, world)
    }
  }
}
