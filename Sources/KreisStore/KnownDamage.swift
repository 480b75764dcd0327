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
