// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// How long who signed in stays so, in seconds.
package struct SessionTimes: Hashable, Sendable {
  /// While nothing is done.
  package var idle: UInt64 = 3_600
  /// At most: a working day.
  package var whole: UInt64 = 12 * 3_600

  package init() {}
}

/// That somebody signed in. Times are seconds since 1970.
struct Session: Hashable, Sendable {
  let account: String
  /// `PasswordHash.mark` of the password that was given.
  let password: String
  let since: UInt64
  /// When something was last done.
  var seen: UInt64

  /// By how much a clock may have been set back.
  private static let tolerance: UInt64 = 300

  /// Whether it holds.
  ///
  /// - Parameter account: as it is now; `nil`: it was removed.
  func holds(
    for account: ConsoleAccount?, at now: UInt64, _ times: SessionTimes = SessionTimes()
  ) -> Bool {
    guard let account, account.name == self.account, account.password?.mark == password else {
      return false
    }
    return isFresh(at: now, times)
  }

  /// Whether its time is not over.
  func isFresh(at now: UInt64, _ times: SessionTimes) -> Bool {
    // With a clock that was set back it would last for as long as anybody likes.
    guard now + Self.tolerance >= seen, now + Self.tolerance >= since else { return false }
    return now < seen + times.idle && now < since + times.whole
  }
}

/// A browser in which somebody signed in to an account before: others' failures do not shut it out.
struct KnownDevice: Hashable, Sendable {
  let account: String
  /// When it was last signed in with.
  var seen: UInt64

  static let period: UInt64 = 180 * 86_400

  func holds(for name: String, at now: UInt64) -> Bool {
    account == name && now < seen + Self.period
  }
}

/// A secret that a browser keeps in a cookie; on this side there is only its hash.
struct BrowserSecret: Hashable, Sendable {
  let text: String

  /// 32 random bytes.
  static func random() -> BrowserSecret {
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<4).flatMap { _ in
      let number: UInt64 = generator.next()
      return (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    return BrowserSecret(text: Hex.encode(bytes))
  }

  /// `nil` for what is no such secret.
  init?(_ text: String?) {
    guard let text, text.utf8.count == 64, let bytes = Hex.decode(text), bytes.count == 32 else {
      return nil
    }
    self.text = text
  }

  private init(text: String) { self.text = text }

  var bytes: [UInt8] { Hex.decode(text) ?? [] }
  var hash: String { Hash256(of: bytes).description }
}
