// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// Once faults stop, everything converges within a bounded number of rounds.
enum LivenessChecker {
  /// Virtual milliseconds: the longest back-off of five minutes, twice, and some rounds.
  static let limit: UInt64 = 25 * 60_000

  /// Whether nothing is left to be exchanged.
  static func isConverged(_ towns: [TownNode], _ hub: HubNode) throws -> Bool {
    guard let store = hub.store else { return false }
    for town in towns where try difference(town, store) != nil { return false }
    return true
  }

  /// What is left to be done at a town; `nil`: nothing.
  static func difference(_ town: TownNode, _ hub: Store) throws -> String? {
    guard let store = town.store else { return "it is not running" }
    if hub.isGathering || hub.halted != nil { return "the hub does not serve" }
    guard let member = hub.membership.members[town.member] else {
      return "the hub does not know it"
    }
    if member.isRevoked { return nil }
    guard case .connected = town.session.link else { return "its link is \(town.session.link)" }
    if town.session.recovery != .none { return "its recovery is \(town.session.recovery)" }
    let unsent = try waiting { try await store.unsent() }
    if !unsent.isEmpty { return "entries are unsent: \(unsent.logs)" }
    if let stopped = town.session.stopped.min(by: { $0.key < $1.key }) {
      return "the log \(stopped.key) is not pushed any more: \(stopped.value)"
    }
    if let log = try store.blockingRead({ try $0.relayableLogs(all: false) }).first {
      return "it holds more of \(log) than the hub shows"
    }
    let (ends, cursors) = (
      try hub.blockingRead { try $0.feedEnds(for: member.id) },
      try store.blockingRead { try $0.feedCursors() }
    )
    if ends != cursors { return "its feeds end elsewhere than the hub's" }
    return nil
  }

  static func check(_ towns: [TownNode], _ hub: HubNode, _ world: World) throws {
    guard let store = hub.store else { return world.violated(.liveness, "the hub is not running") }
    for town in towns {
      if let difference = try difference(town, store) {
        world.violated(.liveness, "town\(town.index): \(difference)")
      }
    }
  }
}
