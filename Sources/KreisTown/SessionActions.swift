// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisStore
package import Logging
import Synchronization

/// Carries out what `TownSession` decides and says what came of it: for the daemon over HTTPS, for the
/// simulator over a network of its own. Timers are the caller's.
package struct SessionActions: Sendable {
  private final class Witness: Sendable {
    let state = Mutex(FeedWitness())
  }

  private let client: HubClient
  private let store: Store
  private let statements: StatementExchange
  private let opener: GenerationOpener
  private let branches: OwnBranches
  private let relay: Relay
  private let logger: Logger
  private let noteOutdated: @Sendable (String?) -> Void
  private let witness = Witness()
  /// Reads the feed for the action `follow`.
  package let follower: FeedFollower

  /// - Parameters:
  ///   - keepEvidence: keeps proofs that the hub showed two histories.
  ///   - software: name and version, for statements.
  ///   - now: seconds since 1970.
  ///   - noteOutdated: takes why this version is too old, or `nil` where the hub knows it.
  ///   - onNews: takes what happens while an action goes on.
  package init(
    client: HubClient, store: Store, opener: GenerationOpener,
    keepEvidence: @escaping EvidenceKeeper, software: String, logger: Logger,
    now: @escaping @Sendable () -> UInt64,
    noteOutdated: @escaping @Sendable (String?) -> Void = { _ in },
    onNews: @escaping @Sendable (TownSession.Event) -> Void
  ) {
    self.client = client
    self.store = store
    self.opener = opener
    self.logger = logger
    self.noteOutdated = noteOutdated
    statements = StatementExchange(
      client: client, store: store, keepEvidence: keepEvidence, software: software, now: now)
    branches = OwnBranches(client: client, store: store)
    relay = Relay(client: client, store: store)
    follower = FeedFollower(
      client: client, store: store, statements: statements,
      onMerged: { onNews(.merged(complete: $0, news: $1)) }, onRenewed: { onNews(.hubRenewed) },
      onLost: { onNews(.committed($0)) })
  }

  /// - Returns: `nil` for a timer.
  /// - Throws: `StoreError.stateUnknown`: the daemon must stop.
  package func perform(_ action: TownSession.Action) async throws -> TownSession.Event? {
    switch action {
    case .push(let log): .pushed(log, try await push(log))
    case .follow(let mode, let own): .streamEnded(try await follower.follow(mode, own: own))
    case .sendStatement: .statementSent(try await sendStatements())
    case .compareStatements: try await compareStatements()
    case .openGeneration: .generationOpened(try await opener.open())
    case .reissue: .reissued(try await reissue())
    case .gather: try await gather()
    case .relay: try await offerRest()
    case .setTimer: nil
    }
  }

  private func push(_ log: LogID) async throws -> TownSession.PushResult {
    let result = try await LogPusher(client: client, store: store).push(log)
    if case .unavailable(let reason, _) = result {
      logger.info("a push waits", metadata: ["log": "\(log)", "reason": "\(reason)"])
    }
    return result
  }

  private func sendStatements() async throws -> Bool {
    do {
      try await statements.send()
      return true
    } catch StoreError.stateUnknown(let reason) { throw StoreError.stateUnknown(reason) } catch {
      logger.debug("the statement waits", metadata: ["reason": "\(error)"])
      return false
    }
  }

  private func compareStatements() async throws -> TownSession.Event {
    do {
      // One comparison at a time, as the session has it.
      var witness = witness.state.withLock { $0 }
      let (alarms, outdated) = try await statements.compare(&witness)
      noteOutdated(outdated)
      self.witness.state.withLock { [witness] in $0 = witness }
      for alarm in alarms {
        logger.error("the hub showed two histories", metadata: ["reason": "\(alarm)"])
      }
    } catch StoreError.stateUnknown(let reason) { throw StoreError.stateUnknown(reason) } catch {
      logger.debug("the others' statements wait", metadata: ["reason": "\(error)"])
    }
    return .statementsCompared
  }

  private func reissue() async throws -> TownSession.ReissueResult {
    do {
      if try await store.read({ try $0.recovery() }) == .takingBackUp { return .incomplete }
      for reason in try await branches.adopt() {
        logger.warning("the hub keeps what fits no own log", metadata: ["reason": "\(reason)"])
      }
      try await store.write { _ = try $0.reissue() }
      return .done(unsent: try await store.unsent().logs)
    } catch StoreError.retryLater(let reason) {
      return .notStored(reason: reason)
    } catch StoreError.damaged(let damage) {
      return .notStored(reason: damage.description)
    } catch StoreError.rejected(let reason, _) {
      // A generation may have been opened, or a log closed, since it was looked.
      logger.info("own entries cannot be issued anew yet", metadata: ["reason": "\(reason)"])
      return .incomplete
    } catch let error as HubFailure {
      logger.debug("the own branches wait", metadata: ["reason": "\(error)"])
      return .incomplete
    }
  }

  private func gather() async throws -> TownSession.Event {
    do {
      for refusal in try await relay.offer(all: true) {
        logger.warning("the hub does not take a log", metadata: ["reason": "\(refusal)"])
      }
      logger.notice("the hub that gathers was offered everything")
    } catch StoreError.stateUnknown(let reason) { throw StoreError.stateUnknown(reason) } catch {
      logger.info("not everything could be offered yet", metadata: ["reason": "\(error)"])
    }
    return .gathered
  }

  private func offerRest() async throws -> TownSession.Event {
    do {
      for refusal in try await relay.offer(all: false) {
        logger.warning("the hub does not take a log", metadata: ["reason": "\(refusal)"])
      }
      try await store.takeValuesBack { try await client.bundle(of: $0, from: $1) }
      return .relayed(done: true, unsent: try await store.unsent().logs)
    } catch StoreError.stateUnknown(let reason) { throw StoreError.stateUnknown(reason) } catch {
      logger.info("what the hub lacks could not be offered", metadata: ["reason": "\(error)"])
      return .relayed(done: false, unsent: [])
    }
  }
}
