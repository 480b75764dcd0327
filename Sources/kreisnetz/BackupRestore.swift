// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// Puts a backup in the place of a replica's database, or on a machine that has none.
struct BackupRestore {
  let backup: String
  let state: String

  /// - Throws: `CommandError`, `StoreError`, `StateDirectoryError`.
  func run(asJSON: Bool) throws {
    guard FileManager.default.fileExists(atPath: backup) else {
      throw CommandError(
        .no,
        "There is no file \(backup). To take the deletion of a record back: kreisnetz undelete ID")
    }
    guard try LocalClient.connect(to: StateDirectory.socket(in: state)) == nil else {
      throw CommandError(
        .notNow, "A daemon runs on \(state). Stop it first: its database is about to be replaced.")
    }
    let directory = try openOrPrepare()
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let progress = ProgressLine()
    defer { progress.clear() }
    let draft = directory.path + "/restored.sqlite"
    let restored = try Store.blockingRestore(backup, to: draft) { progress.show($0) }
    try check(restored, directory)
    let aside = try directory.replaceDatabase(with: draft, at: SystemClock.now())
    progress.clear()
    let hasKey = try directory.signingKey(generation: restored.generation) != nil
    let rows = advice(restored, directory, aside, hasKey: hasKey)
    if asJSON {
      try StandardOutput().json([
        "name": .string(restored.name), "role": .string(restored.role.rawValue),
        "set_aside": aside.map { .string($0) } ?? .null, "key": .bool(hasKey),
      ])
    } else {
      for row in rows { try StandardOutput().line(row) }
    }
  }

  private func openOrPrepare() throws -> StateDirectory {
    do throws(StateDirectoryError) { return try StateDirectory.open(state) } catch {
      switch error {
      case .missing, .notAReplica: return try StateDirectory.prepare(state)
      default: throw error
      }
    }
  }

  /// A backup belongs to the replica that it replaces.
  private func check(_ restored: Identity, _ directory: StateDirectory) throws {
    guard directory.isReplica, let present = try? Store.identity(at: directory.database) else {
      return
    }
    guard present.realm == restored.realm, present.member == restored.member else {
      throw CommandError(
        .wrongUse,
        "The backup is of \(restored.title), but \(directory.path) belongs to \(present.title). "
          + "Nothing was changed.")
    }
  }

  private func advice(
    _ identity: Identity, _ directory: StateDirectory, _ aside: String?, hasKey: Bool
  ) -> [String] {
    var rows = ["The \(identity.role.rawValue) \(identity.title) was restored from \(backup)."]
    if let aside {
      rows.append("The database so far was set aside: \(aside)")
    }
    if !hasKey {
      rows.append(
        "The key \(StateDirectory.memberKey(generation: identity.generation)) is missing: it is not "
          + "in a backup. Put it into \(directory.path)/keys from where it is kept, mode 0600.")
      if identity.role == .town {
        rows.append(
          "If it is lost, the hub's admin makes an invite that names this member: kreisnetz hub "
            + "invite --member \(identity.name); then: kreisnetz town join - --state "
            + directory.path)
      }
    }
    switch identity.role {
    case .town:
      rows.append(
        "Until the daemon has read the hub's feed to its end nothing is shown here, because values "
          + "may have been erased since the backup.")
    case .hub:
      rows.append(
        "It serves nobody before its next generation is opened, because its members may have seen "
          + "more than the backup holds: kreisnetz hub init --recover")
    }
    return rows
  }
}
