// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisTransport
import SwiftProtobuf
import Synchronization

/// Requests to a hub for whose certificate an authority vouches, over connections whose key the hub
/// itself names: an authority can be made to vouch for somebody else.
///
/// Before the first request, and when the server's key is none of those known, only the hub's statement
/// of its keys is asked for, which says nothing about who asks. A connection whose key is not in it is
/// intercepted: nothing else is sent. So a renewed certificate locks nobody out.
package final class NamedKeyTransport: Transport {
  /// Where the statement is kept between two runs.
  package struct Keeper: Sendable {
    let kept: [UInt8]?
    let keep: @Sendable ([UInt8]) throws -> Void

    package init(
      kept: [UInt8]? = nil, keep: @escaping @Sendable ([UInt8]) throws -> Void = { _ in }
    ) {
      self.kept = kept
      self.keep = keep
    }
  }

  private struct Pinned: Sendable {
    let notice: TLSNotice
    let transport: CurlTransport
  }

  private let endpoint: HubEndpoint
  private let caFile: String?
  private let realm: RealmID
  private let hubGeneration: @Sendable () -> UInt32
  private let keeper: Keeper
  /// For the statement alone.
  private let open: CurlTransport
  private let pinned: Mutex<Pinned?>

  /// - Parameters:
  ///   - endpoint: without keys; these are added.
  ///   - caFile: the authorities, as in `HubEndpoint.Trust`.
  ///   - hubGeneration: the latest of the hub that is known here.
  /// - Throws: `TransportError.misconfigured`.
  package init(
    to endpoint: HubEndpoint, caFile: String?, realm: RealmID,
    hubGeneration: @escaping @Sendable () -> UInt32 = { 0 }, keeper: Keeper = Keeper()
  ) throws(TransportError) {
    self.endpoint = endpoint
    self.caFile = caFile
    self.realm = realm
    self.hubGeneration = hubGeneration
    self.keeper = keeper
    open = try CurlTransport(endpoint: endpoint)
    var first: Pinned?
    if let bytes = keeper.kept, let wire = try? WireSignedTLSNotice(serializedBytes: bytes),
      let notice = try? TLSNotice(verifying: wire, in: realm)
    {
      first = try Self.pin(notice, endpoint, caFile)
    }
    pinned = Mutex(first)
  }

  package func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
    try await attempt { (transport) async throws(TransportError) in
      try await transport.send(request)
    }
  }

  package func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
    try await attempt { (transport) async throws(TransportError) in
      try await transport.open(request)
    }
  }

  private func attempt<Answer>(
    _ ask: (CurlTransport) async throws(TransportError) -> Answer
  ) async throws(TransportError) -> Answer {
    let known = pinned.withLock { $0 }
    if let known {
      do throws(TransportError) { return try await ask(known.transport) } catch {
        guard case .keyMismatch = error else { throw error }
      }
    }
    let next = try await renew(known)
    do throws(TransportError) { return try await ask(next.transport) } catch {
      guard case .keyMismatch(let host) = error else { throw error }
      throw .intercepted(host: host)
    }
  }

  /// Asks the hub for its keys, over whatever connection an authority vouches for.
  private func renew(_ known: Pinned?) async throws(TransportError) -> Pinned {
    let request = ClientRequest(
      .get, "/v1/tls", fields: ["Accept": MediaType.message],
      maximumResponseBytes: TLSNotice.limit, deadlines: Deadlines(whole: .seconds(30)))
    let answer = try await open.send(request)
    if answer.status == 429 || answer.status >= 500, known == nil {
      throw .unreachable(
        host: endpoint.host, reason: "it does not state its TLS keys now (\(answer.status))")
    }
    guard answer.status == 200, HubAnswer.isHubs(answer.fields),
      let wire = try? WireSignedTLSNotice(serializedBytes: answer.body),
      let notice = try? TLSNotice(verifying: wire, in: realm),
      notice.succeeds(known?.notice, hubGeneration: hubGeneration())
    else { throw .intercepted(host: endpoint.host) }
    guard known?.notice != notice else { throw .intercepted(host: endpoint.host) }
    do { try keeper.keep(answer.body) } catch {
      throw .misconfigured("The hub's statement of its TLS keys cannot be kept: \(error)")
    }
    let next = try Self.pin(notice, endpoint, caFile)
    pinned.withLock { $0 = next }
    return next
  }

  private static func pin(
    _ notice: TLSNotice, _ endpoint: HubEndpoint, _ caFile: String?
  ) throws(TransportError) -> Pinned {
    let endpoint = try HubEndpoint(
      url: endpoint.url, trust: .authorities(caFile: caFile, keys: notice.keys.map(\.bytes)),
      proxy: endpoint.proxy, proxyLogin: endpoint.proxyLogin)
    return Pinned(notice: notice, transport: try CurlTransport(endpoint: endpoint))
  }
}
