// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisStore
package import Logging
import ServiceLifecycle
import Synchronization

/// A town's exchange with its hub: executes what `TownSession` decides.
///
/// One loop owns the session and handles events in the order in which they come. Every action runs
/// in a task of its own and ends in an event.
package final class TownDaemon: Service {
  package let board = TownStatusBoard()

  private enum Input: Sendable {
    case event(TownSession.Event)
    /// Somebody waits in `waiting`.
    case ping
    /// An action found the store unsound.
    case failed(any Error)
  }

  private struct Pings {
    var hasEnded = false
    var waiting: [CheckedContinuation<Bool, Never>] = []
  }

  private let store: Store
  private let client: HubClient
  private let actions: SessionActions
  private let logger: Logger
  private let now: @Sendable () -> UInt64
  private let random: @Sendable () -> UInt64
  private let onReady: @Sendable () -> Void
  private let inputs: AsyncStream<Input>
  private let input: AsyncStream<Input>.Continuation
  private let pings = Mutex(Pings())
  private let stallLimit: Duration
  private let underWay = Mutex<[ObjectIdentifier: Progress]>([:])
  private let rotations = Mutex<[CheckedContinuation<TownSession.OpenResult, Never>]>([])

  /// - Parameters:
  ///   - directory: of the replica, for keys and proofs.
  ///   - software: name and version, for statements.
  ///   - now: seconds since 1970.
  ///   - random: 64 random bits a call.
  ///   - stallLimit: after which an action in which nothing gets on hangs; `nil`: as the client's
  ///     deadlines have it.
  ///   - onReady: called once the loop runs; the hub need not be reachable.
  package init(
    store: Store, directory: StateDirectory, client: HubClient, software: String, logger: Logger,
    now: @escaping @Sendable () -> UInt64, random: @escaping @Sendable () -> UInt64,
    stallLimit: Duration? = nil, onReady: @escaping @Sendable () -> Void = {}
  ) {
    self.stallLimit = stallLimit ?? Progress.limit
    self.store = store
    self.client = client
    self.logger = logger
    self.now = now
    self.random = random
    self.onReady = onReady
    (inputs, input) = AsyncStream.makeStream()
    actions = SessionActions(
      client: client, store: store,
      opener: GenerationOpener(client: client, store: store, directory: directory),
      keepEvidence: { _ = try directory.keepEvidence($0, $1, $2) }, software: software,
      logger: logger, now: now,
      noteOutdated: { [board] outdated in board.update { $0.outdated = outdated } },
      onNews: { [input] in input.yield(.event($0)) })
  }

  /// Runs until a graceful shutdown or the task's cancellation; once.
  ///
  /// - Throws: `StoreError.stateUnknown`: what is on disk is not sound. To be started anew, which
  ///   looks after it.
  package func run() async throws {
    let outcome = await withGracefulShutdownHandler {
      await withTaskCancellationHandler {
        await exchange()
      } onCancel: {
        input.finish()
      }
    } onGracefulShutdown: { [input] in
      input.finish()
    }
    endPings()
    endRotations(.unavailable(reason: "the daemon stops", retryAfterSeconds: nil))
    try outcome.get()
  }

  /// Returns when the loop has handled everything that came before.
  ///
  /// - Throws: `CancellationError` if the loop has ended.
  package func ping() async throws {
    let isAlive = await withCheckedContinuation { continuation in
      let hasEnded = pings.withLock { pings in
        if !pings.hasEnded { pings.waiting.append(continuation) }
        return pings.hasEnded
      }
      if hasEnded { continuation.resume(returning: false) } else { input.yield(.ping) }
    }
    guard isAlive else { throw CancellationError() }
  }

  /// Returns when the loop has handled everything that came before, and all that it set going gets on.
  ///
  /// - Throws: `ExchangeStalled`, naming what does not; `CancellationError` if the loop has ended.
  package func probe() async throws {
    try await ping()
    let stalled = underWay.withLock { underWay in
      underWay.values.first { $0.isOlder(than: stallLimit) }
    }
    if let stalled { throw ExchangeStalled(action: stalled.action) }
  }

  /// Tries at once everything that waits or was stopped: an admin has seen to the reason.
  ///
  /// - Throws: `StoreError`.
  package func retryNow() async throws(StoreError) {
    input.yield(.event(.retryNow(unsent: try await store.unsent().logs)))
  }

  /// Opens the next key generation, as an admin asked.
  ///
  /// - Returns: how the hub answered the request that was under way then.
  package func rotate() async -> TownSession.OpenResult {
    await withCheckedContinuation { continuation in
      rotations.withLock { $0.append(continuation) }
      input.yield(.event(.rotate))
    }
  }

  private func endRotations(_ result: TownSession.OpenResult) {
    let waiting = rotations.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for rotation in waiting { rotation.resume(returning: result) }
  }

  // MARK: - The loop

  private struct Exchange {
    var session = TownSession()
    var timers: [TownSession.Timer: Task<Void, Never>] = [:]
  }

  private func exchange() async -> Result<Void, any Error> {
    await withDiscardingTaskGroup { group in
      // Subscribed before looking, so that no commit falls between the two.
      let commits = store.commits.subscribe()
      group.addTask { await self.forward(commits) }
      var exchange = Exchange()
      defer {
        for timer in exchange.timers.values { timer.cancel() }
        group.cancelAll()
      }
      do {
        let unsent = try await store.unsent()
        perform(
          .started(
            unsent: unsent.logs, generation: store.identity.generation,
            isRecovering: try await store.read { try $0.mayLackOwn() }), &exchange,
          in: &group)
      } catch { return .failure(error) }
      onReady()
      for await input in inputs {
        switch input {
        case .event(let event): perform(event, &exchange, in: &group)
        case .ping: answerPings()
        case .failed(let error): return .failure(error)
        }
      }
      return .success(())
    }
  }

  private func perform(
    _ event: TownSession.Event, _ exchange: inout Exchange, in group: inout DiscardingTaskGroup
  ) {
    let before = exchange.session
    let actions = exchange.session.handle(event, random: random())
    show(event, before, exchange.session)
    for action in actions {
      switch action {
      case .setTimer(let timer, let milliseconds):
        exchange.timers[timer]?.cancel()
        exchange.timers[timer] = Task { [input] in
          guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
          input.yield(.event(.timer(timer)))
        }
      default: group.addTask { await self.finish(action) }
      }
    }
  }

  private func finish(_ action: TownSession.Action) async {
    let progress = Progress("\(action)")
    underWay.withLock { $0[ObjectIdentifier(progress)] = progress }
    defer { _ = underWay.withLock { $0.removeValue(forKey: ObjectIdentifier(progress)) } }
    do {
      let event = try await Progress.$ofAction.withValue(progress) {
        try await actions.perform(action)
      }
      if let event { input.yield(.event(event)) }
    } catch { input.yield(.failed(error)) }
  }

  private func forward(_ commits: AsyncStream<Commit>) async {
    for await commit in commits {
      board.noteStore(trouble: nil)
      if !commit.ownLogs.isEmpty { input.yield(.event(.committed(commit.ownLogs))) }
    }
  }

  private func answerPings() {
    let waiting = pings.withLock { pings in
      defer { pings.waiting = [] }
      return pings.waiting
    }
    for ping in waiting { ping.resume(returning: true) }
  }

  private func endPings() {
    let waiting = pings.withLock { pings in
      defer { pings = Pings(hasEnded: true) }
      return pings.waiting
    }
    for ping in waiting { ping.resume(returning: false) }
  }

  // MARK: - Status

  private func show(_ event: TownSession.Event, _ before: TownSession, _ after: TownSession) {
    if case .generationOpened(let result) = event { endRotations(result) }
    board.update { status in
      status.link = after.link
      status.recovery = after.recovery
      status.stopped = after.stopped
      status.clockOffset = client.time.offset
      switch event {
      case .merged(let isComplete, _):
        status.lastContact = now()
        if isComplete { status.caughtUp = status.lastContact }
        status.storeTrouble = nil
      case .streamEnded(.notStored(let reason)): status.storeTrouble = reason
      default: break
      }
    }
    for (log, reason) in after.stopped where before.stopped[log] == nil {
      logger.error(
        "a log is not pushed any more", metadata: ["log": "\(log)", "reason": "\(reason)"])
    }
    showRecovery(before.recovery, after.recovery)
    guard before.link != after.link else { return }
    switch after.link {
    case .connecting: logger.debug("connecting to the hub")
    case .connected(.stream): logger.notice("connected to the hub")
    case .connected(.poll): logger.notice("connected to the hub by polling: something buffers")
    case .waiting(let reason):
      logger.warning("the hub cannot be reached", metadata: ["reason": "\(reason)"])
    case .alarmed(let reason):
      logger.error("the hub is not trusted", metadata: ["reason": "\(reason)"])
    }
  }

  private func showRecovery(_ before: TownSession.Recovery, _ after: TownSession.Recovery) {
    guard before != after else { return }
    switch after {
    case .none: logger.notice("the new key generation is complete")
    case .opening: logger.notice("asking the hub for the next key generation")
    case .waiting(let reason):
      logger.warning("the next key generation waits", metadata: ["reason": "\(reason)"])
    case .refused(let reason):
      logger.error("the next key generation is refused", metadata: ["reason": "\(reason)"])
    case .catchingUp:
      logger.notice(
        "a key generation was opened", metadata: ["generation": "\(store.identity.generation)"])
    case .reissuing: logger.info("issuing anew what the hub had not accepted")
    }
  }
}
