// SPDX-License-Identifier: EUPL-1.2

extension TownSession {
  /// Whether nothing may be asked with the key that signs now.
  var isBetweenGenerations: Bool {
    switch recovery {
    case .opening, .waiting, .refused: true
    case .none, .catchingUp, .reissuing: false
    }
  }

  /// The hub knows more, or other, of this replica's logs than it does, or has closed them: only the
  /// next key generation leads on.
  mutating func openGeneration() -> [Action] {
    guard !isBetweenGenerations else { return [] }
    recovery = .opening
    // Results that are still on their way belong to the old generation.
    pushes = [:]
    return [.openGeneration]
  }

  mutating func opened(_ result: OpenResult, _ random: UInt64) -> [Action] {
    guard recovery == .opening else { return [] }
    switch result {
    case .opened(let generation, let unsent):
      self.generation = generation
      recovery = .catchingUp
      recoveryFailures = 0
      failures = 0
      hasResumed = false
      takesOwn = true
      // The hub ends an answer to the old key by itself; the next one is asked with the new key.
      return follow() + push(unsent.sorted())
    case .refused(let reason):
      recovery = .refused(reason: reason)
      link = .alarmed(reason: reason)
      return []
    case .otherInstance(let reason):
      link = .alarmed(reason: reason)
      return waitToOpen(reason, nil, random)
    case .gathering(let reason, let seconds):
      // It takes what is offered with the old key, too, and its admin waits for it.
      let wait = waitToOpen(reason, seconds, random)
      // An answer that is still open will end, and the next attempt finds it so.
      return isFollowing ? wait : wait + gather(reason, seconds, random)
    case .unavailable(let reason, let seconds):
      if case .alarmed = link {} else { link = .waiting(reason: reason) }
      return waitToOpen(reason, seconds, random)
    }
  }

  private mutating func waitToOpen(
    _ reason: String, _ seconds: UInt64?, _ random: UInt64
  ) -> [Action] {
    recoveryFailures += 1
    recovery = .waiting(reason: reason)
    let delay = Self.delay(after: recoveryFailures + 2, seconds, random)
    return [.setTimer(.generation, milliseconds: delay)]
  }

  /// Everything that the hub has is here, the own logs up to their closings included.
  mutating func caughtUp() -> [Action] {
    guard recovery == .catchingUp else {
      if recovery == .none { takesOwn = false }
      return []
    }
    guard !isReissuing else { return [] }
    isReissuing = true
    recovery = .reissuing
    return [.reissue]
  }

  mutating func reissued(_ result: ReissueResult) -> [Action] {
    isReissuing = false
    guard recovery == .reissuing else { return [] }
    switch result {
    case .done(let unsent):
      recovery = .none
      takesOwn = false
      return push(unsent.sorted())
    case .incomplete, .notStored:
      // The next complete chunk, a heartbeat at the latest, tries again.
      recovery = .catchingUp
      return []
    }
  }

  // MARK: - A rebuilt hub

  /// What came too late for a gathering is offered once the hub's new feeds are here.
  mutating func relay() -> [Action] {
    guard mayHoldMore, !isRelaying, recovery == .none else { return [] }
    mayHoldMore = false
    isRelaying = true
    return [.relay]
  }

  mutating func gather(_ reason: String, _ seconds: UInt64?, _ random: UInt64) -> [Action] {
    link = .waiting(reason: reason)
    gatherWait = seconds
    mayHoldMore = true
    guard !isGathering else { return [] }
    isGathering = true
    return [.gather]
  }

  /// Offered once, the hub is left to its admin and asked again later.
  mutating func gathered(_ random: UInt64) -> [Action] {
    guard isGathering else { return [] }
    isGathering = false
    failures = max(failures, Self.patientFailures)
    return [.setTimer(.reconnect, milliseconds: Self.delay(after: failures, gatherWait, random))]
  }
}
