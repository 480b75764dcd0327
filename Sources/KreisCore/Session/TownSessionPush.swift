// SPDX-License-Identifier: EUPL-1.2

extension TownSession {
  struct PushState: Hashable, Sendable {
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

  /// - Parameter isTime: whether the time has come that the hub asked to wait for.
  mutating func push(_ logs: [LogID], isTime: Bool = false) -> [Action] {
    guard !isBetweenGenerations else { return [] }
    var actions: [Action] = []
    for log in logs
    where log.scope != .local && log.generation == generation || isPlanted(.pushesLocal) {
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

  mutating func pushed(
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
    case .diverged, .closed: return openGeneration()
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
}
