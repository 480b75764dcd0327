// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

extension Snapshot {
  /// Entries of revoked members whose values are gone here although nothing destroys them: what
  /// destroyed them stands beside its log since a hub was rebuilt, and a revoked member issues nothing
  /// again. The others hold the values, so this replica takes them back (I3). Of a member that is not
  /// revoked nothing is named: it will destroy them again.
  package func valuesLostWithABranch() throws -> [(log: LogID, sequence: UInt64)] {
    guard membership.members.values.contains(where: \.isRevoked) else { return [] }
    let records = try Int64.fetchAll(
      db,
      sql: """
        SELECT DISTINCT record FROM entry
        WHERE block IS NULL AND commitment IS NOT NULL AND record IS NOT NULL
        """)
    var out: [(log: LogID, sequence: UInt64)] = []
    for record in records {
      let entries: [LoggedEntry]
      // One that is damaged waits for its repair.
      do { entries = try ledger.entries(ofRecord: record) } catch StoreError.damaged {
        continue
      }
      let state = Fold.record(try ledger.id(of: record), entries, under: membership)
      for entry in entries
      where entry.values == nil && entry.header.hasBlock && !state.destroyed.contains(entry.hash) {
        guard entry.log.scope != .local,
          membership.members[entry.log.member]?.isRevoked ?? false
        else { continue }
        out.append((entry.log, entry.sequence))
      }
    }
    return out.sorted { ($0.log, $0.sequence) < ($1.log, $1.sequence) }
  }
}

extension Store {
  /// Takes back what `Snapshot.valuesLostWithABranch` names.
  ///
  /// - Parameter fetch: asks the hub for a log's entries from a sequence on; `nil` if it has none.
  /// - Throws: what `fetch` throws; `StoreError`.
  package func takeValuesBack(
    _ fetch: (LogID, UInt64) async throws -> UnverifiedBundle?
  ) async throws {
    var last: (log: LogID, sequence: UInt64)?
    for (log, sequence) in try await read({ try $0.valuesLostWithABranch() }) {
      if let last, last.log == log, last.sequence >= sequence { continue }
      guard let bundle = try await fetch(log, sequence), bundle.log == log else { continue }
      try await write { _ = try $0.fillValues(from: bundle) }
      last = (log, bundle.last)
    }
  }
}
