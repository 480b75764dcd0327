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
    case merged(complete: Bool)
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
      case waiting
      case stopped(reason: String)
    }

    var phase: Phase
    var failures = 0
  }

  package private(set) var link: Link = .connecting
  private var mode: FollowMode = .stream
  private var isFollowing = false
  private var failures = 0
  private var pushes: [LogID: PushState] = [:]
  private var statementDue = false

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
    case .merged(let complete):
      failures = 0
      link = .connected(mode)
      // The hub answers again: what waited need not wait longer.
      var actions = push(pushes.filter { $0.value.phase == .waiting }.keys.sorted())
      if complete, !statementDue {
        statementDue = true
        actions.append(.setTimer(.statement, milliseconds: Self.statementDelay))
      }
      return actions
    case .streamEnded(let end):
      return ended(end, random)
    case .statementSent(let delivered):
      statementDue = !delivered
      return [
        .setTimer(
          .statement,
          milliseconds: delivered ? Self.statementInterval : Self.delay(after: 3, nil, random))
      ]
    case .timer(let timer):
      return fired(timer)
    case .retryNow(let unsent):
      for (log, state) in pushes {
        if case .sending = state.phase { continue }
        pushes[log] = nil
      }
      failures = 0
      return follow() + push(unsent.sorted())
    }
  }

  // MARK: - Feed

  private mutating func follow() -> [Action] {
    guard !isFollowing else { return [] }
    isFollowing = true
    if case .alarmed = link {} else { link = .connecting }
    return [.follow(mode)]
  }

  private mutating func ended(_ end: StreamEnd, _ random: UInt64) -> [Action] {
    isFollowing = false
    switch end {
    case .finished:
      // A hub that ends responses at once must not be asked in a tight loop.
      if mode == .poll || failures == 0 {
        failures += 1
        return follow()
      }
      return wait("the hub ended the connection", nil, random)
    case .unavailable(let reason, let seconds):
      return wait(reason, seconds, random)
    case .notStored(let reason):
      return wait(reason, nil, random)
    case .buffered:
      mode = .poll
      return [.setTimer(.stream, milliseconds: Self.streamAgain)] + follow()
    case .untrusted(let reason):
      failures = max(failures, 6)
      let actions = wait(reason, nil, random)
      link = .alarmed(reason: reason)
      return actions
    }
  }

  private mutating func wait(_ reason: String, _ seconds: UInt64?, _ random: UInt64) -> [Action] {
    failures += 1
    if case .alarmed = link {} else { link = .waiting(reason: reason) }
    return [.setTimer(.reconnect, milliseconds: Self.delay(after: failures, seconds, random))]
  }

  // MARK: - Push

  private mutating func push(_ logs: [LogID]) -> [Action] {
    var actions: [Action] = []
    for log in logs where log.scope != .local {
      switch pushes[log]?.phase {
      case .sending: pushes[log]?.phase = .sending(again: true)
      case .stopped: continue
      case .waiting, nil:
        pushes[log, default: PushState(phase: .waiting)].phase = .sending(again: false)
        actions.append(.push(log))
      }
    }
    return actions
  }

  private mutating func pushed(
    _ log: LogID, _ result: PushResult, _ random: UInt64
  ) -> [Action] {
    guard var state = pushes[log] else { return [] }
    switch result {
    case .acknowledged(let more):
      guard more || state.phase == .sending(again: true) else {
        pushes[log] = nil
        return []
      }
      pushes[log] = PushState(phase: .sending(again: false))
      return [.push(log)]
    case .rewound:
      pushes[log] = PushState(phase: .sending(again: false))
      return [.push(log)]
    case .diverged:
      pushes[log]?.phase = .stopped(reason: "the hub holds other entries of this log")
      return []
    case .refused(let reason):
      pushes[log]?.phase = .stopped(reason: reason)
      return []
    case .unavailable(let reason, let seconds):
      state.failures += 1
      state.phase = .waiting
      pushes[log] = state
      if case .connecting = link { link = .waiting(reason: reason) }
      return [
        .setTimer(.push(log), milliseconds: Self.delay(after: state.failures, seconds, random))
      ]
    }
  }

  private mutating func fired(_ timer: Timer) -> [Action] {
    switch timer {
    case .reconnect: return follow()
    case .push(let log): return pushes[log]?.phase == .waiting ? push([log]) : []
    case .statement: return [.sendStatement]
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

  /// Exponential back-off from half a second to five minutes, or what the hub asked for; with full
  /// jitter on the upper half, so that towns do not come back in step after an outage.
  static func delay(after failures: Int, _ retryAfter: UInt64?, _ random: UInt64) -> UInt64 {
    let asked = retryAfter.map { min($0, 3_600) * 1_000 }
    let base = asked ?? min(500 << UInt64(min(max(failures - 1, 0), 10)), 300_000)
    return asked == nil ? base / 2 + random % (base / 2 + 1) : base + random % (base / 4 + 1)
  }
}
