// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlProxyTests {
  let identity: TestIdentity

  init() throws {
    identity = try TestIdentity()
  }

  /// Runs a hub that answers "hub" and a proxy in front of it.
  private func withProxy(
    script: @escaping @Sendable (ScriptedConnection) async throws -> Void,
    body: (_ hub: Int, _ proxy: Int) async throws -> Void
  ) async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      while try await connection.readRequest() != nil { try await connection.answer(body: "hub") }
    } body: { hub in
      try await withScriptedServer(nil, script: script) { proxy in try await body(hub, proxy) }
    }
  }

  /// Opens the tunnel that was asked for, on the way back to this machine only.
  private static func tunnel(
    _ request: ScriptedConnection.Request, _ connection: ScriptedConnection
  ) async throws {
    let target = request.line.split(separator: " ")[1]
    let port = Int(target.split(separator: ":").last ?? "") ?? 0
    try await connection.write("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
    try await connection.relay(toPort: port)
  }

  @Test func `requests pass through the proxy, which sees no more than the host`() async throws {
    let seen = Mutex<[ScriptedConnection.Request]>([])
    try await withProxy { connection in
      guard let request = try await connection.readRequest() else { return }
      seen.withLock { $0.append(request) }
      try await Self.tunnel(request, connection)
    } body: { hub, proxy in
      let transport = try makeTransport(
        identity, port: hub, proxy: .url("http://127.0.0.1:\(proxy)"))
      for _ in 1...3 {
        let request = ClientRequest(.get, "/v1/feed", fields: ["Signature": "sig=:AAAA:"])
        let response = try await transport.send(request)
        #expect(response.body == Array("hub".utf8))
        #expect(response.fields["x-proxy"] == nil)
      }
      let requests = seen.withLock { $0 }
      #expect(requests.map(\.line) == ["CONNECT 127.0.0.1:\(hub) HTTP/1.1"])
      #expect(requests.first?.fields["signature"] == nil)
      #expect(requests.first?.fields["proxy-authorization"] == nil)
    }
  }

  @Test func `a proxy that asks for a login gets it`() async throws {
    try await withProxy { connection in
      while let request = try await connection.readRequest() {
        // "halver:geheim:1" in Base64.
        if request.fields["proxy-authorization"] == "Basic aGFsdmVyOmdlaGVpbTox" {
          return try await Self.tunnel(request, connection)
        }
        try await connection.answer(
          status: "407 Proxy Authentication Required",
          fields: "Proxy-Authenticate: Basic realm=\"Rathaus\"\r\n", body: "<html>login</html>")
      }
    } body: { hub, proxy in
      let address = HubEndpoint.Proxy.url("http://127.0.0.1:\(proxy)")
      let transport = try makeTransport(
        identity, port: hub, proxy: address,
        login: .password(user: "halver", password: "geheim:1"))
      let response = try await transport.send(
        ClientRequest(.post, "/", body: [UInt8](repeating: 1, count: 100_000)))
      #expect(response.body == Array("hub".utf8))
      let stream = try await transport.open(ClientRequest(.get, "/"))
      #expect(try await stream.next() == Array("hub".utf8))

      let refused = TransportError.proxyRefused(host: "127.0.0.1:\(hub)", status: 407)
      let anonymous = try makeTransport(identity, port: hub, proxy: address)
      #expect(await failure(of: anonymous) == refused)
      let wrong = try makeTransport(
        identity, port: hub, proxy: address, login: .password(user: "halver", password: "falsch"))
      #expect(await failure(of: wrong) == refused)
    }
  }

  @Test(arguments: [(403, false), (502, true), (503, true)])
  func `a proxy that refuses is named, with its status`(
    status: Int, isWorthRetrying: Bool
  ) async throws {
    try await withProxy { connection in
      _ = try await connection.readRequest()
      try await connection.answer(status: "\(status) No", body: "<html>blocked</html>")
    } body: { hub, proxy in
      let transport = try makeTransport(
        identity, port: hub, proxy: .url("http://127.0.0.1:\(proxy)"))
      let error = await failure(of: transport)
      #expect(error == .proxyRefused(host: "127.0.0.1:\(hub)", status: status))
      #expect(error?.isWorthRetrying == isWorthRetrying)
    }
  }

  @Test func `a proxy without Kerberos is refused a login by ticket`() async throws {
    let logins = Mutex<[String?]>([])
    try await withProxy { connection in
      while let request = try await connection.readRequest() {
        logins.withLock { $0.append(request.fields["proxy-authorization"]) }
        try await connection.answer(
          status: "407 Proxy Authentication Required",
          fields: "Proxy-Authenticate: Basic realm=\"Rathaus\"\r\n")
      }
    } body: { hub, proxy in
      let transport = try makeTransport(
        identity, port: hub, proxy: .url("http://127.0.0.1:\(proxy)"), login: .kerberos)
      #expect(
        await failure(of: transport) == .proxyRefused(host: "127.0.0.1:\(hub)", status: 407))
    }
    #expect(logins.withLock { $0.allSatisfy { $0?.hasPrefix("Basic") != true } })
  }

  @Test func `a proxy that wants NTLM gets a login whose password does not travel`() async throws {
    let logins = Mutex<[String]>([])
    // A challenge (MS-NLMP, 2.2.1.2): Unicode and NTLM, eight random bytes, no target.
    let challenge =
      Array("NTLMSSP\0".utf8) + [2, 0, 0, 0] + [0, 0, 0, 0, 48, 0, 0, 0] + [1, 2, 0, 0]
      + [1, 2, 3, 4, 5, 6, 7, 8] + [UInt8](repeating: 0, count: 16)
    try await withProxy { connection in
      // One connection: NTLM proves a connection, not a request.
      while let request = try await connection.readRequest() {
        let login = request.fields["proxy-authorization"] ?? ""
        logins.withLock { $0.append(login) }
        let message = Base64.decode(login.split(separator: " ").last ?? "") ?? []
        switch message.count > 8 ? message[8] : 0 {
        case 3: return try await Self.tunnel(request, connection)
        case 1:
          try await connection.answer(
            status: "407 Proxy Authentication Required",
            fields: "Proxy-Authenticate: NTLM \(Base64.encode(challenge))\r\n")
        default:
          try await connection.answer(
            status: "407 Proxy Authentication Required", fields: "Proxy-Authenticate: NTLM\r\n")
        }
      }
    } body: { hub, proxy in
      let transport = try makeTransport(
        identity, port: hub, proxy: .url("http://127.0.0.1:\(proxy)"),
        login: .password(user: "RATHAUS\\halver", password: "geheim:1"))
      let response = try await transport.send(
        ClientRequest(.post, "/", body: [UInt8](repeating: 1, count: 100_000)))
      #expect(response.body == Array("hub".utf8))
    }
    let messages = logins.withLock { $0 }.compactMap {
      $0.hasPrefix("NTLM ") ? Base64.decode($0.dropFirst(5)) : nil
    }
    #expect(messages.map { $0[8] } == [1, 3])
    let last = try #require(messages.last)
    // The user's name in UTF-16, and the password in no encoding.
    #expect(last.firstRange(of: "halver".utf8.flatMap { [$0, 0] }) != nil)
    #expect(last.firstRange(of: "geheim".utf8.flatMap { [$0, 0] }) == nil)
    #expect(last.firstRange(of: Array("geheim".utf8)) == nil)
  }

  @Test func `a proxy that is not there makes the hub unreachable`() async throws {
    let proxy = try await unusedPort()
    let transport = try makeTransport(
      identity, port: 8443, proxy: .url("http://127.0.0.1:\(proxy)"))
    guard case .unreachable(_, let reason) = await failure(of: transport) else {
      Issue.record("reached something")
      return
    }
    #expect(reason.contains("\(proxy)"))
  }

  @Test func `the pin holds through a proxy`() async throws {
    try await withProxy { connection in
      guard let request = try await connection.readRequest() else { return }
      try await Self.tunnel(request, connection)
    } body: { hub, proxy in
      let transport = try makeTransport(
        try TestIdentity(), port: hub, proxy: .url("http://127.0.0.1:\(proxy)"))
      #expect(await failure(of: transport) == .keyMismatch(host: "127.0.0.1:\(hub)"))
    }
  }
}
