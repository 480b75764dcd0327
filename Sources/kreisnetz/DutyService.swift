// SPDX-License-Identifier: EUPL-1.2

import KreisStore
import Logging
import ServiceLifecycle

/// Does by itself what the directory asks of this member. Destruction (I7): the hub answers orders to
/// erase, every author restates what somebody narrowed, and once a day what the Kreis's period leaves no
/// reason to keep. The hub also passes change requests on to the steward and answers on to the sender,
/// and answers transfers. What was not done before a crash is found again at the next start; what is
/// done already is not done twice.
struct DutyService: Service {
  let store: Store
  let logger: Logger

  /// Between two looks at everything.
  private static let rest: Duration = .seconds(86_400)
  /// After a failure.
  private static let pause: Duration = .seconds(60)

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      let (events, event) = AsyncStream<DutyRound.Event>.makeStream()
      // Subscribed before the first look, so that no commit falls between the two.
      let commits = store.commits.subscribe(buffer: 4_096)
      event.yield(.all)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for await commit in commits { event.yield(.changed(concerning: commit.concerning)) }
        }
        group.addTask {
          while true {
            try await Task.sleep(for: Self.rest)
            event.yield(.all)
          }
        }
        group.addTask { await work(events) { event.yield(.all) } }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func work(
    _ events: AsyncStream<DutyRound.Event>, again: @escaping @Sendable () -> Void
  ) async {
    var round = DutyRound(store)
    for await event in events {
      do {
        if let done = try await round.act(on: event, at: SystemClock.now()) { note(done) }
      } catch {
        logger.warning("what the directory asks for waits", metadata: ["reason": "\(error)"])
        Task {
          try? await Task.sleep(for: Self.pause)
          again()
        }
      }
    }
  }

  private func note(_ done: DutyRound.Done) {
    if done.written > 0 {
      logger.notice("destroyed values by duty", metadata: ["entries": "\(done.written)"])
    }
    for id in done.answered {
      logger.info("answered what a town asked for", metadata: ["record": "\(id)"])
    }
  }
}
