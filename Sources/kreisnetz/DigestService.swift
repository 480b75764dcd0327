// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore
import KreisTransport
import Logging
import ServiceLifecycle
import Synchronization

/// Sends the digest when it is due, once, also over restarts; tries again what failed, and never holds
/// anything else up.
struct DigestService: Service {
  let digest: Digest
  let executor: CommandExecutor
  let logger: Logger

  /// How long at most until the next look: clocks are set, machines sleep.
  private static let longest: UInt64 = 900

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      while true {
        await onOwnThread { look() }
        let now = SystemClock.now()
        let next = digest.next(after: now)
        let seconds = min(max(1, next > now ? next - now : 1), Self.longest)
        try await Task.sleep(for: .seconds(seconds))
      }
    }
  }

  private func look() {
    do {
      if let sent = try digest.sendIfDue(executor) {
        logger.notice("the digest is done", metadata: ["sent": "\(sent)"])
      }
    } catch {
      logger.warning("The digest waits.", metadata: ["reason": "\(error)"])
    }
  }
}

/// The digest of a daemon: what it says, to whom, and what is known of the last one.
final class Digest: Sendable {
  private static let file = "digest.json"

  private let settings: DigestConfiguration
  private let console: String
  private let directory: StateDirectory
  private let state: Mutex<DigestState>

  /// - Parameter console: its address, for the links.
  /// - Throws: `StateDirectoryError`.
  init(
    _ settings: DigestConfiguration, console: String, in directory: StateDirectory
  ) throws {
    (self.settings, self.console) = (settings, console)
    self.directory = directory
    let kept = try directory.readSecret(Self.file)
      .flatMap { try? JSONParser.parse($0, limit: 65_536) }.flatMap { DigestState($0) }
    // Whoever begins gets no mail about the time before.
    let first = DigestState(done: SystemClock.now())
    state = Mutex(kept ?? first)
    if kept == nil { try keep(first) }
  }

  private var schedule: DigestSchedule {
    DigestSchedule(weekday: settings.weekday, hour: settings.hour)
  }

  func next(after now: UInt64) -> UInt64 {
    state.withLock { $0.failure == nil } ? schedule.next(after: now) : now + 60
  }

  /// Why the last one could not be sent; `nil` if it was, or none is due.
  var failure: String? { state.withLock { $0.failure } }

  /// Sends it if it is due. Blocks.
  ///
  /// - Returns: `nil` if it is not; whether there was anything to say.
  /// - Throws: why it could not be sent; it is tried again.
  func sendIfDue(_ executor: CommandExecutor) throws -> Bool? {
    let now = SystemClock.now()
    guard state.withLock({ $0.isDue(schedule, at: now) }) else { return nil }
    do {
      let mail = try mail(executor)
      if !mail.isEmpty { try send(mail, at: now) }
      // On the disk before the next look: a mail too many after a power cut is better than none.
      try keep(
        state.withLock { state in
          state.succeeded(at: now)
          return state
        })
      return !mail.isEmpty
    } catch {
      let failed = state.withLock { state in
        state.failed("\(error)", at: now)
        return state
      }
      try? keep(failed)
      throw error
    }
  }

  private func mail(_ executor: CommandExecutor) throws -> DigestMail {
    var row = JSONValue.null
    var failure: CommandError?
    executor.run(
      LocalCall(
        LocalRequest("digest"),
        reply: { reply in
          switch reply {
          case .row(let value): row = value
          case .failure(let error): failure = error
          case .heading, .progress, .done: break
          }
        }))
    if let failure { throw failure }
    return DigestMail(row, console: console)
  }

  private func send(_ mail: DigestMail, at now: UInt64) throws {
    let id = "\(now).\(UInt64.random(in: 0 ... .max))"
    try MailServer(
      url: settings.server,
      login: settings.login.map { .init(user: $0.user, password: $0.password) },
      caFile: settings.caFile
    ).send(
      mail.message(from: settings.from, to: settings.to, at: now, id: id), from: settings.from,
      to: settings.to)
  }

  private func keep(_ state: DigestState) throws {
    try directory.write(JSONWriter.bytes(of: state.json), to: Self.file)
  }
}

extension ConsoleSetting {
  /// Where a browser finds the console: behind its proxy, or on this machine.
  var link: String {
    if let url { return url }
    guard case .loopback(let address, let port) = place else { return "http://127.0.0.1" }
    return "http://\(address.contains(":") ? "[\(address)]" : address):\(port)"
  }
}
