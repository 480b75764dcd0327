// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Of two machines with one key the hub serves one (`InstanceLeases`).
enum InstanceChecker {
  static func check(_ streams: [HubStream], _ world: World) {
    var instances: [String: Set<UInt64>] = [:]
    for stream in streams where stream.query.follow == .stream && stream.connection.isOpenAtHub {
      guard let instance = stream.caller.instance else { continue }
      let key = "\(stream.caller.member)/\(stream.caller.generation)"
      instances[key, default: []].insert(instance)
    }
    for (key, found) in instances.sorted(by: { $0.key < $1.key }) where found.count > 1 {
      world.violated(.instances, "the hub serves \(found.count) instances of \(key)")
    }
  }
}
