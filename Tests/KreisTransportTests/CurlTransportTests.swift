// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import Synchronization
import Testing

/// A transport to a server on this machine that trusts one key.
func makeTransport(
  _ identity: TestIdentity, port: Int, proxy: HubEndpoint.Proxy = .none,
  login: HubEndpoint.ProxyLogin? = nil
) throws -> CurlTransport {
  try CurlTransport(
    endpoint: HubEndpoint(
      url: "https://127.0.0.1:\(port)", trust: .pinned(sha256: identity.pin), proxy: proxy,
      proxyLogin: login))
}

/// The error that a request ends with.
func failure(
  of transport: CurlTransport, _ request: ClientRequest = ClientRequest(.get, "/")
) async -> TransportError? {
  do {
    _ = try await transport.send(request)
    return nil
  } catch {
    return error
  }
}

@Suite(.timeLimit(.minutes(1))) struct CurlTransportTests {
  let identity: TestIdentity

  init() throws {
    identity = try TestIdentity()
  }

  @Test func `a request arrives as it is and its answer comes back whole`() async throws {
    let received = Mutex<ScriptedConnection.Request?>(nil)
    let status = try await withScriptedServer(try identity.configuration()) { connection in
      let request = try await connection.readRequest()
      received.withLock { $0 = request }
      try await connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
      try await connection.answer(
        status: "409 Conflict", fields: "X-Position:  17 \r\nX-Empty:\r\n", body: "Grüße")
    } body: { port in
      let response = try await makeTransport(identity, port: port).send(
        ClientRequest(
          .post, "/v1/a/../bundles?after=1%2F2&follow=true",
          fields: ["Content-Type": "application/x-protobuf", "X-Nothing": ""],
          body: Array("Körper\0\r\n".utf8)))
      #expect(response.body == Array("Grüße".utf8))
      #expect(response.fields["x-POSITION"] == "17")
      #expect(response.fields["x-empty"] == "")
      #expect(response.fields["link"] == nil)
      #expect(response.fields["x-other"] == nil)
      return response.status
    }
    #expect(status == 409)
    let request = try #require(received.withLock { $0 })
    #expect(request.line == "POST /v1/a/../bundles?after=1%2F2&follow=true HTTP/1.1")
    #expect(request.body == Array("Körper\0\r\n".utf8))
    #expect(request.fields["content-type"] == "application/x-protobuf")
    #expect(request.fields["x-nothing"] == "")
    #expect(request.fields["expect"] == nil)
    #expect(request.fields["accept-encoding"] == nil)
  }

  @Test func `requests one after the other share a connection`() async throws {
    let connections = Mutex(0)
    try await withScriptedServer(try identity.configuration()) { connection in
      connections.withLock { $0 += 1 }
      while try await connection.readRequest() != nil { try await connection.answer() }
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      for _ in 1...20 {
        #expect(try await transport.send(ClientRequest(.get, "/")).status == 200)
      }
    }
    #expect(connections.withLock { $0 } == 1)
  }

  @Test func `a connection that the server closed meanwhile is replaced unnoticed`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.answer()
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      for _ in 1...20 {
        let request = ClientRequest(.post, "/", body: [1, 2, 3])
        #expect(try await transport.send(request).status == 200)
      }
    }
  }

  @Test func `many requests at once each get their own answer`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      while let request = try await connection.readRequest() {
        try await connection.answer(body: request.line)
      }
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...300 {
          group.addTask {
            let response = try await transport.send(ClientRequest(.get, "/\(number)"))
            #expect(String(decoding: response.body, as: UTF8.self) == "GET /\(number) HTTP/1.1")
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test(arguments: ["Content-Length: 1001\r\n", "Transfer-Encoding: chunked\r\n", ""])
  func `an answer beyond the limit is dropped`(framing: String) async throws {
    let content = String(repeating: "x", count: 1001)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      let isChunked = framing.hasPrefix("Transfer")
      try await connection.write(
        "HTTP/1.1 200 OK\r\n\(framing)\r\n"
          + (isChunked ? "3e9\r\n\(content)\r\n0\r\n\r\n" : content))
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      let tight = ClientRequest(.get, "/", maximumResponseBytes: 1000)
      #expect(
        await failure(of: transport, tight)
          == .responseTooLarge(host: "127.0.0.1:\(port)", limit: 1000))
      let exact = ClientRequest(.get, "/", maximumResponseBytes: 1001)
      #expect(try await transport.send(exact).body.count == 1001)
    }
  }

  @Test(arguments: [1, 1000])
  func `header fields beyond the limit are refused`(lines: Int) async throws {
    let field = "X: " + String(repeating: "x", count: 150_000 / lines) + "\r\n"
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\n")
      for _ in 1...lines { try await connection.write(field) }
      try await connection.write("\r\n")
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      #expect(
        await failure(of: transport)
          == .responseTooLarge(host: "127.0.0.1:\(port)", limit: 65536))
    }
  }

  @Test func `a page of something in between is delivered as it is`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.answer(
        status: "503 Service Unavailable", fields: "Content-Type: text/html; charset=utf-8\r\n",
        body: "<html>Wartung</html>")
    } body: { port in
      let response = try await makeTransport(identity, port: port).send(ClientRequest(.get, "/"))
      #expect(response.status == 503)
      #expect(response.fields["Content-Type"] == "text/html; charset=utf-8")
      #expect(String(decoding: response.body, as: UTF8.self) == "<html>Wartung</html>")
    }
  }

  @Test func `a redirect is not followed`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      while try await connection.readRequest() != nil {
        try await connection.answer(status: "302 Found", fields: "Location: /elsewhere\r\n")
      }
    } body: { port in
      let response = try await makeTransport(identity, port: port).send(ClientRequest(.get, "/"))
      #expect(response.status == 302)
    }
  }

  @Test func `an answer that breaks off is an error worth retrying`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
    } body: { port in
      let error = await failure(of: try makeTransport(identity, port: port))
      guard case .connectionLost = error else {
        Issue.record("got \(String(describing: error))")
        return
      }
      #expect(error?.isWorthRetrying == true)
    }
  }

  @Test func `an answer that is not HTTP is named so`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("220 mail.example.org ESMTP\r\n")
    } body: { port in
      guard case .notHTTP = await failure(of: try makeTransport(identity, port: port)) else {
        Issue.record("accepted what is not HTTP")
        return
      }
    }
  }

  @Test func `cancelling the task ends the request at the server too`() async throws {
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    let (departures, departed) = AsyncStream.makeStream(of: Void.self)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      arrived.yield()
      while try await connection.read() != nil {}
      departed.yield()
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      let task = Task { await failure(of: transport) }
      for await _ in arrivals { break }
      task.cancel()
      #expect(await task.value == .cancelled)
      for await _ in departures { break }
    }
  }

  @Test func `a request of a cancelled task is not sent`() async throws {
    let port = try await unusedPort()
    let transport = try makeTransport(identity, port: port)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure(of: transport)
    }
    #expect(await task.value == .cancelled)
  }

  @Test func `shutting down ends what is under way and refuses what comes later`() async throws {
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      arrived.yield()
      while try await connection.read() != nil {}
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      let task = Task { await failure(of: transport) }
      for await _ in arrivals { break }
      await transport.shutdown()
      #expect(await task.value == .cancelled)
      #expect(await failure(of: transport) == .cancelled)
      await transport.shutdown()
    }
  }

  @Test func `nothing is lost when requests, cancellations and the shutdown race`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      while try await connection.readRequest() != nil { try await connection.answer() }
    } body: { port in
      for _ in 1...10 {
        let transport = try makeTransport(identity, port: port)
        await withTaskGroup(of: Void.self) { group in
          for number in 1...60 {
            let task = Task { _ = await failure(of: transport) }
            if number.isMultiple(of: 3) { group.addTask { task.cancel() } }
            if number == 50 { group.addTask { await transport.shutdown() } }
            group.addTask { await task.value }
          }
        }
      }
    }
  }

  @Test(arguments: ["bundles", "/a b", "/a\r\nX: y", "/ä", "/a#b", ""])
  func `a path that cannot go on the wire is refused`(path: String) async throws {
    let transport = try makeTransport(identity, port: 1)
    guard case .misconfigured = await failure(of: transport, ClientRequest(.get, path)) else {
      Issue.record("accepted")
      return
    }
  }

  @Test(arguments: [("X", "a\r\nY: b"), ("X: y", "z"), ("", "a"), ("X", "a\0b")])
  func `a field that cannot go on the wire is refused`(name: String, value: String) async throws {
    let transport = try makeTransport(identity, port: 1)
    let request = ClientRequest(.get, "/", fields: HeaderFields([(name: name, value: value)]))
    guard case .misconfigured = await failure(of: transport, request) else {
      Issue.record("accepted")
      return
    }
  }
}
