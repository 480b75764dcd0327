// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisStore

/// Makes a town's database anew from the hub, and puts it in the place of the old one. Can be
/// interrupted and repeated at any moment: until the new database is complete the old one counts.
package struct FetchAnew: Sendable {
  private let client: @Sendable (Store) throws -> HubClient
  private let directory: StateDirectory
  private let identity: Identity
  private let key: SigningKey
  private let random: @Sendable () -> UInt64
  private let progress: @Sendable (String) -> Void

  /// What came of it.
  package struct Report: Sendable {
    package let carried: CarriedOver
    /// Where the old database is now; `nil` if it was too damaged to be kept as a replica must be.
    package let setAside: String?

    package init(carried: CarriedOver, setAside: String?) {
      self.carried = carried
      self.setAside = setAside
    }
  }

  /// - Parameters:
  ///   - client: asks the hub as the replica in the store given.
  ///   - directory: its lock must be held.
  ///   - progress: told what is being done.
  package init(
    client: @escaping @Sendable (Store) throws -> HubClient, directory: StateDirectory,
    identity: Identity, key: SigningKey,
    random: @escaping @Sendable () -> UInt64, progress: @escaping @Sendable (String) -> Void
  ) {
    self.client = client
    self.directory = directory
    self.identity = identity
    self.key = key
    self.random = random
    self.progress = progress
  }

  /// - Parameters:
  ///   - old: the database so far, opened for repair; `nil` if it cannot be opened at all.
  ///   - now: seconds since 1970.
  /// - Throws: `HubFailure` if the hub could not be asked; `StoreError`; `StateDirectoryError`.
  package func run(replacing old: Store?, at now: UInt64) async throws -> Report {
    let draft = directory.path + "/fetched.sqlite"
    let store = try open(draft)
    let resync = Resync(client: try client(store), store: store, progress: progress)
    try await resync.pull(includingOwn: true)
    progress("carrying over what is only here")
    let carried = try await onOwnThread { () throws -> CarriedOver in
      try old.map { try store.blockingCarryOver(from: $0) } ?? CarriedOver()
    }
    let report = try await resync.rebuild()
    if let what = report.left.first {
      throw StoreError.stateUnknown(
        "the database that was fetched is not sound (\(what)); the old one is unchanged")
    }
    let (directory, progress) = (directory, progress)
    return try await onOwnThread { () throws -> Report in
      progress("replacing the database")
      // Closed before it is renamed; the old one's log is emptied, if it can be.
      try store.close()
      try? old?.close()
      let aside = try directory.replaceDatabase(with: draft, at: now)
      return Report(carried: carried, setAside: aside)
    }
  }

  /// What an interrupted attempt fetched is gone on with.
  private func open(_ draft: String) throws -> Store {
    if let store = try? Store.open(at: draft, key: key, random: random),
      store.identity.member == identity.member, store.identity.generation == identity.generation
    {
      return store
    }
    SetAsideDatabase.deleteFiles(draft)
    return try Store.create(at: draft, identity: identity, key: key, random: random)
  }
}
