// SPDX-License-Identifier: EUPL-1.2

extension TownSession {
  enum StatementPhase: Hashable, Sendable {
    case idle
    /// A timer will send it.
    case planned
    /// `again`: more was merged meanwhile.
    case sending(again: Bool)
  }

  enum ComparisonPhase: Hashable, Sendable {
    case idle
    case comparing
    /// Compared a short while ago. `again`: and asked for since.
    case resting(again: Bool)
  }

  mutating func planStatement() -> [Action] {
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

  mutating func stateNow() -> [Action] {
    if case .sending = statement { return [] }
    statement = .sending(again: false)
    return [.sendStatement]
  }

  mutating func statementSent(_ delivered: Bool, _ random: UInt64) -> [Action] {
    guard case .sending(let again) = statement else { return [] }
    guard delivered else {
      statementFailures += 1
      statement = .planned
      let delay = Self.delay(after: statementFailures + 2, nil, random)
      return [.setTimer(.statement, milliseconds: delay)]
    }
    statementFailures = 0
    statement = .idle
    let next =
      again ? planStatement() : [.setTimer(.statement, milliseconds: Self.statementInterval)]
    return next + compare()
  }

  /// What the others saw is looked at after each own statement, but not more often than every minute.
  private mutating func compare() -> [Action] {
    switch comparison {
    case .idle:
      comparison = .comparing
      return [.compareStatements]
    case .comparing: return []
    case .resting:
      comparison = .resting(again: true)
      return []
    }
  }

  mutating func compared() -> [Action] {
    guard comparison == .comparing else { return [] }
    comparison = .resting(again: false)
    return [.setTimer(.comparison, milliseconds: Self.comparisonInterval)]
  }

  mutating func comparisonRested() -> [Action] {
    guard case .resting(let again) = comparison else { return [] }
    comparison = .idle
    return again ? compare() : []
  }
}
