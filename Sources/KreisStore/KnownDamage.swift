// SPDX-License-Identifier: EUPL-1.2

import GRDB

/// What was found damaged since the replica was opened: whoever meets a damage notes it, the status
/// shows it, and a complete look at everything says which are still there.
extension Store {
  /// What is shown of it at most.
  private static let damageLimit = 1_000

  /// In the order of their texts.
  package var damages: [Damage] {
    withCache { $0.damages }.sorted { $0.finding < $1.finding }
  }

  func note(_ damage: Damage) {
    withCache { cache in
      if cache.damages.count < Self.damageLimit { cache.damages.insert(damage) }
    }
  }

  /// Replaces all that was noted by what a look at everything found.
  package func noteDamages(_ found: Set<Damage>) { withCache { $0.damages = found } }

  func noted(_ error: any Error) -> StoreError {
    let error = StoreError(error)
    if case .damaged(let damage) = error { note(damage) }
    return error
  }
}

extension Snapshot {
  /// Whether damage may hide a destruction that was ordered: a record that waits for its repair is not
  /// folded, so nothing on it was destroyed since. Who states what was executed must not count on it
  /// (I7).
  package func mayHideDestruction() throws -> Bool {
    guard store.damages.isEmpty else { return true }
    // Those that wait are in no sum, whoever opened the replica since.
    return try Int64.fetchOne(db, sql: "SELECT count(*) FROM record")
      != ledger.tally(.records).count
  }
}
