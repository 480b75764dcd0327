// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// A hub that shows two towns different histories: it keeps two, and answers by who asks. It cannot
/// keep what the towns state from the others for ever.
final class SplitView {
  private let world: World
  private let network: Network
  private let hub: HubNode
  private(set) var other: HubNode?
  private var deceived: [TownNode] = []

  init(_ world: World, _ network: Network, _ hub: HubNode) {
    self.world = world
    self.network = network
    self.hub = hub
  }

  var isOpen: Bool { other != nil }

  /// From now on some of the towns are shown another history.
  func begin(_ towns: [TownNode]) throws {
    guard other == nil, hub.store != nil, hub.disk.hasPower else { return }
    world.count(Fault.splitView.rawValue)
    let other = HubNode(copying: hub)
    try other.start()
    self.other = other
    deceived = towns
    for town in towns {
      world.note("\(town.name) is shown another history")
      network.route(town.index, to: other)
    }
    hub.drop(Set(towns.map(\.member)))
    try pass()
  }

  /// What is stated on one side reaches the other.
  private func pass() throws {
    guard let other else { return }
    if let left = hub.store, let right = other.store, hub.disk.hasPower, other.disk.hasPower {
      do {
        try copy(from: left, to: right)
        try copy(from: right, to: left)
      } catch let error as StoreError {
        if case .retryLater = error {
        } else {
          try (hub.disk.hasPower ? other : hub).failed(error)
        }
      }
    }
    world.plan(after: 15_000) { [self] in try pass() }
  }

  private func copy(from one: Store, to other: Store) throws {
    let hub = hub.member
    try waiting {
      let statements = try await one.read { try $0.statements(for: hub) }
      try await other.saveStatements(statements)
    }
  }

  /// Both sides go on until everybody could have seen it, and then there is one history again.
  ///
  /// - Parameter news: has something happen on both sides.
  func end(_ towns: [TownNode], news: () throws -> Void) throws {
    guard let other else { return }
    try other.start()
    // Until everybody has noticed what broke in bad times. The news have all state what they verified,
    // the second ones have them compare.
    try world.run(until: world.now + 280_000)
    try news()
    try world.run(until: world.now + 90_000)
    try news()
    try world.run(until: world.now + 150_000)
    SplitViewChecker.check(deceived, towns.filter { town in !deceived.contains { $0 === town } })
    self.other = nil
    for town in deceived { network.route(town.index, to: hub) }
    other.isRetired = true
    other.end()
    other.disk.kill()
  }
}
