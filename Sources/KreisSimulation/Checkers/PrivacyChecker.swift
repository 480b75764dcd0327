// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore

/// No value reaches a node that is not entitled to it (I7), and none that was destroyed stays.
enum PrivacyChecker {
  /// Marks values of a coordination scope; the town's member id follows.
  static let coordination = "nur-"
  /// Marks values that never leave their machine.
  static let local = "hier-bleibend"

  private static let coordinationMark = Data(coordination.utf8)
  private static let localMark = Data(local.utf8)

  /// What a town sends.
  static func checkSent(_ bytes: [UInt8], by town: Int, _ world: World) {
    if Data(bytes).range(of: localMark) != nil {
      world.violated(.privacy, "town\(town) sends a value that is to stay on its machine")
    }
  }

  /// What a town is sent.
  static func checkReceived(_ bytes: [UInt8], by town: TownNode) {
    let bytes = Data(bytes)
    let own = Data(town.member.description.utf8)
    if bytes.range(of: localMark) != nil {
      town.world.violated(.privacy, "town\(town.index) is sent a value of another machine")
    }
    var rest = bytes.startIndex..<bytes.endIndex
    while let mark = bytes.range(of: coordinationMark, in: rest) {
      if bytes[mark.upperBound...].prefix(own.count) != own {
        town.world.violated(.privacy, "town\(town.index) is sent coordination of another town")
      }
      rest = mark.upperBound..<bytes.endIndex
    }
  }

  static func check(_ replicas: [ReplicaView], _ world: World) {
    for replica in replicas {
      for (log, entries) in replica.logs.sorted(by: { $0.key < $1.key }) {
        if !isEntitled(replica, log.scope, log.member, world) {
          world.violated(.privacy, "\(replica.node) holds \(log)")
        }
        for (sequence, entry) in entries {
          guard entry.values != nil, let record = entry.header.record,
            replica.states[record]?.destroyed.contains(entry.hash) == true
          else { continue }
          world.violated(
            .privacy, "\(replica.node) still holds the destroyed values of \(log)/\(sequence)")
        }
      }
    }
  }

  private static func isEntitled(
    _ replica: ReplicaView, _ scope: Scope, _ author: MemberID, _ world: World
  ) -> Bool {
    switch scope {
    case .public, .kreis: true
    case .coordination(let town): replica.node == .hub || replica.member == town
    case .local: replica.member == author
    }
  }
}
