// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisLocal
import KreisStore
import Logging
import Synchronization

/// How a console knows who sits at a browser.
package enum ConsoleSignIn: Hashable, Sendable {
  /// It asks nobody: whoever reaches it may do everything.
  case none
  /// By the accounts of `AccountBook` and their passwords.
  case accounts
  /// A reverse proxy that asks for more says it in a header; the accounts say who may do what.
  ///
  /// - Parameter address: of the proxy; `nil`: only the console's socket counts.
  case proxy(header: String, address: String?)
}

/// Who sent a request.
struct Caller: Hashable, Sendable {
  /// Its IP address; `nil` on a socket.
  let address: String?
}

/// Finds out who sits at a browser, and signs people in and out.
final class SignInDesk: Sendable {
  enum Answer {
    case done(ConsolePerson, session: BrowserSecret, device: BrowserSecret)
    case wrong
    case wait(seconds: UInt64)
    case busy
  }

  static let sessionCookie = "kreisnetz_sitzung"
  static let deviceCookie = "kreisnetz_geraet"
  /// Who may wait at once until a password is looked at; each look takes 32 MiB and has its turn.
  private static let queue = 12

  let way: ConsoleSignIn
  let accounts: AccountBook
  private let sessions: SessionBook
  private let audit: AuditLog
  private let now: @Sendable () -> UInt64
  private let logger: Logger
  private let limits = Mutex(SignInLimits())
  private let waiting = Mutex(0)
  private let turn = Mutex(())

  /// - Throws: `StateDirectoryError`.
  init(
    _ way: ConsoleSignIn, in directory: StateDirectory, times: SessionTimes,
    now: @escaping @Sendable () -> UInt64, logger: Logger
  ) throws {
    (self.way, self.now, self.logger) = (way, now, logger)
    accounts = AccountBook(in: directory)
    sessions = try SessionBook(in: directory, times: times)
    audit = AuditLog(in: directory.path)
  }

  // MARK: - Who asks

  /// Who sent a request; `nil`: nobody who is signed in.
  ///
  /// - Throws: `Refusal`, `StateDirectoryError`.
  func person(
    _ head: HTTPRequest, _ request: ConsoleRequest, from caller: Caller
  ) throws -> ConsolePerson? {
    switch way {
    case .none: return .anybody
    case .proxy(let header, let address):
      return try proxied(head, header, isByProxy: caller.address == address)
    case .accounts:
      guard let secret = BrowserSecret(request.cookie(Self.sessionCookie)),
        let person = try person(in: sessions.session(secret))
      else { return nil }
      // What a page's script asks for shows nobody at the browser.
      if request.isNavigation { sessions.touch(secret, at: now()) }
      return person
    }
  }

  private func person(in session: Session?) throws -> ConsolePerson? {
    guard let session else { return nil }
    let account = try accounts.accounts()[session.account]
    guard let account, session.holds(for: account, at: now(), sessions.times) else { return nil }
    return ConsolePerson(account: account.name, role: account.role)
  }

  private func proxied(
    _ head: HTTPRequest, _ header: String, isByProxy: Bool
  ) throws -> ConsolePerson {
    // Anybody can say that he is somebody; only the proxy is believed.
    guard isByProxy else { throw Refusal.notByProxy }
    guard let name = HTTPField.Name(header), case let values = head.headerFields[values: name],
      values.count == 1, let value = values.first, !value.isEmpty
    else { throw Refusal.noName }
    guard let name = ConsoleAccount.name(value), let account = try accounts.accounts()[name] else {
      throw Refusal.unknownPerson(String(value.prefix(64)))
    }
    return ConsolePerson(account: account.name, role: account.role)
  }

  /// Says later whether somebody is still signed in.
  func watch(_ request: ConsoleRequest) -> @Sendable () -> Bool {
    switch way {
    case .none: return { true }
    case .proxy:
      let name = request.person?.account ?? ""
      return { [accounts] in (try? accounts.accounts()[name]) != nil }
    case .accounts:
      let hash = BrowserSecret(request.cookie(Self.sessionCookie))?.hash ?? ""
      return { (try? self.person(in: self.sessions.session(hash: hash))) != nil }
    }
  }

  // MARK: - Signing in and out

  /// Tries a password. Blocks for some tenths of a second, as long for names that are none.
  ///
  /// - Throws: `StateDirectoryError`, and what the cryptographic library throws.
  func signIn(
    _ typed: String, _ password: String, _ request: ConsoleRequest, address: String
  ) throws -> Answer {
    switch try check(typed, password, request, address) {
    case .right(let account, let own, let device):
      try note("console sign-in", account.name)
      return begin(account, own, device: device)
    case .wrong: return .wrong
    case .wait(let seconds): return .wait(seconds: seconds)
    case .busy: return .busy
    }
  }

  private enum Check {
    case right(ConsoleAccount, PasswordHash, device: BrowserSecret?)
    case wrong
    case wait(seconds: UInt64)
    case busy
  }

  private func check(
    _ typed: String, _ password: String, _ request: ConsoleRequest, _ address: String
  ) throws -> Check {
    let now = now()
    let name = ConsoleAccount.name(typed) ?? ""
    let device = BrowserSecret(request.cookie(Self.deviceCookie)).flatMap { secret in
      sessions.device(secret)?.holds(for: name, at: now) == true ? secret : nil
    }
    let attempt = SignInLimits.Attempt(account: name, address: address, device: device?.hash)
    guard takePlace() else { return .busy }
    defer { leavePlace() }
    let locks: Bool
    switch limits.withLock({ $0.admit(attempt, at: now) }) {
    case .wait(let seconds): return .wait(seconds: seconds)
    case .go(let isLast): locks = isLast
    }
    let account = try accounts.accounts()[name]
    let kept = account?.password ?? .nobody
    let fits = try turn.withLock { _ in try kept.fits(password) }
    guard let account, let own = account.password, fits else {
      if locks { noteLock(account) }
      return .wrong
    }
    limits.withLock { $0.succeeded(attempt) }
    return .right(account, own, device: device)
  }

  private func begin(
    _ account: ConsoleAccount, _ password: PasswordHash, device: BrowserSecret?
  ) -> Answer {
    let (session, device, now) = (BrowserSecret.random(), device ?? .random(), now())
    sessions.begin(
      Session(account: account.name, password: password.mark, since: now, seen: now), session,
      device: device, at: now)
    return .done(
      ConsolePerson(account: account.name, role: account.role), session: session, device: device)
  }

  /// Ends the session of a browser for good.
  ///
  /// - Throws: `StateDirectoryError`: a restart would bring it back.
  func signOut(_ request: ConsoleRequest) throws {
    guard let secret = BrowserSecret(request.cookie(Self.sessionCookie)) else { return }
    if let account = request.person?.account { try note("console sign-out", account) }
    try sessions.end(secret, at: now())
  }

  /// Changes the password of whoever is signed in: all other sessions of the account end.
  ///
  /// - Throws: `StateDirectoryError`, `CommandError`, and what the cryptographic library throws.
  func changePassword(
    from old: String, to new: String, _ request: ConsoleRequest, address: String
  ) throws -> Answer {
    guard let name = request.person?.account else { return .wrong }
    let device: BrowserSecret?
    switch try check(name, old, request, address) {
    case .right(_, _, let known): device = known
    case .wrong: return .wrong
    case .wait(let seconds): return .wait(seconds: seconds)
    case .busy: return .busy
    }
    let salt = BrowserSecret.random().bytes.prefix(16)
    let hash = try turn.withLock { _ in try PasswordHash(of: new, salt: Array(salt)) }
    let account = try accounts.change { accounts -> ConsoleAccount? in
      accounts[name]?.password = hash
      return accounts[name]
    }
    guard let account else { return .wrong }
    try note("console password", name)
    return begin(account, hash, device: device)
  }

  private func takePlace() -> Bool {
    waiting.withLock { waiting in
      guard waiting < Self.queue else { return false }
      waiting += 1
      return true
    }
  }

  private func leavePlace() { waiting.withLock { $0 -= 1 } }

  /// - Throws: `CommandError`: what cannot be noted is not done.
  private func note(_ act: String, _ account: String) throws {
    try audit.note(act, .done, by: .console, for: account, at: now())
  }

  private func noteLock(_ account: ConsoleAccount?) {
    logger.warning(
      "Too many wrong passwords at the console; strangers have to wait.",
      metadata: ["account": "\(account?.name ?? "none of ours")"])
    guard let account else { return }
    try? audit.note("console lock-out", .no, by: .console, for: account.name, at: now())
  }
}
