// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
import KreisCore
import KreisStore
import Synchronization
import Testing

/// What the watchdog asks the database.
@Suite(.timeLimit(.minutes(1))) struct WriterProgressTests {
  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  /// Begins a write on a thread of its own and returns when it is under way.
  private func begin(
    _ store: Store, _ body: @escaping @Sendable (Transaction) throws -> Void
  ) async {
    let (beginnings, beginning) = AsyncStream<Void>.makeStream()
    Thread.detachNewThread {
      try? store.blockingWrite { transaction in
        beginning.yield()
        try body(transaction)
      }
    }
    for await _ in beginnings { break }
  }

  @Test func `A probe does not wait for the end of a long write that gets on`() async throws {
    let net = try await Federation(towns: 0)
    let flag = Flag()
    let kind = try Schema.directory.kind(named: "organization")
    let edits = [Edit(try kind.field(named: "name"), .value("Kita"))]
    // As an import does it: the same statements again and again.
    await begin(net.hub) { transaction in
      while !flag.isSet.load(ordering: .relaxed) {
        _ = try transaction.create(kind, edits, Occasion(at: 1_800_000_000))
      }
    }
    await net.hub.probe()
    flag.isSet.store(true, ordering: .relaxed)
    await net.hub.probe()
  }

  @Test func `A probe waits while a write hangs`() async throws {
    let net = try await Federation(towns: 0)
    let hub = net.hub
    let (flag, hang) = (Flag(), DispatchSemaphore(value: 0))
    await begin(hub) { _ in hang.wait() }
    let probe = Task {
      await hub.probe()
      flag.isSet.store(true, ordering: .relaxed)
    }
    // Looks for progress are 200 ms apart: three of them find none.
    try await Task.sleep(for: .milliseconds(700))
    let isAnswered = flag.isSet.load(ordering: .relaxed)
    #expect(!isAnswered)
    hang.signal()
    await probe.value
  }
}
