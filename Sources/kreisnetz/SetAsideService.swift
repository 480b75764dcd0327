// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Logging
import ServiceLifecycle

/// Carries destructions through to the last file (I7): older pages are overwritten, databases that
/// were set aside obey like every other replica, and after a set time they are deleted.
struct SetAsideService: Service {
  let replica: RunningReplica
  let days: @Sendable () -> UInt64
  let logger: Logger

  /// Between two looks where nothing was destroyed.
  private static let rest: Duration = .seconds(3_600)

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      // Subscribed before the first look, so that no commit falls between the two.
      let commits = replica.store.commits.subscribe(buffer: 64)
      await look()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for await commit in commits where commit.destroyed { await look() } }
        group.addTask {
          while true {
            try await Task.sleep(for: Self.rest)
            await look()
          }
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func look() async {
    await finish()
    for database in replica.directory.setAside {
      if database.at + days() * 86_400 <= SystemClock.now() {
        database.delete()
        logger.notice(
          "deleted a database that was set aside", metadata: ["file": "\(database.path)"])
      } else if await onOwnThread({ [store = replica.store] in database.obey(store) }) == .deleted {
        logger.warning(
          "deleted a database that was set aside, because it was too damaged to destroy values in it",
          metadata: ["file": "\(database.path)"])
      }
    }
  }

  /// Who reads older pages holds this up for a while.
  private func finish() async {
    while !Task.isCancelled {
      do {
        if try await replica.store.finishDestruction() {
          return logger.debug("no destroyed value stands in older pages")
        }
      } catch {
        // Tried again with the next commit, the next statement and at the next start.
        return logger.warning(
          "destroyed values may still stand in the write-ahead log",
          metadata: ["reason": "\(error)"])
      }
      try? await Task.sleep(for: .seconds(1))
    }
  }
}
