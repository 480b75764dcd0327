// SPDX-License-Identifier: EUPL-1.2

import KreisCore
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

  private enum Event: Sendable {
    case changed(Set<RecordID>)
    /// Look at everything.
    case all
  }

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      let (events, event) = AsyncStream<Event>.makeStream()
      // Subscribed before the first look, so that no commit falls between the two.
      let commits = store.commits.subscribe(buffer: 4_096)
      event.yield(.all)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for await commit in commits { event.yield(.changed(commit.records)) }
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

  private func work(_ events: AsyncStream<Event>, again: @escaping @Sendable () -> Void) async {
    // Until this replica has caught up, and while a hub gathers, there is nothing it could know; the
    // first commit afterwards makes it look at everything.
    var hasLooked = false
    for await event in events {
      do {
        guard try await store.read({ try $0.mayActAlone() }) else {
          hasLooked = false
          continue
        }
        switch event {
        case .changed(let records) where hasLooked:
          guard !records.isEmpty else { continue }
          note(
            written: try await store.doDuties(on: records, at: SystemClock.now()),
            answered: try await store.doHubDuties(on: records, at: SystemClock.now()))
        case .changed, .all:
          guard let written = try await store.doAllDuties(at: SystemClock.now()) else { continue }
          note(
            written: written, answered: try await store.doAllHubDuties(at: SystemClock.now()))
          hasLooked = true
        }
      } catch {
        hasLooked = false
        logger.warning("what the directory asks for waits", metadata: ["reason": "\(error)"])
        Task {
          try? await Task.sleep(for: Self.pause)
          again()
        }
      }
    }
  }

  private func note(written: Int, answered: [RecordID]) {
    if written > 0 {
      logger.notice("destroyed values by duty", metadata: ["entries": "\(written)"])
    }
    for id in answered {
      logger.info("answered what a town asked for", metadata: ["record": "\(id)"])
    }
  }
}
