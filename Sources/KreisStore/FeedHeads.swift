import Foundation
import GRDB
package import KreisCore

extension Snapshot {
  /// The hub's signed heads that this replica verified last, one for each feed that holds anything.
  package func feedHeads() throws -> [FeedHead] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT scope, town, hub_generation, position, hash, signature FROM feed_head
        ORDER BY scope, town
        """)
    return try rows.map { row in
      FeedHead(
        hubGeneration: UInt32(row[2] as Int64), scope: try row.scope(0),
        at: FeedPosition(position: UInt64(row[3] as Int64), hash: try row.hash(4)),
        signature: try row.bytes(5) ?? [])
    }
  }
}
