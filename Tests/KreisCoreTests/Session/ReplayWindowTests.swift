// SPDX-License-Identifier: EUPL-1.2

import Testing

@testable import KreisCore

@Suite struct ReplayWindowTests {
  let one: MemberID
  let two: MemberID
  let start: UInt64 = 1_000_000

  init() throws {
    one = try #require(MemberID(1))
    two = try #require(MemberID(2))
  }

  private func nonce(_ number: UInt64) -> RequestNonce { RequestNonce(high: 0, low: number) }

  @Test func `A nonce is accepted once for each member and time`() {
    var window = ReplayWindow(start: start)
    #expect(window.accept(member: one, created: start, nonce: nonce(1), now: start) == .fresh)
    #expect(window.accept(member: one, created: start, nonce: nonce(1), now: start) == .replayed)
    #expect(
      window.accept(member: one, created: start, nonce: nonce(1), now: start + 120) == .replayed)
    #expect(window.accept(member: one, created: start, nonce: nonce(2), now: start) == .fresh)
    #expect(window.accept(member: two, created: start, nonce: nonce(1), now: start) == .fresh)
  }

  @Test func `Only requests near the hub's time and after its start are accepted`() {
    var window = ReplayWindow(start: start)
    #expect(
      window.accept(member: one, created: start - 1, nonce: nonce(1), now: start) == .outOfTime)
    #expect(
      window.accept(member: one, created: start + 121, nonce: nonce(1), now: start) == .outOfTime)
    #expect(window.accept(member: one, created: start + 120, nonce: nonce(1), now: start) == .fresh)
    let later = start + 1_000
    #expect(
      window.accept(member: one, created: later - 121, nonce: nonce(2), now: later) == .outOfTime)
    #expect(window.accept(member: one, created: later - 120, nonce: nonce(2), now: later) == .fresh)
    #expect(window.accept(member: one, created: 0, nonce: nonce(3), now: later) == .outOfTime)
    #expect(window.accept(member: one, created: .max, nonce: nonce(3), now: later) == .outOfTime)
  }

  @Test func `A clock set back brings no forgotten request into the window again`() {
    var window = ReplayWindow(start: start)
    let later = start + 1_000
    #expect(window.accept(member: one, created: start + 10, nonce: nonce(1), now: start) == .fresh)
    #expect(window.accept(member: one, created: later, nonce: nonce(2), now: later) == .fresh)
    #expect(
      window.accept(member: one, created: start + 10, nonce: nonce(1), now: start + 10)
        == .outOfTime)
  }

  @Test func `A member that floods is told when to go on and crowds out nobody`() {
    var window = ReplayWindow(start: start, tolerance: 10, perMember: 50)
    for number in 0..<50 {
      let verdict = window.accept(
        member: one, created: start + UInt64(number) / 25, nonce: nonce(UInt64(number)),
        now: start + 1)
      #expect(verdict == .fresh)
    }
    #expect(
      window.accept(member: one, created: start + 2, nonce: nonce(99), now: start + 2)
        == .full(retryAfter: 1))
    #expect(
      window.accept(member: one, created: start + 10, nonce: nonce(99), now: start + 10)
        == .full(retryAfter: 1))
    #expect(
      window.accept(member: two, created: start + 2, nonce: nonce(99), now: start + 2) == .fresh)
    #expect(
      window.accept(member: one, created: start + 11, nonce: nonce(99), now: start + 11) == .fresh)
    #expect(window.count == 27)
  }

  /// Against a model that remembers everything for ever.
  @Test(arguments: 0..<40) func `Random requests are accepted at most once and never wrongly`(
    seed: UInt64
  ) throws {
    var random = SplitMix(state: seed)
    var window = ReplayWindow(start: start, tolerance: 20, perMember: 64)
    var accepted: Set<[UInt64]> = []
    var now = start
    var highest = start
    for _ in 0..<4_000 {
      switch random.next() % 40 {
      case 0: now += random.next() % 60
      case 1: now = max(start, now - random.next() % 60)
      case 2...20: now += 1
      default: break
      }
      highest = max(highest, now)
      let member = try #require(MemberID(1 + random.next() % 3))
      let created = now + random.next() % 60 - 30
      let number = random.next() % 40
      let verdict = window.accept(
        member: member, created: created, nonce: nonce(number), now: now)
      let floor = max(start, highest - min(highest, 20))
      let inTime = created >= floor && created <= now + 20
      let isNew = !accepted.contains([member.rawValue, created, number])
      switch verdict {
      case .fresh:
        #expect(inTime && isNew)
        accepted.insert([member.rawValue, created, number])
      case .replayed: #expect(!isNew)
      case .outOfTime: #expect(!inTime)
      case .full(let wait): #expect(inTime && isNew && wait > 0)
      }
      #expect(window.count <= 3 * 64)
    }
    #expect(accepted.count > 100)
  }
}
