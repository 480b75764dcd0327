// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisLocal
import KreisStore

/// A replica that this process writes: its directory, lock and store.
struct RunningReplica {
  let directory: StateDirectory
  let lock: StateLock
  let store: Store

  /// How long a daemon that starts waits for a command that just runs, in seconds.
  private static let patience = 10.0

  /// Opens the replica for a daemon.
  ///
  /// - Throws: `CommandError`, `StateDirectoryError`, `StoreError`.
  static func open(_ path: String, as role: Identity.Role) async throws -> RunningReplica {
    let directory = try StateDirectory.open(path)
    let lock = try await lock(directory)
    let identity = try Store.identity(at: directory.database)
    guard identity.role == role else {
      throw CommandError(
        .wrongUse,
        "\(directory.path) belongs to the \(identity.role.rawValue) \(identity.title). Run it with: "
          + "kreisnetz \(identity.role.rawValue) run --state \(directory.path)")
    }
    return RunningReplica(directory: directory, lock: lock, store: try directory.openStore())
  }

  private static func lock(_ directory: StateDirectory) async throws -> StateLock {
    let end = Date(timeIntervalSinceNow: patience)
    while true {
      do throws(StateDirectoryError) { return try directory.lock() } catch {
        guard error.isInUse, Date() < end else { throw error }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}

extension StateDirectory {
  /// The key with which this replica signs.
  ///
  /// - Throws: `CommandError` if it is missing; `StateDirectoryError`.
  func requiredKey(generation: UInt32) throws -> SigningKey {
    guard let key = try signingKey(generation: generation) else {
      throw CommandError(
        .wrongUse,
        "The key \(Self.memberKey(generation: generation)) is missing in \(path), so nothing can be "
          + "written. Restore it from a backup.")
    }
    return key
  }
}

extension StateDirectoryError {
  fileprivate var isInUse: Bool { if case .inUse = self { true } else { false } }
}

extension Store {
  /// Tells `note` whether writing is possible now.
  func lookAgain(_ note: (String?) -> Void) {
    do { note(try blockingTrouble()) } catch { note(error.description) }
  }
}
