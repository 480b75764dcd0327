// SPDX-License-Identifier: EUPL-1.2

import KreisCore
package import KreisStore
package import KreisTransport
import SwiftProtobuf

/// Signed requests of one member to its hub.
package struct HubClient: Sendable {
  private let store: Store
  private let transport: any Transport
  let time: HubTime
  private let random: @Sendable () -> UInt64
  /// Of this start of the program, so that the hub can tell a copy from the one that it knows.
  private let instance: String

  /// - Parameters:
  ///   - store: says who signs, as of its last commit.
  ///   - random: 64 random bits a call.
  package init(
    store: Store, transport: any Transport, time: HubTime,
    random: @escaping @Sendable () -> UInt64
  ) {
    self.store = store
    self.transport = transport
    self.time = time
    self.random = random
    let bits = random()
    instance = Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) })
  }

  /// Content below gains nothing from compression.
  private static let compressionThreshold = 256

  /// Pushes a message and returns the answer, which is a 200 or a status in `also`.
  ///
  /// - Throws: `HubFailure`.
  func post(
    _ message: some Message, to path: String, also: Set<Int> = []
  ) async throws(HubFailure) -> ClientResponse {
    guard let bytes: [UInt8] = try? message.serializedBytes() else {
      throw .unavailable(reason: "a message could not be encoded", retryAfterSeconds: nil)
    }
    var fields: HeaderFields = ["Content-Type": MediaType.message, "Accept": MediaType.message]
    var body = bytes
    if bytes.count >= Self.compressionThreshold {
      let packed = Zstd.compress(bytes)
      if packed.count < bytes.count {
        body = packed
        fields.append("Content-Encoding", "zstd")
      }
    }
    return try await send(
      ClientRequest(
        .post, path, fields: fields, body: body, deadlines: Deadlines(whole: .seconds(300))),
      also: also)
  }

  /// Asks for one message.
  ///
  /// - Throws: `HubFailure`.
  package func get(
    _ path: String, query: String = ""
  ) async throws(HubFailure) -> ClientResponse {
    try await send(
      ClientRequest(
        .get, query.isEmpty ? path : "\(path)?\(query)", fields: ["Accept": MediaType.message],
        deadlines: Deadlines(whole: .seconds(300))))
  }

  /// This member's statement about a feed head that it verified.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Throws: `MalformedBytes` if it cannot be signed.
  func statement(
    of head: FeedHead, _ software: String, _ now: UInt64
  ) throws(MalformedBytes) -> WireSignedStatement {
    let signer = store.signer
    return try FeedStatement(
      realm: signer.identity.realm, member: signer.identity.member,
      generation: signer.identity.generation, head: head, foldVersion: foldVersion,
      protocolVersion: protocolVersion, at: now, software: software
    ).signed(with: signer.key)
  }

  private func send(
    _ request: ClientRequest, also: Set<Int> = []
  ) async throws(HubFailure) -> ClientResponse {
    var (response, correction) = try await attempt(request)
    // The answer corrected the time that the signature was made in: that may have been its fault.
    if response.status == 401, correction > 0 {
      (response, _) = try await attempt(request)
    }
    try HubAnswer.check(
      status: response.status, fields: response.fields, body: response.body, also: also)
    return response
  }

  private func attempt(
    _ request: ClientRequest
  ) async throws(HubFailure) -> (ClientResponse, correction: UInt64) {
    let signed = try sign(request)
    do throws(TransportError) {
      defer { Progress.note() }
      let response = try await transport.send(signed)
      return (response, time.learn(from: response.fields["date"]))
    } catch { throw HubFailure(error) }
  }

  /// Opens the feed.
  ///
  /// - Throws: `HubFailure`, also for an answer that is no feed.
  func openFeed(
    _ query: FeedQuery, deadlines: Deadlines
  ) async throws(HubFailure) -> StreamingResponse {
    var request = ClientRequest(
      .get, "/v1/feed?" + query.text, fields: ["Accept": MediaType.frames], deadlines: deadlines)
    request.isFinite = query.follow == nil
    var (response, correction) = try await open(request)
    if response.status == 401, correction > 0 {
      (response, _) = try await open(request)
    }
    try HubAnswer.check(
      status: response.status, fields: response.fields,
      body: response.status == 200 && HubAnswer.isHubs(response.fields)
        ? [] : await Self.beginning(of: response))
    return response
  }

  private func open(
    _ request: ClientRequest
  ) async throws(HubFailure) -> (StreamingResponse, correction: UInt64) {
    let signed = try sign(request)
    do throws(TransportError) {
      defer { Progress.note() }
      let response = try await transport.open(signed)
      return (response, time.learn(from: response.fields["date"]))
    } catch { throw HubFailure(error) }
  }

  /// Enough of an error answer to tell what it says.
  private static func beginning(of response: StreamingResponse) async -> [UInt8] {
    var body: [UInt8] = []
    while body.count < HubAnswer.errorBytes, let piece = try? await response.next() {
      body += piece
    }
    response.cancel()
    return body
  }

  private func sign(_ request: ClientRequest) throws(HubFailure) -> ClientRequest {
    let target = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var signed = request
    signed.fields.append("Kreisnetz-Instance", instance)
    let signer = store.signer
    let (identity, key) = (signer.identity, signer.key)
    do throws(MalformedBytes) {
      let fields = try RequestSignature.sign(
        method: request.method.rawValue, path: String(target[0]),
        query: target.count > 1 ? String(target[1]) : "", body: request.body,
        realm: identity.realm, member: identity.member, generation: identity.generation, key: key,
        created: time.now,
        nonce: (random(), random()))
      for field in fields { signed.fields.append(field.name, field.value) }
    } catch {
      throw .unavailable(reason: error.description, retryAfterSeconds: nil)
    }
    return signed
  }
}
