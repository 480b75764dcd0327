// SPDX-License-Identifier: EUPL-1.2

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
  /// The state directory is another member's than the invite.
  case otherMember(path: String, title: String, name: String)
  /// The state directory is of a live realm and the invite of a training realm, or the other way.
  case otherSort(path: String, isTraining: Bool)

  package var description: String {
    switch self {
    case .refused(let reason): reason
    case .unavailable(let reason):
      "\(reason)\nNothing is lost: repeat the same command later, with the same state directory."
    case .untrusted(let reason): reason
    case .otherMember(let path, let title, let name):
      "\(path) is the replica of \(title), but the invite is for '\(name)'. Name that member's state "
        + "directory, or one that does not exist yet."
    case .otherSort(let path, true):
      "The invite is for a training realm (\(TrainingRealm.mark)), but \(path) is a replica of a live "
        + "one. Name a directory that does not exist yet."
    case .otherSort(let path, false):
      "The invite is for a live realm, but \(path) is a replica of a training realm "
        + "(\(TrainingRealm.mark)). Name a directory that does not exist yet."
    }
  }
}

/// How a town becomes a member, or one again after it lost its key.
package enum TownJoin {
  /// Joins with an invite, makes the replica and fills it, so that it is known here who belongs to
  /// the realm and edits are possible from then on. What is missing the daemon fetches.
  ///
  /// An invite that names a member opens that member's next key generation. A replica of it that is
  /// there already is taken up: what the hub has not accepted of it is issued anew.
  ///
  /// The key is on disk before the hub hears of it, and a repetition takes the same key: an answer
  /// that was lost is given again, so the call can be repeated until it succeeds.
  ///
  /// - Parameters:
  ///   - text: the invite as pasted.
  ///   - path: of the state directory.
  ///   - now: seconds since 1970.
  ///   - transport: makes the connection to the invite's hub.
  /// - Throws: `InviteError`, `StateDirectoryError`, `TransportError`, `JoinError`, `StoreError`.
  package static func join(
    _ text: String, state path: String, now: UInt64, random: @escaping @Sendable () -> UInt64,
    transport: (Invite) throws -> any Transport
  ) async throws -> Identity {
    let invite = try Invite(text: text)
    if let directory = try? StateDirectory.open(path) {
      let held = try Store.identity(at: directory.database)
      guard held.isTraining == invite.isTraining else {
        throw JoinError.otherSort(path: directory.path, isTraining: invite.isTraining)
      }
      if let member = invite.member {
        return try await rejoin(invite, member, directory, now, random, transport)
      }
    }
    let directory = try StateDirectory.prepare(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let name =
      invite.member == nil ? StateDirectory.memberKey(generation: 1) : StateDirectory.nextKey
    let key = try key(in: directory, named: name)
    let transport = try transport(invite)
    let reply = try await ask(invite, key: key, transport: transport)
    let identity = try identity(invite, reply)
    try directory.write(key, generation: identity.generation)
    try directory.install { path throws(StoreError) in
      try Store.create(at: path, identity: identity, key: key, random: random)
    }
    directory.remove(StateDirectory.nextKey)
    let store = try Store.open(at: directory.database, key: key, random: random)
    try await fill(store, directory, transport, now, random)
    return identity
  }

  /// Takes up a replica whose key was lost, stolen or closed.
  private static func rejoin(
    _ invite: Invite, _ member: MemberID, _ directory: StateDirectory, _ now: UInt64,
    _ random: @escaping @Sendable () -> UInt64, _ transport: (Invite) throws -> any Transport
  ) async throws -> Identity {
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let held = try Store.identity(at: directory.database)
    guard held.realm == invite.realm, held.member == member else {
      throw JoinError.otherMember(path: directory.path, title: held.title, name: invite.name)
    }
    let old = try directory.signingKey(generation: held.generation)
    var key = try key(in: directory, named: StateDirectory.nextKey)
    if let old, old.rawRepresentation == key.rawRepresentation {
      // Left by a call that was cut off after it had succeeded.
      directory.remove(StateDirectory.nextKey)
      key = try self.key(in: directory, named: StateDirectory.nextKey)
    }
    let transport = try transport(invite)
    let reply = try await ask(
      invite, key: key, holding: held.generation, transport: transport)
    let identity = try identity(invite, reply)
    guard identity.member == member else {
      throw JoinError.unavailable(reason: "The hub's answer makes no sense.")
    }
    try directory.write(key, generation: identity.generation)
    try directory.keepOlderVersion(at: now)
    let store = try Store.open(at: directory.database, key: old ?? key, random: random)
    try await store.write { [key] in
      try $0.openGeneration(identity.generation, key: key)
    }
    directory.remove(StateDirectory.nextKey)
    try await fill(store, directory, transport, now, random)
    return store.identity
  }

  private static func fill(
    _ store: Store, _ directory: StateDirectory, _ transport: any Transport, _ now: UInt64,
    _ random: @escaping @Sendable () -> UInt64
  ) async throws {
    let client = HubClient(
      store: store, transport: transport, time: HubTime { now }, random: random)
    let statements = StatementExchange(
      client: client, store: store, keepEvidence: { _ = try directory.keepEvidence($0, $1, $2) },
      software: "", now: { now })
    _ = try await FeedFollower(
      client: client, store: store, statements: statements, onMerged: { _, _ in }, onRenewed: {},
      onLost: { _ in }
    ).catchUp()
  }

  private static func key(
    in directory: StateDirectory, named name: String
  ) throws -> SigningKey {
    if let key = try directory.signingKey(named: name) { return key }
    let key = SigningKey()
    try directory.write(key, named: name)
    return key
  }

  private static func ask(
    _ invite: Invite, key: SigningKey, holding generation: UInt32 = 0, transport: any Transport
  ) async throws -> WireJoinReply {
    let publicKey = VerifyingKey(of: key)
    let proof = JoinProof.make(
      secret: invite.secret, realm: invite.realm, name: invite.name, key: publicKey)
    var message = WireJoinRequest()
    message.name = invite.name
    message.key = .init(publicKey.bytes)
    message.proof = .init(proof)
    message.generation = generation
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
    case .refused(let refusal):
      refusal.isPassing ? .unavailable(reason: refusal.reason) : .refused(reason: refusal.reason)
    }
  }

  private static func identity(_ invite: Invite, _ reply: WireJoinReply) throws -> Identity {
    guard let member = MemberID(reply.member), reply.generation > 0,
      invite.member != nil || reply.generation == 1, MemberID(reply.hub) != nil,
      reply.title.utf8.count <= Invite.titleBytes, reply.kreis.utf8.count <= Invite.titleBytes,
      reply.ags.utf8.count <= 16, TrainingRealm.isMarked(reply.kreis) == invite.isTraining
    else { throw JoinError.unavailable(reason: "The hub's answer makes no sense.") }
    return Identity(
      role: .town, realm: invite.realm, member: member, generation: reply.generation,
      name: invite.name, title: reply.title, ags: reply.ags, kreis: reply.kreis,
      hubURL: invite.url, hubPin: invite.pin)
  }
}
