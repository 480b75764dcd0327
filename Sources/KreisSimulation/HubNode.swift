// SPDX-License-Identifier: EUPL-1.2

import Crypto
import KreisCore
import KreisStore
import KreisTransport

/// The hub: the real store and rules behind the simulation's network.
final class HubNode: MortalNode {
  let world: World
  let name: String
  let entropy: Entropy
  var store: Store?
  var disk: Disk
  let keys: KeyRing
  private var window: ReplayWindow
  private var streams: [HubStream] = []
  private var leases = InstanceLeases()
  /// What a hub that lies does to its answers.
  var malice: HubMalice?
  /// Nobody repairs it any more.
  var isRetired = false
  /// Whether an admin has taken the recovery of this hub in hand.
  var isBeingRecovered = false
  var backup: Disk?
  /// Grows when the hub is lost or set back: what it writes then is another history.
  var instance = 0
  /// Whether it is the second history of a hub that shows two.
  let isOther: Bool
  /// How often an admin has looked who was there.
  var looks = 0
  /// The last key generation, as the file of the root key says.
  var noted: UInt32 = 1
  /// Members that offered what they hold since it gathers.
  var visits: Set<MemberID> = []

  convenience init(_ world: World) throws {
    let replica = world.image.hub
    self.init(world, "hub", Disk(copying: replica.disk), [1: replica.key], isOther: false)
  }

  /// A second history of the same hub.
  convenience init(copying other: HubNode) {
    self.init(
      other.world, "other hub", Disk(copying: other.disk), other.keys.all, isOther: true)
  }

  private init(
    _ world: World, _ name: String, _ disk: Disk, _ keys: [UInt32: SigningKey], isOther: Bool
  ) {
    self.isOther = isOther
    self.world = world
    self.name = name
    self.disk = disk
    entropy = Entropy(SeededRandom(world.seed, stream: name))
    self.keys = KeyRing(keys, Entropy(SeededRandom(world.seed, stream: "keys \(name)")))
    window = ReplayWindow(start: RealmImage.start)
  }

  var member: MemberID { world.image.hub.identity.member }
  var longestAbsence: Int { 40_000 }
  var clock: UInt64 { RealmImage.start + world.now / 1_000 }
  var openStreams: Int { streams.count }

  // MARK: - Life

  func start() throws {
    guard store == nil, !isRetired else { return }
    if world.plan.has(.powerCut), world.random.chance(10) { endanger() }
    do {
      let entropy = entropy
      let generation = try Store.identity(at: disk.database).generation
      // A hub that gathers signs nothing, and has no key.
      let key = keys.key(of: generation) ?? keys.fresh()
      store = try Store.open(at: disk.database, key: key, random: { entropy.next() })
      window = ReplayWindow(start: clock)
      world.note("\(name) starts")
      try DurabilityChecker.check(self)
    } catch let error as StoreError { try failedToStart(error) }
  }

  func end() {
    store = nil
    for stream in streams { stream.connection.abort() }
    streams = []
    leases = InstanceLeases()
  }

  // MARK: - Requests

  /// - Returns: `nil` if the hub is down, or went down before it answered.
  func answer(_ request: Request) throws -> Response? {
    guard let store, !(try isStruck()) else { return nil }
    world.count("requests")
    let response: Response
    do { response = try HubRequests(self, store).respond(to: request) } catch let refusal
      as Refusal
    {
      response = answer(refusal)
    } catch StoreError.retryLater(let reason) where disk.hasPower {
      response = answer(Refusal(503, "store", reason))
    } catch let error as StoreError {
      try failed(error)
      return nil
    }
    world.note(
      "\(name) \(request.method) \(request.path) \(request.body.count) bytes: \(response.status)"
        + (response.reason.isEmpty ? "" : " \(response.reason)"))
    return try isStruck() ? nil : response
  }

  func answer(_ refusal: Refusal) -> Response {
    Response(
      status: refusal.status, problem: refusal.problem, reason: refusal.reason,
      retryAfterSeconds: refusal.retryAfterSeconds, date: clock)
  }

  /// What the hub's `Authenticator` does, with the same parts.
  ///
  /// - Parameter orClosed: whether a key that was replaced will do.
  func authenticate(
    _ request: Request, _ store: Store, orClosed: Bool = false
  ) throws -> Caller {
    let membership = store.membership
    let signature: RequestSignature.Parsed
    do {
      signature = try RequestSignature.Parsed(
        digest: request.fields[RequestSignature.Field.digest],
        realm: request.fields[RequestSignature.Field.realm],
        input: request.fields[RequestSignature.Field.input],
        signature: request.fields[RequestSignature.Field.signature])
    } catch { throw Refusal(401, "unsigned", "\(error)") }
    guard let key = membership.key(of: signature.member, generation: signature.generation) else {
      throw Refusal(401, HubRefusal.Name.unknownKey, "the key is not known")
    }
    guard
      signature.verify(
        method: request.method, path: request.path, query: request.query,
        bodyDigest: signature.digest, realm: membership.realm, key: key)
    else { throw Refusal(401, "bad-signature", "the signature does not fit the request") }
    if !orClosed { try checkOpen(signature.member, signature.generation, membership) }
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
    return Caller(
      member: signature.member, generation: signature.generation,
      instance: request.fields["Kreisnetz-Instance"].flatMap { UInt64($0, radix: 16) })
  }

  func checkOpen(
    _ member: MemberID, _ generation: UInt32, _ membership: Membership
  ) throws {
    guard let entry = membership.members[member], !entry.isRevoked else {
      throw Refusal(403, HubRefusal.Name.revoked, "the member was revoked")
    }
    guard entry.generation == generation else {
      throw Refusal(403, HubRefusal.Name.closedGeneration, "the member's key is closed")
    }
  }

  /// - Throws: `Refusal` if another instance of the member is alive.
  func checkInstance(_ caller: Caller) throws {
    guard
      leases.admits(caller.instance, of: caller.member, caller.generation, at: world.now / 1_000)
    else {
      world.count("instances refused")
      throw Refusal(409, HubRefusal.Name.otherInstance, "another instance is connected")
    }
  }

  // MARK: - Feed

  func open(_ request: Request, _ connection: Connection) throws {
    guard let store, !(try isStruck()) else {
      connection.abort()
      return
    }
    do {
      try HubRequests(self, store).checkServing()
      let caller = try authenticate(request, store)
      let query: FeedQuery
      do throws(MalformedBytes) { query = try FeedQuery(text: request.query) } catch {
        throw Refusal(400, "malformed", error.description)
      }
      try checkInstance(caller)
      guard streams.count(where: { $0.caller.member == caller.member }) < 8 else {
        throw Refusal(429, "too-many-requests", "too many open streams")
      }
      if query.follow != nil, let instance = caller.instance {
        _ = leases.open(instance, of: caller.member, caller.generation, at: world.now / 1_000)
      }
      let stream = HubStream(self, connection, caller, query, store.identity.generation)
      streams.append(stream)
      InstanceChecker.check(streams, world)
      world.note("\(name) opens the feed for \(caller.member) \(query.follow?.rawValue ?? "once")")
      try stream.begin()
    } catch let refusal as Refusal {
      world.note("\(name) refuses the feed: \(refusal.reason)")
      connection.refuse(answer(refusal))
    } catch let error as StoreError { try failed(error) }
  }

  func closed(_ stream: HubStream) {
    guard streams.contains(where: { $0 === stream }) else { return }
    streams.removeAll { $0 === stream }
    guard let instance = stream.caller.instance, stream.query.follow != nil else { return }
    leases.close(
      instance, of: stream.caller.member, isPolling: stream.query.follow == .poll,
      at: world.now / 1_000)
  }

  /// Ends the answers to members.
  func drop(_ members: Set<MemberID>) {
    for stream in streams where members.contains(stream.caller.member) {
      stream.connection.abort()
      closed(stream)
    }
  }

  /// Something was appended to a feed.
  func wake() { for stream in streams { stream.wake() } }
}

/// The member that a request was proven to come from.
struct Caller {
  let member: MemberID
  let generation: UInt32
  /// Of which start of its daemon.
  let instance: UInt64?
}

/// Why the hub says no.
struct Refusal: Error {
  let status: Int
  let problem: String
  let reason: String
  let retryAfterSeconds: UInt64?

  init(_ status: Int, _ problem: String, _ reason: String, retryAfter: UInt64? = nil) {
    self.status = status
    self.problem = problem
    self.reason = reason
    retryAfterSeconds = retryAfter
  }
}
