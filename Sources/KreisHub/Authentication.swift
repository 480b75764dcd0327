// SPDX-License-Identifier: EUPL-1.2

import Crypto
import HTTPTypes
import KreisCore
import Synchronization

/// The member that a request was proven to come from.
struct Caller: Sendable {
  let member: MemberID
  let generation: UInt32
  /// What the content must hash to.
  let digest: Hash256
}

/// Proves who sent a request (RFC 9421, `RequestSignature`), that it is fresh, and that the member
/// does not send too many. Everything is known before a byte of content is read.
final class Authenticator: Sendable {
  private struct State {
    var window: ReplayWindow
    var limiter: RateLimiter<MemberID>
  }

  private let clock: HubClock
  private let burst: Double
  private let state: Mutex<State>

  init(clock: HubClock, configuration: HubServerConfiguration) {
    self.clock = clock
    burst = configuration.requestBurst
    state = Mutex(
      State(
        window: ReplayWindow(start: clock.start),
        limiter: RateLimiter(
          perSecond: configuration.requestsPerSecond, burst: configuration.requestBurst)))
  }

  /// Admits another number of requests of each member, on the average.
  func limit(perSecond: Double) {
    state.withLock { state in
      guard state.limiter.perSecond != perSecond else { return }
      state.limiter = RateLimiter(perSecond: perSecond, burst: burst)
    }
  }

  /// - Parameter orClosed: whether a key that was replaced will do.
  func authenticate(
    _ request: HubRequest, under membership: Membership, orClosed: Bool = false
  ) throws(Problem) -> Caller {
    let signature: RequestSignature.Parsed
    do throws(MalformedBytes) {
      signature = try RequestSignature.Parsed(
        digest: request.field(RequestSignature.Field.digest),
        realm: request.field(RequestSignature.Field.realm),
        input: request.field(RequestSignature.Field.input),
        signature: request.field(RequestSignature.Field.signature))
    } catch {
      throw Problem(
        .unauthorized, "unsigned", "The request is not signed", error.description + ".")
    }
    guard signature.realm == membership.realm else {
      throw Problem(
        .unauthorized, "wrong-realm", "The request is for another realm",
        "This hub serves the realm \(membership.realm).")
    }
    guard let key = membership.key(of: signature.member, generation: signature.generation) else {
      throw Problem(
        .unauthorized, HubRefusal.Name.unknownKey, "The key is not known",
        "Key generation \(signature.generation) of the member \(signature.member) is not known here. If "
          + "that lasts, the hub lost it: ask there for \"kreisnetz hub invite --member\" and give the "
          + "invite to \"kreisnetz town join\" with this state directory."
      )
    }
    guard
      signature.verify(
        method: request.method.rawValue, path: request.path, query: request.query,
        bodyDigest: signature.digest, realm: membership.realm, key: key)
    else {
      throw Problem(
        .unauthorized, "bad-signature", "The signature does not fit the request",
        "Method, path, query or signed fields were changed on the way, or another key signed. If that "
          + "lasts, the hub knows another key of this member: ask there for \"kreisnetz hub invite "
          + "--member\" and give the invite to \"kreisnetz town join\" with this state directory.")
    }
    if !orClosed { try Self.checkOpen(signature.member, signature.generation, membership) }
    try admit(signature)
    return Caller(
      member: signature.member, generation: signature.generation, digest: signature.digest)
  }

  /// Of a proven request: is it fresh, and the member within its rate?
  private func admit(_ signature: RequestSignature.Parsed) throws(Problem) {
    let (verdict, wait) = state.withLock { state in
      let verdict = state.window.accept(
        member: signature.member, created: signature.created, nonce: signature.nonce,
        now: clock.now)
      guard verdict == .fresh else { return (verdict, UInt64?.none) }
      return (verdict, state.limiter.take(signature.member, now: .now))
    }
    switch verdict {
    case .fresh: break
    case .replayed:
      throw Problem(
        .unauthorized, "replayed", "The request came twice",
        "A request with this nonce was answered before. Sign again with a new one.")
    case .outOfTime:
      throw Problem(
        .unauthorized, "clock-skew", "The request is out of time",
        "It says it was made at \(signature.created), but the hub's time is \(clock.now) and it "
          + "started at \(clock.start). Take the time from the Date field of this answer.")
    case .full(let wait): throw .tooManyRequests(retryAfter: wait)
    }
    if let wait { throw .tooManyRequests(retryAfter: wait) }
  }

  /// - Throws: `Problem` if the hub closed this key generation.
  static func checkOpen(
    _ member: MemberID, _ generation: UInt32, _ membership: Membership
  ) throws(Problem) {
    guard let entry = membership.members[member], !entry.isRevoked else {
      throw Problem(
        .forbidden, "revoked", "The member does not belong to the realm any more",
        "The hub's administrator revoked the member \(member).")
    }
    guard generation == entry.generation else {
      throw Problem(
        .forbidden, "closed-generation", "The key was replaced",
        "Key generation \(generation) of the member \(member) is closed; \(entry.generation) is open, "
          + "which another instance was granted. If that one is to go on, stop this one and keep its "
          + "directory. If this one is, ask for \"kreisnetz hub invite --member \(entry.name)\" at the "
          + "hub and give the invite to \"kreisnetz town join\" with this state directory.")
    }
  }
}

extension HubRequest {
  /// A field's value; one that was sent several times comes joined by commas.
  func field(_ name: String) -> String? { HTTPField.Name(name).flatMap { fields[$0] } }

  /// The content that a sender signed whose key is not known here.
  ///
  /// - Throws: `Problem` if it was changed on the way, or what reading throws when the connection breaks.
  func unprovenBody(upTo limit: Int) async throws -> [UInt8] {
    let bytes = try await body(upTo: limit)
    guard RequestSignature.contentDigest(Hash256(of: bytes)) == field(RequestSignature.Field.digest)
    else { throw Problem.badDigest }
    return bytes
  }

  /// The content that `caller` signed.
  ///
  /// - Throws: `Problem`, or what reading throws when the connection breaks.
  func body(of caller: Caller, upTo limit: Int) async throws -> [UInt8] {
    let bytes = try await body(upTo: limit)
    guard Hash256(of: bytes) == caller.digest else {
      throw Problem.badDigest
    }
    return bytes
  }
}
