// SPDX-License-Identifier: EUPL-1.2

import GRDB
import GRDBSQLite
import Synchronization

/// Whether the connection that writes gets on: a whole directory is imported in one transaction, which
/// may take minutes, but works all the time.
final class WriterProgress: Sendable {
  private let steps = Atomic<UInt64>(0)

  /// Instructions of SQLite's virtual machine between two counts; a row takes some hundred.
  private static let interval: Int32 = 10_000
  private static let pause: Duration = .milliseconds(200)

  /// Counts what connections that write do. Each of them keeps this object until it is closed, because
  /// SQLite has no more than its address.
  func count(_ configuration: inout Configuration) {
    configuration.prepareDatabase { db in
      guard !db.configuration.readonly else { return }
      sqlite3_progress_handler(
        db.sqliteConnection, Self.interval,
        { context in
          guard let context else { return 0 }
          Unmanaged<WriterProgress>.fromOpaque(context).takeUnretainedValue()
            .steps.add(1, ordering: .relaxed)
          return 0
        }, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  /// Returns when what was being written is done, or has got on.
  func wait(_ database: any DatabaseWriter) async {
    let before = steps.load(ordering: .relaxed)
    let (signs, sign) = AsyncStream<Void>.makeStream()
    database.asyncWriteWithoutTransaction { _ in sign.yield() }
    let watch = Task {
      while (try? await Task.sleep(for: Self.pause)) != nil {
        if steps.load(ordering: .relaxed) != before { sign.yield() }
      }
    }
    for await _ in signs { break }
    watch.cancel()
  }
}
