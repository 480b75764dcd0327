// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisTransport
import SwiftProtobuf
import Synchronization

@testable import KreisHub
@testable import KreisStore

/// A hub with its real store and real server, in a temporary directory.
final class TestHub: Sendable {
  let store: Store
  let realm: RealmID
  let hub: MemberID
  let server: RunningServer
  private let folder: URL
  private let names = Mutex(0)

  private init(store: Store, folder: URL, server: RunningServer) {
    self.store = store
    self.folder = folder
    self.server = server
    realm = store.identity.realm
    hub = store.identity.member
  }

  static var now: UInt64 { UInt64(Date().timeIntervalSince1970) }

  static func with(
    _ configuration: HubServerConfiguration = .testing(),
    _ body: (TestHub) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try makeStore(in: folder)
    try await RunningServer.with(
      { certificate, onReady in
        try HubServer(
          store: store, configuration: configuration, certificate: certificate, clock: .system,
          logger: .quiet, onReady: onReady)
      },
      { server in
        try await body(TestHub(store: store, folder: folder, server: server))
      })
  }

  private static func makeStore(in folder: URL) throws -> Store {
    let (root, key) = (SigningKey(), SigningKey())
    guard let realm = RealmID(VerifyingKey(of: root).bytes), let member = MemberID(0xabcdef)
    else { throw CancellationError() }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: member, generation: 1, closing: [],
      title: "Beispielkreis", ags: "05999", with: root)
    return try Store.createHub(
      at: folder.appending(path: "hub.sqlite").path,
      identity: Identity(
        role: .hub, realm: realm, member: member, generation: 1, name: "hub",
        title: "Beispielkreis", ags: "05999", kreis: "Beispielkreis",
        hubURL: "https://127.0.0.1", hubPin: nil),
      key: key, certificate: certificate, at: now,
      random: { UInt64.random(in: .min ... .max) })
  }

  /// Keeps an invite and returns its secret.
  @discardableResult
  func invite(_ name: String, expiresIn seconds: Int = 3_600) throws -> [UInt8] {
    let secret = (0..<32).map { _ in UInt8.random(in: 0...255) }
    try store.saveInvite(
      StoredInvite(
        name: name, title: "Stadt \(name)", ags: "05999001", secret: secret,
        expiresAt: UInt64(Int(Self.now) + seconds)), at: Self.now)
    return secret
  }

  /// A new town that joined over the network.
  func town() async throws -> TestTown {
    let number = names.withLock { number in
      number += 1
      return number
    }
    let (name, key) = ("stadt\(number)", SigningKey())
    let secret = try invite(name)
    let answer = try await join(name, key, secret)
    guard answer.status == 200 else { throw TestFailure(answer) }
    let reply = try WireJoinReply(serializedBytes: answer.body)
    guard let member = MemberID(reply.member) else { throw TestFailure(answer) }
    let store = try Store.create(
      at: folder.appending(path: "\(name).sqlite").path,
      identity: Identity(
        role: .town, realm: realm, member: member, generation: reply.generation, name: name,
        title: reply.title, ags: reply.ags, kreis: reply.kreis, hubURL: "https://127.0.0.1",
        hubPin: nil),
      key: key, random: { UInt64.random(in: .min ... .max) })
    return TestTown(hub: self, store: store, key: key)
  }

  func join(_ name: String, _ key: SigningKey, _ secret: [UInt8]) async throws -> ClientResponse {
    let proof = JoinProof.make(
      secret: secret, realm: realm, name: name, key: VerifyingKey(of: key))
    return try await join(name, key, proof: proof, signedBy: key)
  }

  func join(
    _ name: String, _ key: SigningKey, proof: [UInt8], signedBy signer: SigningKey
  ) async throws -> ClientResponse {
    var request = WireJoinRequest()
    request.name = name
    request.key = Data(VerifyingKey(of: key).bytes)
    request.proof = Data(proof)
    request.signature = Data(try JoinProof.sign(proof, key: signer))
    return try await server.client.send(
      ClientRequest(.post, "/v1/members", body: try request.serializedBytes()))
  }

  /// Writes what the hub decides about the realm.
  func decide(_ act: Control) throws {
    try store.blockingWrite { try $0.append(act, at: Self.now) }
  }
}

/// A town with its real store, which speaks to the hub by hand.
struct TestTown: Sendable {
  let hub: TestHub
  let store: Store
  let key: SigningKey

  var member: MemberID { store.identity.member }
  var coordination: Scope { .coordination(member) }

  /// What can be made wrong about a signature.
  struct Signing {
    var key: SigningKey?
    var realm: RealmID?
    var generation: UInt32 = 1
    var member: MemberID?
    var created: UInt64?
    var nonce: (UInt64, UInt64)?
    /// The path, query and content that are signed instead of those sent.
    var path: String?
    var query: String?
    var body: [UInt8]?
  }

  func request(
    _ method: ClientRequest.Method, _ path: String, query: String = "", body: [UInt8] = [],
    fields: HeaderFields = [:], signing: Signing = Signing()
  ) throws -> ClientRequest {
    let signature = try RequestSignature.sign(
      method: method.rawValue, path: signing.path ?? path, query: signing.query ?? query,
      body: signing.body ?? body, realm: signing.realm ?? hub.realm,
      member: signing.member ?? member, generation: signing.generation, key: signing.key ?? key,
      created: signing.created ?? TestHub.now,
      nonce: signing.nonce ?? (.random(in: .min ... .max), .random(in: .min ... .max)))
    var all = fields
    for (name, value) in signature { all.append(name, value) }
    return ClientRequest(
      method, query.isEmpty ? path : "\(path)?\(query)", fields: all, body: body)
  }

  func get(
    _ path: String, _ query: String = "", fields: HeaderFields = [:]
  ) async throws -> ClientResponse {
    try await hub.server.client.send(try request(.get, path, query: query, fields: fields))
  }

  func post(
    _ path: String, _ body: [UInt8], fields: HeaderFields = [:]
  ) async throws -> ClientResponse {
    try await hub.server.client.send(try request(.post, path, body: body, fields: fields))
  }

  // MARK: - Feed

  /// The chunks of an answer that ended.
  func feed(_ query: String = "") async throws -> [WireFeedChunk] {
    let answer = try await get("/v1/feed", query)
    guard answer.status == 200 else { throw TestFailure(answer) }
    var decoder = FrameDecoder()
    decoder.append(answer.body)
    var chunks: [WireFeedChunk] = []
    while let frame = try decoder.next() {
      chunks.append(try WireFeedChunk(serializedBytes: frame))
    }
    try decoder.finish()
    return chunks
  }

  /// Fetches and merges all there is.
  func pull() async throws {
    let after = try store.blockingRead { try $0.feedCursors() }
    for chunk in try await feed(FeedQuery(after: after, follow: nil).text) {
      _ = try await store.merge(try UnverifiedChunk(chunk))
    }
  }

  func follow(_ query: String) async throws -> FeedStream {
    FeedStream(
      response: try await hub.server.client.open(
        try request(.get, "/v1/feed", query: query)))
  }

  // MARK: - Pushing

  /// Creates an organization, whose bundle waits to be pushed.
  @discardableResult
  func write(_ name: String, in scope: ScopeKind = .public) async throws -> UnverifiedBundle {
    if store.membership.members[member] == nil { try await pull() }
    let kind = try Schema.directory.kind(named: "organization")
    let field = try kind.field(named: "name")
    _ = try store.blockingWrite {
      try $0.create(
        kind, [Edit(field, .value(name), in: scope)], Occasion(at: TestHub.now))
    }
    let log = store.identity.log(scope == .coordination ? coordination : .public)
    if let bundle = try await store.nextBundle(of: log) { return bundle }
    throw CancellationError()
  }

  func push(_ bundle: UnverifiedBundle, fields: HeaderFields = [:]) async throws -> ClientResponse {
    let answer = try await post(
      "/v1/bundles", try WireBundle(bundle).serializedBytes(), fields: fields)
    if answer.status == 200 { store.acknowledge(bundle.log, through: bundle.last) }
    return answer
  }

  /// A statement about what the town verified of `scope`.
  func statement(_ scope: Scope, at: UInt64 = 7, key: SigningKey? = nil) async throws
    -> WireSignedStatement
  {
    let heads = try await feed().last?.heads.map { try FeedHead($0) } ?? []
    guard let head = heads.first(where: { $0.scope == scope }) else { throw CancellationError() }
    return try FeedStatement(
      realm: hub.realm, member: member, generation: 1, head: head, foldVersion: 1,
      protocolVersion: 1, at: at, software: "test"
    ).signed(with: key ?? self.key)
  }
}

/// A followed feed.
final class FeedStream {
  let response: StreamingResponse
  private var decoder = FrameDecoder()

  init(response: StreamingResponse) { self.response = response }

  /// The next chunk; `nil` at the end.
  func next() async throws -> WireFeedChunk? {
    while true {
      if let frame = try decoder.next() { return try WireFeedChunk(serializedBytes: frame) }
      guard let piece = try await response.next() else { return nil }
      decoder.append(piece)
    }
  }
}

struct TestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ answer: ClientResponse) {
    description = "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
  }
}

extension ClientResponse {
  /// The end of the problem's type, if this is a problem in its proper form.
  var problem: String? {
    struct Body: Decodable {
      let type: String
      let title: String
      let status: Int
      let detail: String
    }
    guard fields["content-type"] == "application/problem+json",
      let problem = try? JSONDecoder().decode(Body.self, from: Data(body)),
      problem.status == status, !problem.title.isEmpty, !problem.detail.isEmpty,
      problem.type.hasPrefix("urn:kreisnetz:problem:")
    else { return nil }
    return String(problem.type.dropFirst("urn:kreisnetz:problem:".count))
  }
}
