import Foundation
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf

/// The hub: the real store and rules behind the simulation's network.
final class HubNode: MortalNode {
  let world: World
  let replica: RealmImage.Replica
  let entropy: Entropy
  private(set) var store: Store?
  let disk: Disk
  private var window: ReplayWindow
  private var streams: [HubStream] = []
  /// What a hub that lies does to its answers.
  var malice: HubMalice?
  private(set) var starts = 0

  init(_ world: World) throws {
    self.world = world
    replica = world.image.hub
    entropy = Entropy(SeededRandom(world.seed, stream: "hub"))
    disk = Disk(copying: replica.disk)
    window = ReplayWindow(start: RealmImage.start)
  }

  var name: String { "hub" }
  var longestAbsence: Int { 40_000 }

  var clock: UInt64 { RealmImage.start + world.now / 1_000 }

  var openStreams: Int { streams.count }

  // MARK: - Life

  func start() throws {
    guard store == nil else { return }
    starts += 1
    if world.plan.has(.powerCut), world.random.chance(10) { endanger() }
    do {
      let entropy = entropy
      store = try Store.open(at: disk.database, key: replica.key, random: { entropy.next() })
      window = ReplayWindow(start: clock)
      world.note("hub starts")
      try DurabilityChecker.check(self)
    } catch let error as StoreError { try failedToStart(error) }
  }

  func end() {
    store = nil
    for stream in streams { stream.connection.abort() }
    streams = []
  }

  // MARK: - Requests

  /// - Returns: `nil` if the hub is down, or went down before it answered.
  func answer(_ request: Request) throws -> Response? {
    guard let store, !(try isStruck()) else { return nil }
    world.count("requests")
    let response: Response
    do {
      let caller = try authenticate(request, store)
      switch request.path {
      case "/v1/bundles": response = try push(request, from: caller, store)
      case "/v1/generations": response = try openGeneration(request, from: caller, store)
      case "/v1/statements": response = try state(request, from: caller, store)
      default: response = answer(404, "not-found", "there is nothing here")
      }
    } catch let refusal as Refusal {
      response = answer(refusal.status, refusal.problem, refusal.reason)
    } catch StoreError.retryLater(let reason) where disk.hasPower {
      response = answer(503, "store", reason)
    } catch let error as StoreError {
      try failed(error)
      return nil
    }
    world.note(
      "hub \(request.method) \(request.path) \(request.body.count) bytes: \(response.status)"
        + (response.reason.isEmpty ? "" : " \(response.reason)"))
    return try isStruck() ? nil : response
  }

  private func answer(_ status: Int, _ problem: String, _ reason: String) -> Response {
    Response(status: status, problem: problem, reason: reason, date: clock)
  }

  /// What the hub's `Authenticator` does, with the same parts.
  private func authenticate(
    _ request: Request, _ store: Store
  ) throws -> (member: MemberID, generation: UInt32) {
    let membership = store.membership
    let signature: RequestSignature.Parsed
    do {
      signature = try RequestSignature.Parsed(
        digest: request.fields[RequestSignature.Field.digest],
        realm: request.fields[RequestSignature.Field.realm],
        input: request.fields[RequestSignature.Field.input],
        signature: request.fields[RequestSignature.Field.signature])
    } catch { throw Refusal(401, "unsigned", "\(error)") }
    guard let key = membership.key(of: signature.member, generation: signature.generation),
      signature.verify(
        method: request.method, path: request.path, query: request.query,
        bodyDigest: signature.digest, realm: membership.realm, key: key)
    else { throw Refusal(401, "bad-signature", "the signature does not fit the request") }
    if request.path != "/v1/generations" {
      try checkOpen(signature.member, signature.generation, membership)
    }
    switch window.accept(
      member: signature.member, created: signature.created, nonce: signature.nonce, now: clock)
    {
    case .fresh: break
    case .replayed: throw Refusal(401, "replayed", "the request came twice")
    case .outOfTime: throw Refusal(401, "clock-skew", "the request is out of time")
    case .full: throw Refusal(429, "too-many-requests", "too many requests")
    }
    guard Hash256(of: request.body) == signature.digest else {
      throw Refusal(401, "bad-digest", "the content was changed")
    }
    return (signature.member, signature.generation)
  }

  private func checkOpen(
    _ member: MemberID, _ generation: UInt32, _ membership: Membership
  ) throws {
    guard membership.members[member]?.isRevoked == false else {
      throw Refusal(403, HubRefusal.Name.revoked, "the member was revoked")
    }
    guard isOpen(member, generation, membership) else {
      throw Refusal(403, HubRefusal.Name.closedGeneration, "the member's key is closed")
    }
  }

  func isOpen(_ member: MemberID, _ generation: UInt32, _ membership: Membership) -> Bool {
    guard let entry = membership.members[member], !entry.isRevoked else { return false }
    return entry.generation == generation
  }

  private func push(
    _ request: Request, from caller: (member: MemberID, generation: UInt32), _ store: Store
  ) throws -> Response {
    guard request.body.count <= Limits.messageBytes else {
      throw Refusal(413, "too-large", "the content is too long")
    }
    guard let entries = try? FieldCount.occurrences(of: 3, in: request.body),
      entries <= Limits.bundleEntries,
      let wire = try? WireBundle(serializedBytes: request.body)
    else { throw Refusal(400, "malformed", "the content is not the message it should be") }
    let bundle: UnverifiedBundle
    do throws(MalformedBytes) { bundle = try UnverifiedBundle(wire) } catch {
      throw Refusal(422, "refused", error.description)
    }
    switch try waiting(for: { try await store.accept(bundle, from: caller.member) }) {
    case .accepted(let head):
      world.count("bundles accepted")
      wake()
      var reply = WirePushReply()
      reply.head = WireFeedHead(head)
      return Response(status: 200, body: try reply.serializedBytes(), date: clock)
    case .gathered:
      return Response(status: 200, body: try WirePushReply().serializedBytes(), date: clock)
    case .conflict(let held):
      var reply = WireSignedHead()
      reply.log = WireLogName(bundle.log)
      return Response(
        status: 409, body: try (held.map(WireSignedHead.init) ?? reply).serializedBytes(),
        date: clock)
    case .refused(let reason): throw Refusal(422, "refused", reason)
    }
  }

  /// As the hub's `GenerationRoute` does it.
  private func openGeneration(
    _ request: Request, from caller: (member: MemberID, generation: UInt32), _ store: Store
  ) throws -> Response {
    let membership = store.membership
    guard let wire = try? WireGenerationRequest(serializedBytes: request.body),
      let member = membership.members[caller.member], wire.member == caller.member.rawValue,
      let key = VerifyingKey(wire.key),
      GenerationProof.isValid(
        Array(wire.signatureByNew), realm: membership.realm, member: caller.member,
        generation: wire.generation, key: key)
    else { throw Refusal(400, "malformed", "the request is not signed by the key it names") }
    if member.keys[wire.generation] != key {
      try checkOpen(caller.member, caller.generation, membership)
    }
    let (now, generation) = (clock, wire.generation)
    let result = try waiting {
      try await store.grant(caller.member, generation: generation, key: key, at: now)
    }
    guard case .success = result else { throw Refusal(403, "generation", "\(result)") }
    world.count("generations")
    wake()
    var reply = WireGenerationReply()
    reply.generation = wire.generation
    return Response(status: 200, body: try reply.serializedBytes(), date: clock)
  }

  private func state(
    _ request: Request, from caller: (member: MemberID, generation: UInt32), _ store: Store
  ) throws -> Response {
    guard let wire = try? WireStatements(serializedBytes: request.body) else {
      throw Refusal(400, "malformed", "the content is not the message it should be")
    }
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
    let accepted = statements
    try waiting { try await store.saveStatements(accepted) }
    world.count("statements")
    return Response(status: 204, date: clock)
  }

  // MARK: - Feed

  func open(_ request: Request, _ connection: Connection) throws {
    guard let store, !(try isStruck()) else {
      connection.abort()
      return
    }
    do {
      let caller = try authenticate(request, store)
      let query: FeedQuery
      do throws(MalformedBytes) { query = try FeedQuery(text: request.query) } catch {
        throw Refusal(400, "malformed", error.description)
      }
      guard streams.count(where: { $0.member == caller.member }) < 8 else {
        throw Refusal(429, "too-many-requests", "too many open streams")
      }
      let stream = HubStream(self, connection, caller.member, caller.generation, query)
      streams.append(stream)
      world.note("hub opens the feed for \(caller.member) \(query.follow?.rawValue ?? "once")")
      try stream.begin()
    } catch let refusal as Refusal {
      world.note("hub refuses the feed: \(refusal.reason)")
      connection.refuse(answer(refusal.status, refusal.problem, refusal.reason))
    } catch let error as StoreError { try failed(error) }
  }

  func closed(_ stream: HubStream) { streams.removeAll { $0 === stream } }

  /// Something was appended to a feed.
  func wake() { for stream in streams { stream.wake() } }
}

/// Why the hub says no.
struct Refusal: Error {
  let status: Int
  let problem: String
  let reason: String

  init(_ status: Int, _ problem: String, _ reason: String) {
    (self.status, self.problem, self.reason) = (status, problem, reason)
  }
}
