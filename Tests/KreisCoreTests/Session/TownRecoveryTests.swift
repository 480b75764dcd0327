// SPDX-License-Identifier: EUPL-1.2

import Testing

@testable import KreisCore

private let town = MemberID(7)!
private func log(_ generation: UInt32, _ scope: Scope = .public) -> LogID {
  LogID(member: town, generation: generation, scope: scope)
}

/// A session that runs and is connected, in generation 1.
private struct Running {
  var session = TownSession()

  init() {
    handle(.started(unsent: [], generation: 1, isRecovering: false))
    handle(.merged(complete: true, news: false))
  }

  @discardableResult
  mutating func handle(_ event: TownSession.Event) -> [TownSession.Action] {
    session.handle(event, random: 1)
  }
}

@Suite struct `A town on its way into the next key generation` {
  @Test(arguments: [TownSession.PushResult.diverged, .closed])
  func `asks for it when the hub holds other entries of its log, and pushes nothing meanwhile`(
    result: TownSession.PushResult
  ) {
    var town = Running()
    #expect(town.handle(.committed([log(1), log(1, .kreis)])).count == 2)
    #expect(town.handle(.pushed(log(1), result)) == [.openGeneration])
    #expect(town.session.recovery == .opening)
    // The other log's answer belongs to the old generation.
    #expect(town.handle(.pushed(log(1, .kreis), .diverged)) == [])
    #expect(town.handle(.committed([log(1)])) == [])
    #expect(town.handle(.streamEnded(.finished)) == [])
    #expect(town.handle(.timer(.reconnect)) == [])
  }

  @Test func `takes its old logs back whole, issues the rest anew, and only then is done`() {
    var town = Running()
    #expect(town.handle(.streamEnded(.behind(log(1)))) == [.openGeneration])
    let opened = town.handle(.generationOpened(.opened(generation: 2, unsent: [])))
    #expect(opened == [.follow(.stream, own: true)])
    #expect(town.session.recovery == .catchingUp)
    // What people write meanwhile goes out under the new key.
    #expect(town.handle(.committed([log(2)])) == [.push(log(2))])
    #expect(!town.handle(.merged(complete: false, news: true)).contains(.reissue))
    #expect(town.handle(.merged(complete: true, news: true)).contains(.reissue))
    #expect(town.handle(.merged(complete: true, news: false)) == [])
    #expect(town.handle(.reissued(.done(unsent: [log(2, .kreis)]))) == [.push(log(2, .kreis))])
    #expect(town.session.recovery == .none)
    #expect(town.handle(.streamEnded(.finished)) == [.follow(.stream, own: false)])
  }

  @Test func `does not take an answer without its own entries for complete`() {
    var town = Running()
    // The stream that is open was asked for with the old key, without the own entries.
    town.handle(.rotate)
    #expect(town.handle(.generationOpened(.opened(generation: 2, unsent: []))) == [])
    #expect(!town.handle(.merged(complete: true, news: true)).contains(.reissue))
    #expect(town.handle(.streamEnded(.closed(generation: 1))) == [.follow(.stream, own: true)])
    #expect(town.handle(.merged(complete: true, news: true)).contains(.reissue))
  }

  @Test func `tries again to issue anew what could not be stored or was not complete`() {
    var town = Running()
    town.handle(.streamEnded(.closed(generation: 1)))
    town.handle(.generationOpened(.opened(generation: 2, unsent: [])))
    for result in [TownSession.ReissueResult.incomplete, .notStored(reason: "disk full")] {
      #expect(town.handle(.merged(complete: true, news: false)).contains(.reissue))
      #expect(town.handle(.reissued(result)) == [])
      #expect(town.session.recovery == .catchingUp)
    }
    #expect(town.handle(.merged(complete: true, news: false)).contains(.reissue))
  }

  @Test func `goes on with it after a restart`() {
    var session = TownSession()
    let first = session.handle(
      .started(unsent: [log(2)], generation: 2, isRecovering: true), random: 1)
    #expect(first == [.follow(.stream, own: true), .push(log(2))])
    #expect(session.handle(.merged(complete: true, news: false), random: 1).contains(.reissue))
  }

  @Test func `is refused while another instance lives, says so, and asks again later`() {
    var town = Running()
    town.handle(.streamEnded(.behind(log(1))))
    let actions = town.handle(.generationOpened(.otherInstance(reason: "a copy runs")))
    guard case .setTimer(.generation, let delay) = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(delay >= 1_000)
    #expect(town.session.link == .alarmed(reason: "a copy runs"))
    #expect(town.handle(.committed([log(1)])) == [])
    #expect(town.handle(.timer(.generation)) == [.openGeneration])
  }

  @Test func `stays refused until an admin has looked`() {
    var town = Running()
    town.handle(.streamEnded(.closed(generation: 1)))
    #expect(town.handle(.generationOpened(.refused(reason: "not the latest"))) == [])
    #expect(town.session.recovery == .refused(reason: "not the latest"))
    #expect(town.session.link == .alarmed(reason: "not the latest"))
    for event in [TownSession.Event.committed([log(1)]), .timer(.reconnect), .timer(.generation)] {
      #expect(town.handle(event) == [])
    }
    #expect(town.handle(.retryNow(unsent: [log(1)])) == [.openGeneration])
  }

  @Test func `does not open a third generation because of answers to the first`() {
    var town = Running()
    town.handle(.rotate)
    town.handle(.generationOpened(.opened(generation: 2, unsent: [])))
    #expect(town.handle(.streamEnded(.closed(generation: 1))) == [.follow(.stream, own: true)])
    town.handle(.merged(complete: true, news: false))
    town.handle(.reissued(.done(unsent: [])))
    town.handle(.streamEnded(.finished))
    #expect(town.handle(.timer(.reconnect)) == [.follow(.stream, own: false)])
    // An old own log that is not held whole is taken back without another generation.
    #expect(
      town.handle(.streamEnded(.behind(log(1)))) == [.follow(.stream, own: true)])
    town.handle(.merged(complete: true, news: true))
    town.handle(.streamEnded(.finished))
    #expect(town.handle(.timer(.reconnect)) == [.follow(.stream, own: false)])
  }
}

@Suite struct `A town whose hub was restored or rebuilt` {
  @Test func `shows the hub its own signature and raises an alarm`() {
    var town = Running()
    let actions = town.handle(.streamEnded(.contradicted(reason: "unknown position")))
    #expect(actions.contains(.sendStatement))
    #expect(town.session.link == .alarmed(reason: "unknown position"))
  }

  @Test func `offers all that it holds, once an attempt, until the hub serves again`() {
    var town = Running()
    let gathering = TownSession.StreamEnd.gathering(reason: "rebuilt", retryAfterSeconds: 20)
    for _ in 0..<3 {
      #expect(town.handle(.streamEnded(gathering)) == [.gather])
      #expect(town.session.link == .waiting(reason: "rebuilt"))
      // Nothing else is asked while it offers.
      #expect(town.handle(.retryNow(unsent: [])) == [])
      guard case .setTimer(.reconnect, let delay)? = town.handle(.gathered).first else {
        Issue.record("no timer")
        return
      }
      #expect(delay >= 20_000)
      #expect(town.handle(.timer(.reconnect)) == [.follow(.stream, own: false)])
    }
    town.handle(.merged(complete: true, news: true))
    #expect(town.session.link == .connected(.stream))
  }

  @Test func `offers what it holds to a hub that lost what admitted it`() {
    var town = Running()
    let refusal = HubRefusal(
      status: 401, name: HubRefusal.Name.unknownKey, reason: "not known", retryAfterSeconds: nil)
    #expect(
      town.handle(.streamEnded(TownSession.StreamEnd(refusal, askedBy: 1))) == [.gather])
    #expect(town.session.link == .waiting(reason: "not known"))
  }

  @Test(arguments: [(503, HubRefusal.Name.gathering), (401, HubRefusal.Name.unknownKey)])
  func `offers what it holds also while it waits for its next key`(status: Int, name: String) {
    var town = Running()
    #expect(town.handle(.rotate) == [.openGeneration])
    let refusal = HubRefusal(status: status, name: name, reason: "rebuilt", retryAfterSeconds: 10)
    let answer = TownSession.Event.generationOpened(TownSession.OpenResult(refusal))
    // Not while the answer to the old key is open.
    #expect(!town.handle(answer).contains(.gather))
    #expect(town.handle(.streamEnded(.finished)) == [])
    #expect(town.handle(.timer(.generation)) == [.openGeneration])
    let asked = town.handle(answer)
    #expect(asked.contains(.gather) && asked.count == 2)
    #expect(town.session.recovery == .waiting(reason: "rebuilt"))
    // With the old key nothing else is asked.
    town.handle(.gathered)
    #expect(town.handle(.timer(.reconnect)) == [])
    #expect(town.handle(.timer(.generation)) == [.openGeneration])
    let opened = town.handle(.generationOpened(.opened(generation: 2, unsent: [])))
    #expect(opened == [.follow(.stream, own: true)])
  }

  @Test func `pushes again what a hub refused that is then set back to before a revocation`() {
    let refusal = HubRefusal(
      status: 403, name: HubRefusal.Name.revoked, reason: "revoked", retryAfterSeconds: nil)
    #expect(
      TownSession.PushResult(refusal)
        == .unavailable(reason: "revoked", retryAfterSeconds: nil))
  }

  @Test func `pushes again what an earlier hub had taken and the new one lacks`() {
    var town = Running()
    town.handle(.relayed(done: true, unsent: []))
    // Taken by a hub that is then set back to a backup.
    town.handle(.committed([log(1)]))
    town.handle(.pushed(log(1), .acknowledged(more: false)))
    town.handle(.streamEnded(.gathering(reason: "rebuilt", retryAfterSeconds: 10)))
    town.handle(.gathered)
    town.handle(.timer(.reconnect))
    town.handle(.hubRenewed)
    #expect(town.handle(.merged(complete: true, news: true)).contains(.relay))
    #expect(town.handle(.relayed(done: true, unsent: [log(1)])) == [.push(log(1))])
  }

  @Test func `keeps trying to push what a hub that gathers cannot take yet`() {
    let refusal = HubRefusal(
      status: 422, name: HubRefusal.Name.gathering, reason: "too little", retryAfterSeconds: 10)
    #expect(
      TownSession.PushResult(refusal)
        == .unavailable(reason: "too little", retryAfterSeconds: 10))
  }
}

@Suite struct `A town that looks at the others' statements` {
  @Test func `does so after its own, and at most every minute`() {
    var town = Running()
    #expect(town.handle(.timer(.statement)) == [.sendStatement])
    #expect(town.handle(.statementSent(true)).contains(.compareStatements))
    #expect(
      town.handle(.statementsCompared) == [.setTimer(.comparison, milliseconds: 60_000)])
    town.handle(.timer(.statement))
    #expect(!town.handle(.statementSent(true)).contains(.compareStatements))
    #expect(town.handle(.timer(.comparison)) == [.compareStatements])
    town.handle(.statementsCompared)
    #expect(town.handle(.timer(.comparison)) == [])
  }
}
