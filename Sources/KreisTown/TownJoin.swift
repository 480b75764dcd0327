import Crypto
package import KreisCore
package import KreisStore
package import KreisTransport
import SwiftProtobuf

/// Why a town could not join. Written for the admin who pasted the invite.
package enum JoinError: Error, CustomStringConvertible, Sendable {
  /// The hub says no; the text says why.
  case refused(reason: String)
  /// The hub could not be asked; the same command can be repeated.
  case unavailable(reason: String)
  /// What answers does not prove to be the hub of the invite.
  case untrusted(reason: String)

  package var description: String {
    switch self {
    case .refused(let reason): reason
    case .unavailable(let reason):
      "\(reason)\nNothing is lost: repeat the same command later, with the same state directory."
    case .untrusted(let reason): reason
    }
  }
}

/// How a town becomes a member.
package enum TownJoin {
  /// Joins with an invite, makes the replica and fills it, so that it is known here who belongs to
  /// the realm and edits are possible from then on. What is missing the daemon fetches.
  ///
  /// The key is on disk before the hub hears of it, and a repetition takes the same key: an answer
  /// that was lost is given again, so the call can be repeated until it succeeds.
  ///
  /// - Parameters:
  ///   - text: the invite as pasted.
  ///   - path: of the new state directory.
  ///   - now: seconds since 1970.
  ///   - transport: makes the connection to the invite's hub.
  /// - Throws: `InviteError`, `StateDirectoryError`, `TransportError`, `JoinError`, `StoreError`.
  package static func join(
    _ text: String, state path: String, now: UInt64, random: @escaping @Sendable () -> UInt64,
    transport: (Invite) throws -> any Transport
  ) async throws -> Identity {
    let invite = try Invite(text: text)
    let directory = try StateDirectory.prepare(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let key = try key(in: directory)
    let transport = try transport(invite)
    let reply = try await ask(invite, key: key, transport: transport)
    let identity = try identity(invite, reply)
    try directory.install { path throws(StoreError) in
      try Store.create(at: path, identity: identity, key: key, random: random)
    }
    try await fill(directory, identity, key, transport, now, random)
    return identity
  }

  private static func fill(
    _ directory: StateDirectory, _ identity: Identity, _ key: SigningKey,
    _ transport: any Transport, _ now: UInt64, _ random: @escaping @Sendable () -> UInt64
  ) async throws {
    let store = try Store.open(at: directory.database, key: key, random: random)
    let client = HubClient(
      realm: identity.realm, member: identity.member, generation: identity.generation, key: key,
      transport: transport, time: HubTime { now }, random: random)
    _ = try await FeedFollower(client: client, store: store, onMerged: { _, _ in }).catchUp()
  }

  private static func key(in directory: StateDirectory) throws -> SigningKey {
    if let key = try directory.signingKey(generation: 1) { return key }
    let key = SigningKey()
    try directory.write(key, generation: 1)
    return key
  }

  private static func ask(
    _ invite: Invite, key: SigningKey, transport: any Transport
  ) async throws -> WireJoinReply {
    let publicKey = VerifyingKey(of: key)
    let proof = JoinProof.make(
      secret: invite.secret, realm: invite.realm, name: invite.name, key: publicKey)
    var message = WireJoinRequest()
    message.name = invite.name
    message.key = .init(publicKey.bytes)
    message.proof = .init(proof)
    message.signature = .init(try JoinProof.sign(proof, key: key))
    do {
      let request = ClientRequest(
        .post, "/v1/members",
        fields: ["Content-Type": MediaType.message, "Accept": MediaType.message],
        body: try message.serializedBytes(), deadlines: Deadlines(whole: .seconds(60)))
      let response = try await transport.send(request)
      try HubAnswer.check(status: response.status, fields: response.fields, body: response.body)
      return try WireJoinReply(serializedBytes: response.body)
    } catch let error as TransportError { throw failure(HubFailure(error)) } catch let error
      as HubFailure
    { throw failure(error) } catch is BinaryDecodingError {
      throw JoinError.unavailable(reason: "The hub's answer cannot be read.")
    }
  }

  private static func failure(_ failure: HubFailure) -> JoinError {
    switch failure {
    case .unavailable(let reason, _): .unavailable(reason: reason)
    case .untrusted(let reason): .untrusted(reason: reason)
    case .refused(_, _, let reason): .refused(reason: reason)
    }
  }

  private static func identity(_ invite: Invite, _ reply: WireJoinReply) throws -> Identity {
    guard let member = MemberID(reply.member), reply.generation == 1, MemberID(reply.hub) != nil,
      reply.title.utf8.count <= Invite.titleBytes, reply.kreis.utf8.count <= Invite.titleBytes,
      reply.ags.utf8.count <= 16
    else { throw JoinError.unavailable(reason: "The hub's answer makes no sense.") }
    let pin: [UInt8]? =
      switch invite.trust {
      case .pinnedKey(let hash): hash.bytes
      case .authorities: nil
      }
    return Identity(
      role: .town, realm: invite.realm, member: member, generation: 1, name: invite.name,
      title: reply.title, ags: reply.ags, kreis: reply.kreis, hubURL: invite.url, hubPin: pin)
  }
}
