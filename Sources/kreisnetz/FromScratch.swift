// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisLocal
import KreisService
import KreisStore
import KreisTown
import Synchronization

/// `resync --from-scratch`: on the files themselves, since a running daemon cannot have its database
/// exchanged under it.
struct FromScratch {
  let state: String
  let config: String?

  /// - Throws: `CommandError`, `StoreError`, `StateDirectoryError`.
  func run(progress: @escaping @Sendable (String) -> Void) throws -> FetchAnew.Report {
    guard try LocalClient.connect(to: StateDirectory.socket(in: state)) == nil else {
      throw CommandError(
        .notNow, "A daemon runs on \(state). Stop it first: its database is about to be replaced.")
    }
    let directory = try StateDirectory.open(state)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let identity = try identity(directory)
    guard identity.role == .town else {
      throw CommandError(
        .wrongUse,
        "A hub has nobody to fetch everything from. Restore a backup, or open its next generation: "
          + "kreisnetz hub init --recover")
    }
    let key = try directory.requiredKey(generation: identity.generation)
    let old = try? Store.open(
      at: directory.database, key: key, random: SystemClock.random, forRepair: true)
    let configuration = try TownConfiguration(path: config)
    let work = FetchAnew(
      client: {
        try TownConnection.client(store: $0, directory: directory, configuration: configuration)
      },
      directory: directory, identity: identity, key: key,
      random: SystemClock.random, progress: progress)
    let report = try wait { try await work.run(replacing: old, at: SystemClock.now()) }
    return try settle(report, directory, key)
  }

  private func identity(_ directory: StateDirectory) throws -> Identity {
    do { return try Store.identity(at: directory.database) } catch {
      throw CommandError(
        .notNow,
        "The database is damaged where it says whose replica it is (\(error)). Restore a backup, or "
          + "move the file away and let the hub's admin make an invite that names this member.")
    }
  }

  /// What was set aside is a replica, too: what the new database knows to be destroyed goes there.
  private func settle(
    _ report: FetchAnew.Report, _ directory: StateDirectory, _ key: SigningKey
  ) throws -> FetchAnew.Report {
    let store = try Store.open(at: directory.database, key: key, random: SystemClock.random)
    var kept = report.setAside
    for database in directory.setAside
    where database.obey(store) == .deleted && database.path == kept {
      kept = nil
    }
    return FetchAnew.Report(carried: report.carried, setAside: kept)
  }

  /// Waits on this thread, which may block.
  private func wait<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) throws -> T {
    let result = Mutex<Result<T, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task {
      let outcome: Result<T, any Error>
      do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
      result.withLock { $0 = outcome }
      done.signal()
    }
    done.wait()
    do {
      guard let outcome = result.withLock({ $0 }) else { throw CancellationError() }
      return try outcome.get()
    } catch let failure as HubFailure {
      throw CommandError(.notNow, "The hub could not be asked: \(failure)")
    }
  }
}
