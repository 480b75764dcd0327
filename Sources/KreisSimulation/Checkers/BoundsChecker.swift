// SPDX-License-Identifier: EUPL-1.2

/// Memory and queues stay bounded (I5), and nobody asks in a tight loop.
enum BoundsChecker {
  /// Requests of one town in one virtual minute.
  private static let requests = 100
  /// Events that wait, for each node.
  private static let events = 400

  static func check(_ town: TownNode) {
    let name = "town\(town.index)"
    town.world.countMost("most requests a minute", town.requestsThisMinute)
    if town.requestsThisMinute > requests {
      town.world.violated(.bounds, "\(name) makes \(town.requestsThisMinute) requests a minute")
    }
    if town.connections > 1 {
      town.world.violated(.bounds, "\(name) follows the feed \(town.connections) times at once")
    }
    for (log, count) in town.pushes.sorted(by: { $0.key < $1.key }) where count > 1 {
      town.world.violated(.bounds, "\(name) pushes \(log) \(count) times at once")
    }
    if town.timerCount > 10 {
      town.world.violated(.bounds, "\(name) has \(town.timerCount) timers")
    }
  }

  static func check(_ world: World, _ hub: HubNode, towns: Int) {
    if world.pending > events * (towns + 1) {
      world.violated(.bounds, "\(world.pending) events wait")
    }
    if hub.openStreams > 8 * towns {
      world.violated(.bounds, "the hub keeps \(hub.openStreams) streams open")
    }
  }
}
