// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore
import SwiftProtobuf

/// The hub's addresses, as its `HubRoutes` has them.
struct HubRequests {
  private let hub: HubNode
  private let store: Store

  init(_ hub: HubNode, _ store: Store) {
    self.hub = hub
    self.store = store
  }

  private var world: World { hub.world }

  func respond(to request: Request) throws -> Response {
    if store.isGathering, request.method == "POST", request.path == "/v1/bundles" {
      return try collect(request)
    }
    try checkServing()
    let path = request.path
    switch (request.method, path) {
    case ("POST", "/v1/bundles"):
      return try push(request)
    case ("POST", "/v1/generations"): return try openGeneration(request)
    case ("POST", "/v1/statements"): return try state(request)
    case ("GET", "/v1/statements"): return try statements(request)
    case ("GET", "/v1/branches"): return try branch(request)
    case ("GET", _) where path.hasPrefix("/v1/bundles/"): return try repair(request)
    default: throw Refusal(404, "not-found", "there is nothing here")
    }
  }

  func checkServing() throws {
    if store.isGathering {
      throw Refusal(503, HubRefusal.Name.gathering, "the hub gathers", retryAfter: 10)
    }
    if store.halted != nil {
      throw Refusal(503, HubRefusal.Name.hubRestored, "the hub was restored", retryAfter: 60)
    }
  }

  private func answer(_ message: some Message, status: Int = 200) throws -> Response {
    Response(status: status, body: try message.serializedBytes(), date: hub.clock)
  }

  private func message<M: Message>(_ request: Request) throws -> M {
    guard let content = request.content, let message = try? M(serializedBytes: content) else {
      throw Refusal(400, "malformed", "the content is not the message it should be")
    }
    return message
  }

  // MARK: - Bundles

  private func push(_ request: Request) throws -> Response {
    let caller: Caller
    do { caller = try hub.authenticate(request, store) } catch let refusal as Refusal {
      return try takeBack(request, from: refusal) { [store] in
        guard $0.member == store.identity.member, $0.scope == .public else { throw refusal }
      }
    }
    try hub.checkInstance(caller)
    return try accept(request, from: caller.member)
  }

  private func takeBack(
    _ request: Request, from refusal: Refusal, _ check: (LogID) throws -> Void
  ) throws -> Response {
    guard refusal.problem == HubRefusal.Name.unknownKey else { throw refusal }
    guard
      RequestSignature.contentDigest(Hash256(of: request.body))
        == request.fields[RequestSignature.Field.digest]
    else { throw Refusal(401, "bad-digest", "the content was changed") }
    return try accept(request, from: store.identity.member, check)
  }

  private func collect(_ request: Request) throws -> Response {
    let caller: Caller
    do { caller = try hub.authenticate(request, store, orClosed: true) } catch let refusal
      as Refusal
    {
      return try takeBack(request, from: refusal) { _ in }
    }
    let response = try accept(request, from: caller.member)
    hub.visits.insert(caller.member)
    return response
  }

  private func accept(
    _ request: Request, from sender: MemberID, _ check: (LogID) throws -> Void = { _ in }
  ) throws -> Response {
    guard request.body.count <= Limits.messageBytes else {
      throw Refusal(413, "too-large", "the content is too long")
    }
    guard let content = request.content,
      let entries = try? FieldCount.occurrences(of: 3, in: content),
      entries <= Limits.bundleEntries
    else { throw Refusal(400, "malformed", "the content is not the message it should be") }
    let wire: WireBundle = try message(request)
    let bundle: UnverifiedBundle
    do throws(MalformedBytes) { bundle = try UnverifiedBundle(wire) } catch {
      throw Refusal(422, "refused", error.description)
    }
    try check(bundle.log)
    let store = store
    switch try waiting(for: { try await store.accept(bundle, from: sender) }) {
    case .accepted(let position):
      world.count("bundles accepted")
      hub.wake()
      var reply = WirePushReply()
      reply.position = position
      return try answer(reply)
    case .gathered:
      world.count("bundles gathered")
      return try answer(WirePushReply())
    case .conflict(let held):
      hub.wake()
      var reply = WireSignedHead()
      reply.log = WireLogName(bundle.log)
      return try answer(held.map(WireSignedHead.init) ?? reply, status: 409)
    case .refused(let reason):
      if store.halted != nil, !store.isGathering { throw halts() }
      if let closing = store.membership.closing(of: bundle.log), bundle.last > closing {
        throw Refusal(422, HubRefusal.Name.closedLog, "the log is closed after entry \(closing)")
      }
      if store.isGathering {
        throw Refusal(422, HubRefusal.Name.gathering, reason, retryAfter: 10)
      }
      throw Refusal(422, "refused", reason)
    }
  }

  private func repair(_ request: Request) throws -> Response {
    let caller = try hub.authenticate(request, store)
    let parts = request.path.split(separator: "/").dropFirst(2)
    guard parts.count == 3, let member = MemberID(text: parts[2]),
      let generation = UInt32(parts[3]),
      let scope = Scope(text: parts[4].replacing("%3A", with: ":")),
      request.query.hasPrefix("from="), let from = UInt64(request.query.dropFirst(5)), from > 0
    else { throw Refusal(400, "malformed", "the address names no entry") }
    guard store.membership.mayRead(caller.member, scope) else {
      throw Refusal(403, "not-entitled", "the scope is for others")
    }
    let log = LogID(member: member, generation: generation, scope: scope)
    let store = store
    guard
      let bundle = try waiting(for: { try await store.read { try $0.bundle(of: log, from: from) } })
    else { throw Refusal(404, "no-such-entry", "the hub does not hold the entry") }
    return try answer(WireBundle(bundle))
  }

  private func branch(_ request: Request) throws -> Response {
    let caller = try hub.authenticate(request, store)
    guard request.query.hasPrefix("after="), let cursor = Int64(request.query.dropFirst(6)) else {
      throw Refusal(400, "malformed", "the address is /v1/branches?after=CURSOR")
    }
    let store = store
    let found = try waiting {
      try await store.read { try $0.branch(of: caller.member, after: cursor) }
    }
    guard let found else { throw Refusal(404, "no-such-branch", "there are no more branches") }
    var wire = WireBranch()
    wire.bundle = WireBundle(found.bundle)
    wire.cursor = UInt64(found.cursor)
    return try answer(wire)
  }

  // MARK: - Generations

  /// As the hub's `GenerationRoute` does it.
  private func openGeneration(_ request: Request) throws -> Response {
    let membership = store.membership
    let caller = try hub.authenticate(request, store, orClosed: true)
    let wire: WireGenerationRequest = try message(request)
    guard let member = membership.members[caller.member], wire.member == caller.member.rawValue,
      let key = VerifyingKey(wire.key),
      GenerationProof.isValid(
        Array(wire.signatureByNew), realm: membership.realm, member: caller.member,
        generation: wire.generation, key: key)
    else { throw Refusal(400, "malformed", "the request is not signed by the key it names") }
    if member.keys[wire.generation] != key {
      try hub.checkOpen(caller.member, caller.generation, membership)
      try hub.checkInstance(caller)
    }
    let (now, generation, store) = (hub.clock, wire.generation, store)
    let result = try waiting {
      try await store.grant(caller.member, generation: generation, key: key, at: now)
    }
    guard case .success = result else { throw Refusal(403, "generation", "\(result)") }
    world.count("generations")
    hub.wake()
    var reply = WireGenerationReply()
    reply.generation = wire.generation
    return try answer(reply)
  }

  // MARK: - Statements

  private func state(_ request: Request) throws -> Response {
    let caller = try hub.authenticate(request, store)
    let wire: WireStatements = try message(request)
    var statements: [StoredStatement] = []
    for signed in wire.statements.prefix(16) {
      do throws(MalformedBytes) {
        let statement = try FeedStatement(verifying: signed, under: store.membership)
        guard statement.member == caller.member else {
          throw MalformedBytes("a statement of another member")
        }
        statements.append(
          StoredStatement(
            member: statement.member, scope: statement.head.scope,
            position: statement.head.at.position, at: statement.at, software: statement.software,
            statement: Array(signed.statement), signature: Array(signed.signature)))
      } catch { throw Refusal(422, "statement", error.description) }
    }
    for signed in wire.statements { try examine(signed) }
    let accepted = statements
    let store = store
    try waiting { try await store.saveStatements(accepted) }
    world.count("statements")
    return Response(status: 204, date: hub.clock)
  }

  private func examine(_ signed: WireSignedStatement) throws {
    let store = store
    guard
      let read = try? SignedStatement(
        reading: Array(signed.statement), signature: Array(signed.signature)),
      try waiting(for: { try await store.examine(read.statement.head) })
    else { return }
    throw halts()
  }

  private func halts() -> Refusal {
    world.count("hub halts")
    world.note("\(hub.name) halts: \(store.halted ?? "")")
    return Refusal(503, HubRefusal.Name.hubRestored, "the hub was restored", retryAfter: 60)
  }

  private func statements(_ request: Request) throws -> Response {
    let caller = try hub.authenticate(request, store)
    let (now, store) = (hub.clock, store)
    let (stored, own) = try waiting {
      try await store.read { snapshot in
        (
          try snapshot.statements(for: caller.member),
          try snapshot.hubStatements(
            for: caller.member, at: now, software: "simulation", tlsKeys: [])
        )
      }
    }
    var wire = WireStatements()
    wire.statements = stored.map { statement in
      var signed = WireSignedStatement()
      signed.statement = .init(statement.statement)
      signed.signature = .init(statement.signature)
      return signed
    }
    wire.statements += own.map(\.wire)
    return try answer(wire)
  }
}
