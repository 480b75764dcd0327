// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import NIOCore
import NIOSSL
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlTrustTests {
  let identity: TestIdentity

  init() throws {
    identity = try TestIdentity()
  }

  /// How a request to a server with that identity ends, and how many bytes of it arrived.
  private func attempt(
    _ server: TLSConfiguration, trust: HubEndpoint.Trust
  ) async throws -> (error: TransportError?, received: Int) {
    let received = Mutex(0)
    let error = try await withScriptedServer(server) { connection in
      while let bytes = try await connection.read() {
        received.withLock { $0 += bytes.readableBytes }
        try await connection.answer()
      }
    } body: { port in
      let transport = try CurlTransport(
        endpoint: HubEndpoint(url: "https://127.0.0.1:\(port)", trust: trust, proxy: .none))
      return await failure(
        of: transport, ClientRequest(.post, "/v1/bundles", body: Array("secret".utf8)))
    }
    return (error, received.withLock { $0 })
  }

  @Test func `with the pinned key neither name nor date of the certificate counts`() async throws {
    let identity = try TestIdentity(address: [10, 0, 0, 1], validFor: -3600)
    let result = try await attempt(
      identity.configuration(), trust: .pinned(sha256: identity.pin))
    #expect(result.error == nil)
  }

  @Test func `a server with another key gets no byte of the request`() async throws {
    var pin = identity.pin
    pin[31] ^= 1
    let result = try await attempt(identity.configuration(), trust: .pinned(sha256: pin))
    guard case .keyMismatch = result.error else {
      Issue.record("got \(String(describing: result.error))")
      return
    }
    #expect(result.received == 0)
    #expect(result.error?.isWorthRetrying == false)
  }

  @Test func `a certificate of an unknown authority gets no byte of the request`() async throws {
    let result = try await attempt(
      identity.configuration(), trust: .authorities(caFile: nil))
    try expectRejected(result)
  }

  @Test func `only the authorities of the named file count`() async throws {
    let accepted = try await identity.withFile {
      try await attempt(identity.configuration(), trust: .authorities(caFile: $0))
    }
    #expect(accepted.error == nil)
    let other = try await TestIdentity().withFile {
      try await attempt(identity.configuration(), trust: .authorities(caFile: $0))
    }
    try expectRejected(other)
  }

  @Test func `a certificate for another host is rejected`() async throws {
    let identity = try TestIdentity(address: [127, 0, 0, 2])
    try expectRejected(
      await identity.withFile {
        try await attempt(identity.configuration(), trust: .authorities(caFile: $0))
      })
  }

  @Test func `an expired certificate is rejected`() async throws {
    let identity = try TestIdentity(validFor: -3600)
    try expectRejected(
      await identity.withFile {
        try await attempt(identity.configuration(), trust: .authorities(caFile: $0))
      })
  }

  @Test func `a server without TLS 1.3 is refused`() async throws {
    let result = try await attempt(
      identity.configuration(from: .tlsv12, to: .tlsv12), trust: .pinned(sha256: identity.pin))
    guard case .notHTTP = result.error else {
      Issue.record("got \(String(describing: result.error))")
      return
    }
    #expect(result.received == 0)
  }

  @Test func `a file of authorities that is not there is named`() async throws {
    let result = try await attempt(
      identity.configuration(), trust: .authorities(caFile: "/nonexistent/ca.pem"))
    guard case .misconfigured(let text) = result.error else {
      Issue.record("got \(String(describing: result.error))")
      return
    }
    #expect(text.contains("/nonexistent/ca.pem"))
  }

  @Test func `garbage instead of TLS is named so`() async throws {
    let error = try await withScriptedServer(nil) { connection in
      _ = try await connection.read()
      try await connection.write("HTTP/1.0 400 Bad Request\r\n\r\n<html>nginx</html>")
      while try await connection.read() != nil {}
    } body: { port in
      await failure(of: try makeTransport(identity, port: port))
    }
    guard case .notHTTP = error else {
      Issue.record("got \(String(describing: error))")
      return
    }
  }

  @Test func `a connection closed during the handshake is worth retrying`() async throws {
    let error = try await withScriptedServer(nil) { connection in
      _ = try await connection.read()
    } body: { port in
      await failure(of: try makeTransport(identity, port: port))
    }
    guard case .connectionLost = error else {
      Issue.record("got \(String(describing: error))")
      return
    }
    #expect(error?.isWorthRetrying == true)
  }

  @Test func `where nothing listens the hub is unreachable`() async throws {
    let port = try await unusedPort()
    let error = await failure(of: try makeTransport(identity, port: port))
    guard case .unreachable(let host, let reason) = error else {
      Issue.record("got \(String(describing: error))")
      return
    }
    #expect(host == "127.0.0.1:\(port)")
    #expect(reason.contains("refused") || reason.contains("connect"))
  }

  @Test(arguments: [
    "http://hub.example.org", "hub.example.org", "https://", "https://user@hub.example.org",
    "https://hub.example.org?x", "https://hub.example.org/#x", "https://hub example.org",
  ])
  func `an address that is not plain https is refused`(url: String) {
    #expect(throws: TransportError.self) {
      try HubEndpoint(url: url, trust: .authorities(caFile: nil))
    }
  }

  @Test func `an address may have a port, a path and a slash at the end`() throws {
    let endpoint = try HubEndpoint(
      url: "https://hub.example.org:8443/kreis/", trust: .authorities(caFile: nil))
    #expect(endpoint.url == "https://hub.example.org:8443/kreis")
    #expect(endpoint.host == "hub.example.org:8443")
  }

  private func expectRejected(
    _ result: (error: TransportError?, received: Int),
    at location: SourceLocation = #_sourceLocation
  ) throws {
    guard case .certificateRejected = result.error else {
      Issue.record("got \(String(describing: result.error))", sourceLocation: location)
      return
    }
    #expect(result.received == 0, sourceLocation: location)
  }
}
