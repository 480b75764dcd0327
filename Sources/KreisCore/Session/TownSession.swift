// SPDX-License-Identifier: EUPL-1.2

/// The exchange between a town and its hub, as a pure state machine: events in, actions out, no I/O,
/// no clock, no randomness. The daemon executes the actions; so can a simulator.
///
/// Nothing polls where an event can tell: a local commit triggers a push, the open stream triggers
/// merges; timers cover failures only.
package struct TownSession: Sendable {
  package internal(set) var link: Link = .connecting
  package internal(set) var recovery: Recovery = .none
  /// The key generation that signs.
  var generation: UInt32 = 1

  var mode: FollowMode = .stream
  var isFollowing = false
  /// Whether a chunk came since the feed was asked last.
  var hasAnswered = false
  /// Whether the feed was asked again at once, without a pause since.
  var hasResumed = false
  /// Whether the own entries are asked for, because some may be missing here; and whether they were
  /// in the answer that is open.
  var takesOwn = false
  var followsOwn = false
  var failures = 0

  var pushes: [LogID: PushState] = [:]

  var statement: StatementPhase = .idle
  var statementFailures = 0
  /// Whether something was merged that no statement was planned for; at the start nobody knows.
  var hasNews = true
  var comparison: ComparisonPhase = .idle

  var recoveryFailures = 0
  /// Whether a pass is under way, maybe of the generation before.
  var isReissuing = false
  var isGathering = false
  /// Whether the hub may lack what is held here; after a start nobody knows.
  var mayHoldMore = true
  var isRelaying = false
  /// What the hub that gathers asked for.
  var gatherWait: UInt64?

  package init() {}

  /// Logs that are not pushed any more, and why.
  package var stopped: [LogID: String] {
    pushes.compactMapValues { if case .stopped(let reason) = $0.phase { reason } else { nil } }
  }

  /// Takes an event; `random` decides the jitter of what is tried later.
  package mutating func handle(_ event: Event, random: UInt64) -> [Action] {
    switch event {
    case .started(let unsent, let generation, let isRecovering):
      self.generation = generation
      if isRecovering {
        recovery = .catchingUp
        takesOwn = true
      }
      return follow() + push(unsent.sorted())
    case .committed(let logs): return push(logs.sorted())
    case .pushed(let log, let result): return pushed(log, result, random)
    case .merged(let complete, let news): return merged(complete, news)
    case .streamEnded(let end): return ended(end, random)
    case .statementSent(let delivered): return statementSent(delivered, random)
    case .statementsCompared: return compared()
    case .generationOpened(let result): return opened(result, random)
    case .reissued(let result): return reissued(result)
    case .gathered: return gathered(random)
    case .hubRenewed:
      mayHoldMore = true
      return []
    case .relayed(let done, let unsent):
      isRelaying = false
      mayHoldMore = mayHoldMore || !done
      return push(unsent.sorted())
    case .timer(let timer): return fired(timer)
    case .retryNow(let unsent): return retryNow(unsent)
    case .rotate: return openGeneration()
    }
  }

  private mutating func retryNow(_ unsent: [LogID]) -> [Action] {
    pushes = pushes.filter { $0.value.isSending }
    failures = 0
    hasResumed = false
    switch recovery {
    case .waiting, .refused:
      recovery = .opening
      return [.openGeneration]
    case .none, .opening, .catchingUp, .reissuing: return follow() + push(unsent.sorted())
    }
  }

  private mutating func fired(_ timer: Timer) -> [Action] {
    switch timer {
    case .reconnect:
      hasResumed = false
      return follow()
    case .push(let log): return pushes[log]?.isWaiting == true ? push([log], isTime: true) : []
    case .statement: return stateNow()
    case .comparison: return comparisonRested()
    case .generation:
      guard case .waiting = recovery else { return [] }
      recovery = .opening
      return [.openGeneration]
    case .stream:
      mode = .stream
      return []
    }
  }

  // MARK: - Delays, in milliseconds

  /// So that a burst of merges makes one statement.
  static let statementDelay: UInt64 = 1_000
  static let statementInterval: UInt64 = 3_600_000
  static let comparisonInterval: UInt64 = 60_000
  static let streamAgain: UInt64 = 3_600_000
  /// As after so many failures: about a quarter of a minute, where a person has to act.
  static let patientFailures = 6

  /// Exponential back-off from half a second to five minutes, and never less than the hub asked for,
  /// up to an hour; with jitter, so that towns do not come back in step after an outage.
  static func delay(after failures: Int, _ retryAfter: UInt64?, _ random: UInt64) -> UInt64 {
    let base: UInt64 = min(500 << UInt64(min(max(failures - 1, 0), 10)), 300_000)
    let asked = min(retryAfter ?? 0, 3_600) * 1_000
    if isPlanted(.retriesAtOnce) { return 0 }
    if isPlanted(.waitsForever) { return base << 12 }
    return max(base / 2 + random % (base / 2 + 1), asked + random % (asked / 4 + 1))
  }
}
