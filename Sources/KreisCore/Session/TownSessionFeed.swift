// SPDX-License-Identifier: EUPL-1.2

extension TownSession {
  mutating func follow() -> [Action] {
    guard !isFollowing || isPlanted(.followsTwice), !isBetweenGenerations, !isGathering else {
      return []
    }
    isFollowing = true
    hasAnswered = false
    followsOwn = takesOwn
    switch link {
    // Shown until the hub answers, so that each new attempt is no news.
    case .alarmed, .waiting: break
    // Between two polls nothing is wrong.
    case .connected(.poll) where mode == .poll: break
    default: link = .connecting
    }
    return [.follow(mode, own: takesOwn)]
  }

  mutating func merged(_ complete: Bool, _ news: Bool) -> [Action] {
    failures = 0
    if !isBetweenGenerations { link = .connected(mode) }
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
    // An answer that left the own entries out proves nothing about them.
    if complete, followsOwn { actions += caughtUp() }
    if complete { actions += relay() }
    return actions
  }

  mutating func ended(_ end: StreamEnd, _ random: UInt64) -> [Action] {
    isFollowing = false
    switch end {
    case .finished: return finished(random)
    case .unavailable(let reason, let seconds): return wait(reason, seconds, random)
    case .notStored(let reason): return wait(reason, nil, random)
    case .buffered:
      guard mode == .stream else { return wait("the hub did not answer in time", nil, random) }
      mode = .poll
      return [.setTimer(.stream, milliseconds: Self.streamAgain)] + follow()
    case .untrusted(let reason): return alarm(reason, random)
    case .otherInstance(let reason): return alarm(reason, random)
    case .contradicted(let reason):
      // The statement carries the hub's own signature: shown that, an honest hub sees by itself
      // that it was restored, and stops.
      return alarm(reason, random) + stateNow()
    case .behind(let log):
      if log.generation < generation, !followsOwn {
        takesOwn = true
        return resume("the hub holds more of \(log) than this replica", random)
      }
      guard log.generation >= generation else {
        return alarm("the hub sends entries of \(log) that this replica cannot place", random)
      }
      return openGeneration()
    case .closed(let closed):
      // An answer to the old key, while the new one was being opened.
      guard closed == generation else {
        return resume("the hub answered to a key that was replaced", random)
      }
      return openGeneration()
    case .gathering(let reason, let seconds): return gather(reason, seconds, random)
    }
  }

  private mutating func finished(_ random: UInt64) -> [Action] {
    guard hasAnswered else {
      return wait("the hub ended the answer before any news", nil, random)
    }
    let before = link
    let actions = resume("the hub ended the connection", random)
    if mode == .poll { link = before }
    return actions
  }

  /// Asks again at once. A hub that ends every answer at once must not be asked in a tight loop, so
  /// every other time there is a pause; between polls of half a minute it is not felt.
  private mutating func resume(_ reason: String, _ random: UInt64) -> [Action] {
    guard hasResumed else {
      hasResumed = true
      return follow()
    }
    return wait(reason, nil, random)
  }

  private mutating func alarm(_ reason: String, _ random: UInt64) -> [Action] {
    failures = max(failures, Self.patientFailures)
    let actions = wait(reason, nil, random)
    if !isPlanted(.hidesAlarm) { link = .alarmed(reason: reason) }
    return actions
  }

  private mutating func wait(_ reason: String, _ seconds: UInt64?, _ random: UInt64) -> [Action] {
    failures += 1
    if case .alarmed = link {} else { link = .waiting(reason: reason) }
    return [.setTimer(.reconnect, milliseconds: Self.delay(after: failures, seconds, random))]
  }
}
