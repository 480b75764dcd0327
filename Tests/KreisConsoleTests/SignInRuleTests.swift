// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

@testable import KreisConsole

/// The decisions about signing in, as values: times are given.
@Suite struct SignInRuleTests {
  private func account(_ mark: UInt8 = 1, _ role: ConsoleRole = .reading) throws -> ConsoleAccount {
    let hash = try PasswordHash(
      of: "drei kleine Wörter", salt: [UInt8](repeating: mark, count: 16),
      cost: PasswordHash.Cost(logRounds: 10, blockSize: 1, parallelism: 1))
    return try #require(ConsoleAccount(name: "selma", role: role, password: hash, since: 0))
  }

  @Test func `A session holds for an hour without use, and for half a day with it`() throws {
    let account = try account()
    let mark = try #require(account.password?.mark)
    let start: UInt64 = 1_795_000_000
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let since = start
      let seen = since + UInt64.random(in: 0...50_000, using: &generator)
      let now = UInt64.random(in: start - 2_000...start + 100_000, using: &generator)
      let session = Session(account: "selma", password: mark, since: since, seen: seen)
      let isSetBack = now + 300 < seen
      let expected = !isSetBack && now < seen + 3_600 && now < since + 43_200
      #expect(session.holds(for: account, at: now) == expected, "\(seen - since) \(now)")
    }
    let session = Session(account: "selma", password: mark, since: start, seen: start)
    #expect(session.holds(for: account, at: start + 1))
    #expect(!session.holds(for: nil, at: start + 1))
    #expect(!session.holds(for: try self.account(2), at: start + 1), "another password")
    var times = SessionTimes()
    (times.idle, times.whole) = (600, 7_200)
    #expect(session.holds(for: account, at: start + 599, times))
    #expect(!session.holds(for: account, at: start + 600, times))
    let used = Session(account: "selma", password: mark, since: start, seen: start + 7_100)
    #expect(used.holds(for: account, at: start + 7_199, times))
    #expect(!used.holds(for: account, at: start + 7_200, times))
    var other = Session(account: "jan", password: mark, since: start, seen: start)
    #expect(!other.holds(for: account, at: start + 1))
    other.seen = .max - 10_000
    #expect(!other.holds(for: account, at: start))
  }

  /// Whatever strangers do: who was let in before may go on, no lock has no end, and nobody gets more
  /// tries than are allowed.
  @Test func `Locks hold against strangers and for nobody else`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<60 {
      var limits = SignInLimits()
      var now: UInt64 = 1_795_000_000
      var tries: [String: [UInt64]] = [:]
      var perAddress: [String: [UInt64]] = [:]
      for _ in 0..<600 {
        now += UInt64.random(in: 0...40, using: &generator)
        let account = ["selma", "karl", "niemand"].randomElement(using: &generator) ?? ""
        let address = "192.0.2.\(UInt8.random(in: 0...9, using: &generator))"
        let attempt = SignInLimits.Attempt(account: account, address: address, device: nil)
        switch limits.admit(attempt, at: now) {
        case .wait(let seconds):
          #expect(seconds <= SignInLimits.period && seconds > 0)
          // No further try moves the end of a lock.
          for step in stride(from: 0, to: seconds, by: 60) {
            _ = limits.admit(attempt, at: now + step)
          }
          let later = limits.admit(attempt, at: now + seconds)
          if case .wait = later { Issue.record("the lock has no end") }
          now += seconds
          tries[account, default: []].append(now)
          perAddress[address, default: []].append(now)
        case .go:
          tries[account, default: []].append(now)
          perAddress[address, default: []].append(now)
        }
        let own = SignInLimits.Attempt(account: "selma", address: "192.0.2.1", device: "mine")
        guard case .go = limits.admit(own, at: now) else {
          Issue.record("the known browser is shut out")
          continue
        }
        limits.succeeded(own)
      }
      for (list, most) in tries.values.map({ ($0, SignInLimits.perAccount) })
        + perAddress.values.map({ ($0, SignInLimits.perAddress) })
      {
        for (index, time) in list.enumerated() where index >= 2 * most {
          #expect(time - list[index - 2 * most] >= SignInLimits.period, "too many tries")
        }
      }
    }
  }

  @Test func `One's own account buys no tries at others'`() {
    var limits = SignInLimits()
    let now: UInt64 = 1_795_000_000
    func attempt(_ account: String) -> SignInLimits.Attempt {
      SignInLimits.Attempt(account: account, address: "192.0.2.1", device: nil)
    }
    var admitted = 0
    for number in 0..<200 {
      if case .go = limits.admit(attempt("konto\(number)"), at: now) { admitted += 1 }
      if case .go = limits.admit(attempt("eigenes"), at: now) {
        limits.succeeded(attempt("eigenes"))
      }
    }
    #expect(admitted <= SignInLimits.perAddress)
    // A line of a provider is one place, whatever address of it is used.
    var lines = SignInLimits()
    var count = 0
    for number in 0..<200 {
      let address = "2001:db8:1:2:\(String(number, radix: 16))::1"
      let attempt = SignInLimits.Attempt(account: "k\(number)", address: address, device: nil)
      if case .go = lines.admit(attempt, at: now) { count += 1 }
    }
    #expect(count == SignInLimits.perAddress)
  }

  @Test func `Passwords are kept as scrypt hashes that fit nothing else`() throws {
    let salt = [UInt8](repeating: 3, count: 16)
    let hash = try PasswordHash(of: "Schnee fällt leise", salt: salt)
    #expect(hash.text.hasPrefix("scrypt 15 8 3 03030303"))
    let read = try #require(PasswordHash(text: hash.text))
    #expect(read == hash && read.mark == hash.mark)
    #expect(try read.fits("Schnee fällt leise"))
    // The same letters, decomposed, as some keyboards send them.
    #expect(try read.fits("Schnee fa\u{308}llt leise"))
    for text in [
      "Schnee fällt leis", "", "schnee fällt leise", String(repeating: "x", count: 5_000),
    ] {
      #expect(!(try read.fits(text)))
    }
    for text in ["", "scrypt 15 8 3 00 00", "scrypt 40 8 3 " + hash.text.dropFirst(14), "md5 x"] {
      #expect(PasswordHash(text: text) == nil, "\(text)")
    }
    #expect(PasswordHash.weakness(of: "kurz", for: "selma") == .tooShort)
    #expect(PasswordHash.weakness(of: "Selmaselma12", for: "selma") == .theName)
    #expect(PasswordHash.weakness(of: "vier Wörter am Stück", for: "selma") == nil)
    for name in ["", "a b", "ä", "../x", String(repeating: "a", count: 65)] {
      #expect(ConsoleAccount.name(name) == nil, "\(name)")
    }
    #expect(ConsoleAccount.name("Selma.Weiss@EXAMPLE.org") == "selma.weiss@example.org")
  }

  @Test func `Only the console's own addresses come after signing in`() async throws {
    let console = try await TestConsole(signIn: .accounts)
    try TestAccounts.add("selma", .reading, to: console)
    let visitor = Visitor(console)
    for target in [
      "//evil.example.org", "https://evil.example.org", "/\\evil.example.org", "/a\r\nX: y", "x",
      "/anmelden", "/abmelden", "", "/\u{9}/evil.example.org",
    ] {
      let answer = await visitor.signIn("selma", then: target)
      #expect(answer.fields["location"] == "/", "\(target)")
      await visitor.post("/abmelden", [])
    }
  }
}
