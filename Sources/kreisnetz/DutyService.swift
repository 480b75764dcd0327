import KreisCore
import KreisStore
import Logging
import ServiceLifecycle

/// Does by itself what destruction asks of this member (I7): the hub answers orders to erase, every
/// author restates what somebody narrowed, and once a day what the Kreis's period leaves no reason to
/// keep. What was not done before a crash is found again at the next start.
struct DutyService: Service {
  let store: Store
  let logger: Logger

  /// Between two looks at everything.
  private static let rest: Duration = .seconds(86_400)
  /// After a failure.
  private static let pause: Duration = .seconds(60)

  private enum Event: Sendable {
    case changed(Set<RecordID>)
    case timer
  }

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      let (events, event) = AsyncStream<Event>.makeStream()
      // Subscribed before the first look, so that no commit falls between the two.
      let commits = store.commits.subscribe(buffer: 4_096)
      event.yield(.timer)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for await commit in commits { event.yield(.changed(commit.records)) }
        }
        group.addTask {
          while true {
            try await Task.sleep(for: Self.rest)
            event.yield(.timer)
          }
        }
        group.addTask { await work(events) { event.yield(.timer) } }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func work(_ events: AsyncStream<Event>, again: @escaping @Sendable () -> Void) async {
    // Until this replica has caught up there is nothing it could know.
    var hasLooked = false
    for await event in events {
      do {
        switch event {
        case .changed(let records) where hasLooked && !records.isEmpty:
          note(try await store.doDuties(on: records, at: SystemClock.now()))
        case .changed where hasLooked: break
        case .changed, .timer:
          let written = try await store.doAllDuties(at: SystemClock.now())
          hasLooked = written != nil
          note(written ?? 0)
        }
      } catch {
        hasLooked = false
        logger.warning("what is to be destroyed waits", metadata: ["reason": "\(error)"])
        Task {
          try? await Task.sleep(for: Self.pause)
          again()
        }
      }
    }
  }

  private func note(_ written: Int) {
    guard written > 0 else { return }
    logger.notice("destroyed values by duty", metadata: ["entries": "\(written)"])
  }
}
