import KreisCore
import KreisStore
import Logging
import ServiceLifecycle

/// Does by itself what towns ask the hub for by what they write: passes change requests on to the
/// steward, answers on to the sender, and answers transfers. What a crash cut off is found again at the
/// next start; what is done already is not done twice. In a town there is nothing to do.
struct HubDutyService: Service {
  let store: Store
  let logger: Logger

  /// After a failure.
  private static let pause: Duration = .seconds(30)

  private enum Event: Sendable {
    case changed(Set<RecordID>)
    /// Look at everything.
    case all
  }

  func run() async throws {
    guard store.identity.role == .hub else {
      try? await gracefulShutdown()
      return
    }
    try? await cancelWhenGracefulShutdown {
      let (events, event) = AsyncStream<Event>.makeStream()
      // Subscribed before the first look, so that no commit falls between the two.
      let commits = store.commits.subscribe(buffer: 4_096)
      event.yield(.all)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for await commit in commits where !commit.records.isEmpty {
            event.yield(.changed(commit.records))
          }
        }
        group.addTask { await work(events) { event.yield(.all) } }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func work(_ events: AsyncStream<Event>, again: @escaping @Sendable () -> Void) async {
    // While the hub gathers or is halted it writes nothing; the first write afterwards shows that.
    var hasLooked = false
    for await event in events {
      let isServing = !store.isGathering && store.halted == nil
      guard isServing else {
        hasLooked = false
        continue
      }
      do {
        let done: [RecordID]
        if case .changed(let records) = event, hasLooked {
          done = try await store.doHubDuties(on: records, at: SystemClock.now())
        } else {
          done = try await store.doAllHubDuties(at: SystemClock.now())
          hasLooked = true
        }
        for id in done {
          logger.info("answered what a town asked for", metadata: ["record": "\(id)"])
        }
      } catch {
        hasLooked = false
        logger.warning("what towns ask for waits", metadata: ["reason": "\(error)"])
        Task {
          try? await Task.sleep(for: Self.pause)
          again()
        }
      }
    }
  }
}
