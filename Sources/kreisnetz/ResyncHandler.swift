// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import KreisTown
import Synchronization

/// What is asked for.
enum ResyncForm {
  case verify, rebuild, repair

  /// - Throws: `CommandError`.
  init(_ call: LocalCall) throws {
    self =
      if try call.flag("verify") { .verify } else if try call.flag("rebuild") {
        .rebuild
      } else { .repair }
  }
}

/// The command `resync` as a daemon, or the command line beside no daemon, carries it out.
enum ResyncHandler {
  /// For a town: compares with the hub.
  static func town(client: HubClient, store: Store) -> CommandHandler {
    { call in
      let form = try ResyncForm(call)
      let report = try wait(call) { progress in
        let resync = Resync(client: client, store: store, progress: progress)
        return switch form {
        case .verify: try await resync.compare()
        case .rebuild: try await resync.rebuild()
        case .repair: try await resync.run()
        }
      }
      // Without the hub nothing is compared with it.
      let isEqual =
        form == .rebuild ? report.left.isEmpty : report.isEqual
      try call.row(json(report, isEqual: isEqual))
      return isEqual ? .done : .no
    }
  }

  /// For the hub, which has nobody to compare itself with: re-hashes and re-folds.
  static func hub(store: Store) -> CommandHandler {
    { call in
      let form = try ResyncForm(call)
      let report = try wait(call) { progress in try await examine(store, form, progress) }
      try call.row(json(report, isEqual: report.left.isEmpty))
      return report.left.isEmpty ? .done : .no
    }
  }

  private static func examine(
    _ store: Store, _ form: ResyncForm, _ progress: @escaping @Sendable (String) -> Void
  ) async throws -> ResyncReport {
    let verify = {
      try await store.verify { what, done in progress("\(what): \(done)") }
    }
    var report = ResyncReport()
    report.verification = try await verify()
    report.found = report.verification.damages
    if form != .verify {
      if form == .repair, !report.found.isEmpty {
        progress("repairing")
        report.repaired = try await store.repairLocally(Set(report.found))
      }
      progress("folding every record anew")
      _ = try await store.write { try $0.rebuild() }
      report.verification = try await verify()
      let left = report.verification.damages
      report.repaired += report.found.filter { !left.contains($0) }.map(\.finding)
    }
    report.left = report.verification.differences.map {
      $0 + "; the members hold the entries of the shared scopes, a backup those of all"
    }
    return report
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
      "damaged": .array(report.found.map { .string($0.finding) }),
      "differences": .array(
        (report.left + report.parted.map(\.description)).map { .string($0) }),
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
