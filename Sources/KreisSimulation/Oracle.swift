// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// What every record must look like, computed from the journal: a model of the merge that shares no
/// code with it. It knows what each author was shown, not what its headers say.
struct Oracle {
  struct Place: Hashable, Comparable {
    let record: RecordID
    let scope: Scope
    let register: Register

    static func < (left: Place, right: Place) -> Bool {
      (left.record, left.scope, left.register) < (right.record, right.scope, right.register)
    }
  }

  struct Head: Hashable, CustomStringConvertible {
    let hash: Hash256
    let content: Write.Content
    let value: String?

    init(hash: Hash256, content: Write.Content, value: String?) {
      (self.hash, self.content, self.value) = (hash, content, value)
    }

    init(_ head: KreisCore.Head) {
      self.init(hash: head.hash, content: head.content, value: head.value)
    }

    var description: String { "\(hash.reference) \(content) \(value ?? "-")" }
  }

  private struct Node {
    let entry: Journal.Entry
    let index: Int
    let isEffective: Bool

    var write: Write { entry.header.writes[index] }
  }

  private let world: World
  private let hub: MemberID
  private var nodes: [Place: [Node]] = [:]
  private var orders: [RecordID: [Journal.Entry]] = [:]

  init(_ world: World) {
    self.world = world
    hub = world.image.hub.identity.member
    for entry in world.journal.entries {
      guard let record = entry.header.record else { continue }
      switch entry.header.kind {
      case .write:
        var registers: Set<Register> = []
        for (index, write) in entry.header.writes.enumerated()
        where registers.insert(write.register).inserted {
          let place = Place(record: record, scope: entry.log.scope, register: write.register)
          nodes[place, default: []].append(
            Node(entry: entry, index: index, isEffective: isEffective(entry, on: record)))
        }
      case .restate, .erase:
        if !isBeyondClosing(entry) { orders[record, default: []].append(entry) }
      case .control, .unknown: break
      }
    }
  }

  private func isBeyondClosing(_ entry: Journal.Entry) -> Bool {
    world.closings[entry.log].map { entry.sequence > $0 } ?? false
  }

  private func isEffective(_ entry: Journal.Entry, on record: RecordID) -> Bool {
    if isBeyondClosing(entry) { return false }
    if entry.log.scope == .local || entry.log.member == hub { return true }
    if case .coordination(let town) = entry.log.scope, town != entry.log.member { return false }
    return record.creator == entry.log.member
  }

  /// The heads of every register that `member` may see, the winner first.
  func states(visibleTo member: MemberID) -> [Place: [Head]] {
    var out: [Place: [Head]] = [:]
    for (place, all) in nodes {
      guard isVisible(place.scope, to: member) else { continue }
      // What is local stays on its machine; what lies beyond a closing, on its author's.
      let held = all.filter { node in
        node.entry.log.member == member
          || node.entry.log.scope != .local && !isBeyondClosing(node.entry)
      }
      let heads = heads(held, of: place)
      if !heads.isEmpty { out[place] = heads }
    }
    return out
  }

  private func isVisible(_ scope: Scope, to member: MemberID) -> Bool {
    switch scope {
    case .public, .kreis, .local: true
    case .coordination(let town): member == hub || member == town
    }
  }

  private func heads(_ nodes: [Node], of place: Place) -> [Head] {
    var covered: Set<Hash256> = []
    var pending = nodes.filter(\.isEffective).flatMap {
      world.journal.seen(by: $0.entry, place.register)
    }
    let byHash = Dictionary(
      nodes.map { ($0.entry.hash, $0) }, uniquingKeysWith: { first, _ in first })
    while let hash = pending.popLast() {
      guard let node = byHash[hash], covered.insert(hash).inserted else { continue }
      pending += world.journal.seen(by: node.entry, place.register)
    }
    return nodes.filter { $0.isEffective && !covered.contains($0.entry.hash) }
      .sorted(by: wins)
      .map { node in
        Head(hash: node.entry.hash, content: node.write.content, value: value(of: node, at: place))
      }
  }

  private func wins(_ left: Node, _ right: Node) -> Bool {
    let withdraws = (left.write.content == .withdrawn, right.write.content == .withdrawn)
    if withdraws.0 != withdraws.1 { return withdraws.0 }
    let times = (left.entry.header.recordedAt, right.entry.header.recordedAt)
    return times.0 == times.1 ? left.entry.hash > right.entry.hash : times.0 > times.1
  }

  /// The value as its author gave it, unless it was destroyed and not supplied anew.
  private func value(of node: Node, at place: Place) -> String? {
    guard node.write.content == .value else { return nil }
    let log = node.entry.log
    var latest: Journal.Entry?
    for order in orders[place.record] ?? [] {
      if order.header.kind == .erase, order.log.member == hub, order.log.scope != .local,
        place.scope.kind >= order.log.scope.kind
      {
        return nil
      }
      guard order.log.member == log.member, order.log.scope == log.scope,
        (order.log.generation, order.sequence) > (log.generation, node.entry.sequence)
      else { continue }
      let at = (order.log.generation, order.sequence)
      if latest.map({ ($0.log.generation, $0.sequence) < at }) ?? true { latest = order }
    }
    guard let latest else {
      let index = node.entry.header.writes[..<node.index].count { $0.content == .value }
      return node.entry.values?.values[index]
    }
    for (index, write) in latest.header.writes.enumerated()
    where write.register == place.register && write.origin == node.entry.hash.reference {
      return latest.values?.values[index]
    }
    return nil
  }
}
