import KreisStore

/// Keeps the catalogue as long as no commit changed a record, so that what was erased or hidden is
/// not served again, and makes a new one only when somebody asks.
actor CatalogueSource {
  private let store: Store
  private let now: @Sendable () -> UInt64
  private var current: (changes: Int, catalogue: Catalogue)?
  private var making: Task<(changes: Int, catalogue: Catalogue), any Error>?

  init(_ store: Store, now: @escaping @Sendable () -> UInt64) {
    self.store = store
    self.now = now
  }

  /// What is public now.
  ///
  /// - Throws: `StoreError`, `Catalogue.TooLarge`; `Problem` where a restored replica has not heard
  ///   yet what was erased since.
  func catalogue() async throws -> Catalogue {
    while true {
      let changes = store.commits.changes
      if let current, current.changes == changes { return current.catalogue }
      // One at a time, whoever waits; what began before this change is not taken.
      if let making {
        _ = try? await making.value
        continue
      }
      let task = Task { try await self.make(changes) }
      making = task
      defer { making = nil }
      current = nil
      let made = try await task.value
      current = made
      return made.catalogue
    }
  }

  private nonisolated func make(_ changes: Int) async throws -> (
    changes: Int, catalogue: Catalogue
  ) {
    let now = Int(clamping: now())
    let catalogue = try await store.read { snapshot -> Result<Catalogue, any Error> in
      Result {
        if try snapshot.isRestored() { throw Problem.restored }
        return try Catalogue(snapshot, now: now)
      }
    }.get()
    return (changes, catalogue)
  }
}
