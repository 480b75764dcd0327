// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisStore
import Logging
import NIOCore
import Synchronization

extension HubRoutes {
  /// `entries` of the message `Bundle`.
  private static let entriesField: UInt64 = 3

  /// Takes what a member pushes. A hub that was lost may lack the very entries that admitted the
  /// member, which the member has: they prove themselves.
  func push(_ request: HubRequest) async throws -> Response {
    let caller: Caller
    do throws(Problem) {
      caller = try authenticator.authenticate(request, under: store.membership)
    } catch {
      return try await takeBack(request, from: error) {
        guard $0.member == store.identity.member, $0.scope == .public else { throw error }
      }
    }
    try instances.check(request, of: caller)
    return try await accept(
      try await request.body(of: caller, upTo: Limits.messageBytes), request, from: caller.member)
  }

  /// Takes what a member brings to a hub that gathers. A hub that lost everything knows no member
  /// and no key: what proves them, its own public logs, it takes from anybody.
  func collect(_ request: HubRequest) async throws -> Response {
    let caller: Caller
    do throws(Problem) {
      caller = try authenticator.authenticate(request, under: store.membership, orClosed: true)
    } catch { return try await takeBack(request, from: error) { _ in } }
    let response = try await accept(
      try await request.body(of: caller, upTo: Limits.messageBytes), request, from: caller.member)
    visits.note(caller.member, at: clock.now)
    return response
  }

  /// Takes what proves itself from a sender whose key is not known.
  ///
  /// - Parameters:
  ///   - problem: with the sender's signature; thrown if it is another one.
  ///   - check: throws if nothing may be taken of the log.
  private func takeBack(
    _ request: HubRequest, from problem: Problem, _ check: (LogID) throws -> Void
  ) async throws -> Response {
    guard problem.name == HubRefusal.Name.unknownKey else { throw problem }
    let origin = request.channel.remoteAddress?.ipAddress ?? ""
    if let wait = strangers.withLock({ $0.take(origin, now: .now) }) {
      throw Problem.tooManyRequests(retryAfter: wait)
    }
    return try await accept(
      try await request.unprovenBody(upTo: Limits.messageBytes), request,
      from: store.identity.member, check)
  }

  private func accept(
    _ bytes: [UInt8], _ request: HubRequest, from sender: MemberID,
    _ check: (LogID) throws -> Void = { _ in }
  ) async throws -> Response {
    let content = try request.content(bytes, limit: Limits.messageBytes)
    guard let entries = try? FieldCount.occurrences(of: Self.entriesField, in: content) else {
      throw Problem.notTheMessage
    }
    guard entries <= Limits.bundleEntries else {
      throw Self.refused("a bundle of \(entries) entries; \(Limits.bundleEntries) are allowed")
    }
    let wire = try request.message(WireBundle.self, of: content)
    let bundle: UnverifiedBundle
    do throws(MalformedBytes) { bundle = try UnverifiedBundle(wire) } catch {
      throw Self.refused(error.description)
    }
    try check(bundle.log)
    let start = ContinuousClock.now
    let outcome = try await store.accept(bundle, from: sender)
    store.timings.note(.push, since: start)
    switch outcome {
    case .accepted(let position):
      var reply = WirePushReply()
      reply.position = position
      return try request.answer(reply)
    case .gathered: return try request.answer(WirePushReply())
    case .conflict(let held):
      // Of a log that the hub holds nothing of: its name, and sequence 0.
      var reply = WireSignedHead()
      reply.log = WireLogName(bundle.log)
      return try request.answer(held.map(WireSignedHead.init) ?? reply, status: .conflict)
    case .refused(let reason):
      if let halted = store.halted, !store.isGathering {
        logger.critical(
          "The hub was restored from a backup and serves no more.",
          metadata: ["reason": "\(halted)"])
        throw Problem.hubRestored
      }
      if let closing = store.membership.closing(of: bundle.log), bundle.last > closing {
        throw Problem(
          .unprocessableContent, "closed-log", "The log is closed",
          "The log \(bundle.log) is closed after entry \(closing); open the next key generation.")
      }
      // It may know the author later: a hub that was lost knows nobody before it has its own logs.
      if store.isGathering {
        throw Problem(
          .unprocessableContent, HubRefusal.Name.gathering, "The hub gathers",
          "The hub cannot take this bundle before it knows more: \(reason).", retryAfter: 10)
      }
      logger.warning(
        "A push was refused.", metadata: ["log": "\(bundle.log)", "reason": "\(reason)"])
      throw Self.refused(reason)
    }
  }

  private static func refused(_ reason: String) -> Problem {
    Problem(
      .unprocessableContent, "refused", "The bundle cannot be accepted",
      "The hub refuses it: \(reason).")
  }

  func feedHead(_ request: HubRequest, for caller: Caller) async throws -> Response {
    let parts = request.path.split(separator: "/").dropFirst(2)
    guard parts.count == 2, let scope = Scope(text: parts[2].replacing("%3A", with: ":")),
      let position = UInt64(parts[3]), position > 0, position < Limits.positions
    else { throw Problem.malformed("The address is /v1/feed/SCOPE/POSITION.") }
    guard store.membership.mayRead(caller.member, scope) else {
      throw Problem(
        .forbidden, "not-entitled", "The scope is for others",
        "The member \(caller.member) may not read the scope \(scope).")
    }
    guard let head = try await store.feedHead(of: scope, at: position) else {
      throw Problem(
        .notFound, "no-such-entry", "The feed does not reach the position",
        "The feed of \(scope) does not reach position \(position).")
    }
    return try request.answer(WireFeedHead(head))
  }

  func branch(_ request: HubRequest, of caller: Caller) async throws -> Response {
    guard request.query.hasPrefix("after="), let cursor = Int64(request.query.dropFirst(6)),
      cursor >= 0
    else { throw Problem.malformed("The address is /v1/branches?after=CURSOR.") }
    guard let found = try await store.read({ try $0.branch(of: caller.member, after: cursor) })
    else {
      throw Problem(
        .notFound, "no-such-branch", "There are no more branches",
        "The hub keeps nothing more beside the logs of the member \(caller.member).")
    }
    var wire = WireBranch()
    wire.bundle = WireBundle(found.bundle)
    wire.cursor = UInt64(found.cursor)
    return try request.answer(wire)
  }

  func repair(_ request: HubRequest, for caller: Caller) async throws -> Response {
    let parts = request.path.split(separator: "/").dropFirst(2)
    guard parts.count == 3, let member = MemberID(text: parts[2]),
      let generation = UInt32(parts[3]), generation > 0,
      let scope = Scope(text: parts[4].replacing("%3A", with: ":")),
      request.query.hasPrefix("from="), let from = UInt64(request.query.dropFirst(5)),
      from > 0, from < Limits.positions
    else {
      throw Problem.malformed("The address is /v1/bundles/MEMBER/GENERATION/SCOPE?from=SEQUENCE.")
    }
    guard store.membership.mayRead(caller.member, scope) else {
      throw Problem(
        .forbidden, "not-entitled", "The scope is for others",
        "The member \(caller.member) may not read the scope \(scope).")
    }
    let log = LogID(member: member, generation: generation, scope: scope)
    guard let bundle = try await store.read({ try $0.bundle(of: log, from: from) }) else {
      throw Problem(
        .notFound, "no-such-entry", "The hub does not hold the entry",
        "The hub holds no entry \(from) of the log \(log).")
    }
    return try request.answer(WireBundle(bundle))
  }
}
