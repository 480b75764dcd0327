import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import KreisTown
import Synchronization

/// The command `resync` as a daemon, or the command line beside no daemon, carries it out.
enum ResyncHandler {
  /// For a town: compares with the hub.
  static func town(client: HubClient, store: Store) -> CommandHandler {
    { call in
      let isReadOnly = try call.flag("verify")
      let report = try wait(call) { progress in
        let resync = Resync(client: client, store: store, progress: progress)
        return isReadOnly ? try await resync.compare() : try await resync.run()
      }
      try call.row(json(report, isEqual: report.isEqual))
      return report.isEqual ? .done : .no
    }
  }

  /// For the hub, which has nobody to compare itself with: re-hashes and re-folds.
  static func hub(store: Store) -> CommandHandler {
    { call in
      let isReadOnly = try call.flag("verify")
      var report = ResyncReport()
      let before = try store.blockingRead { try $0.verify() }
      report.verification = before
      if !isReadOnly {
        try call.progress("folding every record anew")
        _ = try store.blockingWrite { try $0.rebuild() }
        report.verification = try store.blockingRead { try $0.verify() }
        report.repaired = before.differences.filter {
          !report.verification.differences.contains($0)
        }
      }
      let isSound = report.verification.isSound
      try call.row(json(report, isEqual: isSound))
      return isSound ? .done : .no
    }
  }

  /// Runs `body` while the command's own thread, which may block, waits and passes progress on.
  static func wait<T: Sendable>(
    _ call: LocalCall,
    _ body: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws -> T
  ) throws -> T {
    let news = Mailbox<T>()
    let task = Task {
      do { news.put(.ended(.success(try await body { news.put(.progress($0)) }))) } catch {
        news.put(.ended(.failure(error)))
      }
    }
    while true {
      switch news.take() {
      case .progress(let text):
        do { try call.progress(text) } catch {
          task.cancel()
          throw error
        }
      case .ended(.success(let value)): return value
      case .ended(.failure(let failure as HubFailure)):
        throw CommandError(.notNow, "The hub could not be asked: \(failure)")
      case .ended(.failure(let error)): throw error
      }
    }
  }

  private enum News<T: Sendable>: Sendable {
    case progress(String)
    case ended(Result<T, any Error>)
  }

  /// What an asynchronous task tells a thread that waits.
  private final class Mailbox<T: Sendable>: Sendable {
    private let news = Mutex<[News<T>]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func put(_ item: News<T>) {
      news.withLock { $0.append(item) }
      arrived.signal()
    }

    func take() -> News<T> {
      arrived.wait()
      return news.withLock { $0.removeFirst() }
    }
  }

  private static func json(_ report: ResyncReport, isEqual: Bool) -> JSONValue {
    [
      "equal": .bool(isEqual),
      "entries": .integer(report.verification.entriesHashed),
      "records": .integer(report.verification.recordsFolded),
      "differences": .array(report.verification.differences.map { .string($0) }),
      "repaired": .array(report.repaired.map { .string($0) }),
      "unsent": .integer(Int(report.unsent)),
      "stopped": .array(
        report.stopped.sorted { $0.key < $1.key }.map { log, reason in
          ["log": .string(log.description), "reason": .string(reason)]
        }),
      "feeds": .array(
        report.feeds.map { feed in
          [
            "scope": .string(feed.scope.description), "equal": .bool(feed.isEqual),
            "here": position(feed.here), "hub": position(feed.hub),
          ]
        }),
    ]
  }

  private static func position(_ position: FeedPosition?) -> JSONValue {
    guard let position, position.position > 0 else { return .null }
    return [
      "position": .integer(Int(position.position)), "hash": .string(position.hash.description),
    ]
  }
}
