/// The exchange between a town and its hub, as a pure state machine: events in, actions out, no I/O,
/// no clock, no randomness. The daemon executes the actions; so can a simulator.
///
/// Nothing polls where an event can tell: a local commit triggers a push, the open stream triggers
/// merges; timers cover failures only.
package struct TownSession: Sendable {
  /// How the feed is followed.
  package enum FollowMode: Hashable, Sendable {
    /// One response that goes on.
    case stream
    /// Repeated requests that wait: behind a proxy that buffers responses.
    case poll
  }

  package enum Timer: Hashable, Sendable {
    /// Try the feed again.
    case reconnect
    /// Push again what could not be pushed.
    case push(LogID)
    /// Tell the hub what was verified.
    case statement
    /// Try to stream again, after long polling.
    case stream
  }

  package enum PushResult: Hashable, Sendable {
    /// Acknowledged after the hub's commit. `more`: further entries wait in this log.
    case acknowledged(more: Bool)
    /// The hub held less than was thought; the cursor was set back.
    case rewound
    /// The hub holds other entries of this log than this replica.
    case diverged
    /// The hub refuses this log.
    case refused(reason: String)
    /// Nothing was answered, or "later".
    case unavailable(reason: String, retryAfterSeconds: UInt64?)
  }

  package enum StreamEnd: Hashable, Sendable {
    /// The hub, or a wait without news, ended it in good order.
    case finished
    case unavailable(reason: String, retryAfterSeconds: UInt64?)
    /// Connected, but the first chunk did not come: something buffers.
    case buffered
    /// What came contradicts what was verified before, or does not verify.
    case untrusted(reason: String)
    /// The chunk could not be stored here (disk full).
    case notStored(reason: String)
  }

  package enum Event: Hashable, Sendable {
    /// The daemon is up; these logs hold unsent entries.
    case started(unsent: [LogID])
    case committed([LogID])
    case pushed(LogID, PushResult)
    /// A chunk was verified and stored. `complete`: nothing more waits at the hub; `news`: it moved
    /// a feed, and was no mere heartbeat.
    case merged(complete: Bool, news: Bool)
    case streamEnded(StreamEnd)
    case statementSent(Bool)
    case timer(Timer)
    /// An admin asked: try everything now.
    case retryNow(unsent: [LogID])
  }

  package enum Action: Hashable, Sendable {
    case push(LogID)
    case follow(FollowMode)
    case sendStatement
    /// Milliseconds from now; replaces a timer of the same name.
    case setTimer(Timer, milliseconds: UInt64)
  }

  /// How the exchange stands, for `status`.
  package enum Link: Hashable, Sendable {
    case connecting
    case connected(FollowMode)
    case waiting(reason: String)
    /// What the hub showed was not believed; somebody has to look.
    case alarmed(reason: String)
  }

  private struct PushState: Hashable, Sendable {
    enum Phase: Hashable, Sendable {
      /// `again`: more was committed meanwhile.
      case sending(again: Bool)
      /// `isAsked`: the hub named the time, so nothing but that time ends the waiting.
      case waiting(isAsked: Bool)
      case stopped(reason: String)
    }

    var phase: Phase
    var failures = 0
    /// Since the log was last sent whole.
    var rewinds = 0

    var isSending: Bool { if case .sending = phase { true } else { false } }
    var isWaiting: Bool { if case .waiting = phase { true } else { false } }
  }

  private enum StatementPhase: Hashable, Sendable {
    case idle
    /// A timer will send it.
    case planned
    /// `again`: more was merged meanwhile.
    case sending(again: Bool)
  }

  package private(set) var link: Link = .connecting
  private var mode: FollowMode = .stream
  private var isFollowing = false
  /// Whether a chunk came since the feed was asked last.
  private var hasAnswered = false
  /// Whether the feed was asked again at once, without a pause since.
  private var hasResumed = false
  private var failures = 0
  private var pushes: [LogID: PushState] = [:]
  private var statement: StatementPhase = .idle
  private var statementFailures = 0
  /// Whether something was merged that no statement was planned for; at the start nobody knows.
  private var hasNews = true

  package init() {}

  /// Logs that are not pushed any more, and why.
  package var stopped: [LogID: String] {
    pushes.compactMapValues { if case .stopped(let reason) = $0.phase { reason } else { nil } }
  }

  /// Takes an event; `random` decides the jitter of what is tried later.
  package mutating func handle(_ event: Event, random: UInt64) -> [Action] {
    switch event {
    case .started(let unsent):
      return follow() + push(unsent.sorted())
    case .committed(let logs):
      return push(logs.sorted())
    case .pushed(let log, let result):
      return pushed(log, result, random)
    case .merged(let complete, let news):
      return merged(complete, news)
    case .streamEnded(let end):
      return ended(end, random)
    case .statementSent(let delivered):
      return statementSent(delivered, random)
    case .timer(let timer):
      return fired(timer)
    case .retryNow(let unsent):
      pushes = pushes.filter { $0.value.isSending }
      failures = 0
      hasResumed = false
      return follow() + push(unsent.sorted())
    }
  }

  // MARK: - Feed

  private mutating func follow() -> [Action] {
    guard !isFollowing || isPlanted(.followsTwice) else { return [] }
    isFollowing = true
    hasAnswered = false
    switch link {
    // Shown until the hub answers, so that each new attempt is no news.
    case .alarmed, .waiting: break
    // Between two polls nothing is wrong.
    case .connected(.poll) where mode == .poll: break
    default: link = .connecting
    }
    return [.follow(mode)]
  }

  private mutating func merged(_ complete: Bool, _ news: Bool) -> [Action] {
    failures = 0
    link = .connected(mode)
    var actions: [Action] = []
    if !hasAnswered {
      hasAnswered = true
      // The hub answers again: what waited need not wait longer.
      actions = push(pushes.filter { $0.value.isWaiting }.keys.sorted())
    }
    hasNews = hasNews || news
    if complete, hasNews {
      hasNews = false
      actions += planStatement()
    }
    return actions
  }

  private mutating func ended(_ end: StreamEnd, _ random: UInt64) -> [Action] {
    isFollowing = false
    switch end {
    case .finished:
      guard hasAnswered else {
        return wait("the hub ended the answer before any news", nil, random)
      }
      // A hub that ends every answer at once must not be asked in a tight loop, so every other
      // time there is a pause; between polls of half a minute it is not felt.
      if !hasResumed {
        hasResumed = true
        return follow()
      }
      let before = link
      let actions = wait("the hub ended the connection", nil, random)
      if mode == .poll { link = before }
      return actions
    case .unavailable(let reason, let seconds):
      return wait(reason, seconds, random)
    case .notStored(let reason):
      return wait(reason, nil, random)
    case .buffered:
      guard mode == .stream else { return wait("the hub did not answer in time", nil, random) }
      mode = .poll
      return [.setTimer(.stream, milliseconds: Self.streamAgain)] + follow()
    case .untrusted(let reason):
      failures = max(failures, 6)
      let actions = wait(reason, nil, random)
      if !isPlanted(.hidesAlarm) { link = .alarmed(reason: reason) }
      return actions
    }
  }

  private mutating func wait(_ reason: String, _ seconds: UInt64?, _ random: UInt64) -> [Action] {
    failures += 1
    if case .alarmed = link {} else { link = .waiting(reason: reason) }
    return [.setTimer(.reconnect, milliseconds: Self.delay(after: failures, seconds, random))]
  }

  // MARK: - Push

  /// - Parameter isTime: whether the time has come that the hub asked to wait for.
  private mutating func push(_ logs: [LogID], isTime: Bool = false) -> [Action] {
    var actions: [Action] = []
    for log in logs where log.scope != .local || isPlanted(.pushesLocal) {
      switch pushes[log]?.phase {
      case .sending: pushes[log]?.phase = .sending(again: true)
      case .stopped: continue
      case .waiting(isAsked: true) where !isTime: continue
      case .waiting, nil:
        pushes[log, default: PushState(phase: .sending(again: false))].phase = .sending(
          again: false)
        actions.append(.push(log))
      }
    }
    return actions
  }

  private mutating func pushed(
    _ log: LogID, _ result: PushResult, _ random: UInt64
  ) -> [Action] {
    guard let state = pushes[log], state.isSending else { return [] }
    switch result {
    case .acknowledged(let more):
      guard more || state.phase == .sending(again: true) else {
        pushes[log] = nil
        return []
      }
      pushes[log] = PushState(phase: .sending(again: false), rewinds: state.rewinds)
      return [.push(log)]
    case .rewound:
      let again = PushState(
        phase: .sending(again: false), failures: state.failures, rewinds: state.rewinds + 1)
      pushes[log] = again
      if again.rewinds == 1 { return [.push(log)] }
      // A hub that forgets what it acknowledged must not be pushed to in a tight loop.
      return waitToPush(log, again, after: again.rewinds, nil, random)
    case .diverged:
      pushes[log]?.phase = .stopped(reason: "the hub holds other entries of this log")
      return []
    case .refused(let reason):
      pushes[log]?.phase = .stopped(reason: reason)
      return []
    case .unavailable(let reason, let seconds):
      var state = state
      state.failures += 1
      if case .connecting = link { link = .waiting(reason: reason) }
      return waitToPush(log, state, after: state.failures, seconds, random)
    }
  }

  private mutating func waitToPush(
    _ log: LogID, _ state: PushState, after failures: Int, _ seconds: UInt64?, _ random: UInt64
  ) -> [Action] {
    var state = state
    state.phase = .waiting(isAsked: seconds ?? 0 > 0)
    pushes[log] = state
    if isPlanted(.forgetsPushTimer) { return [] }
    return [.setTimer(.push(log), milliseconds: Self.delay(after: failures, seconds, random))]
  }

  // MARK: - Statements

  private mutating func planStatement() -> [Action] {
    switch statement {
    case .idle:
      statement = .planned
      return [.setTimer(.statement, milliseconds: Self.statementDelay)]
    case .planned: return []
    case .sending:
      statement = .sending(again: true)
      return []
    }
  }

  private mutating func statementSent(_ delivered: Bool, _ random: UInt64) -> [Action] {
    guard case .sending(let again) = statement else { return [] }
    guard delivered else {
      statementFailures += 1
      statement = .planned
      let delay = Self.delay(after: statementFailures + 2, nil, random)
      return [.setTimer(.statement, milliseconds: delay)]
    }
    statementFailures = 0
    statement = .idle
    return again
      ? planStatement() : [.setTimer(.statement, milliseconds: Self.statementInterval)]
  }

  // MARK: - Timers

  private mutating func fired(_ timer: Timer) -> [Action] {
    switch timer {
    case .reconnect:
      hasResumed = false
      return follow()
    case .push(let log): return pushes[log]?.isWaiting == true ? push([log], isTime: true) : []
    case .statement:
      if case .sending = statement { return [] }
      statement = .sending(again: false)
      return [.sendStatement]
    case .stream:
      mode = .stream
      return []
    }
  }

  // MARK: - Delays, in milliseconds

  /// So that a burst of merges makes one statement.
  private static let statementDelay: UInt64 = 1_000
  private static let statementInterval: UInt64 = 3_600_000
  private static let streamAgain: UInt64 = 3_600_000

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
