// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlDeadlineTests {
  let identity: TestIdentity

  init() throws {
    identity = try TestIdentity()
  }

  @Test func `a host that does not shake hands runs into the deadline to connect`() async throws {
    try await withScriptedServer(nil) { connection in
      while try await connection.read() != nil {}
    } body: { port in
      let request = ClientRequest(.get, "/", deadlines: Deadlines(connect: .milliseconds(200)))
      let transport = try makeTransport(identity, port: port)
      #expect(
        await failure(of: transport, request)
          == .timedOut(.connect, after: .milliseconds(200), host: "127.0.0.1:\(port)"))
    }
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!"])
  func `a server that falls silent runs into the idle deadline`(said: String) async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      if !said.isEmpty { try await connection.write(said) }
      while try await connection.read() != nil {}
    } body: { port in
      let request = ClientRequest(.get, "/", deadlines: Deadlines(idle: .milliseconds(200)))
      let transport = try makeTransport(identity, port: port)
      #expect(
        await failure(of: transport, request)
          == .timedOut(.idle, after: .milliseconds(200), host: "127.0.0.1:\(port)"))
    }
  }

  @Test func `bytes now and then keep the idle deadline away`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")
      for _ in 1...12 {
        try await Task.sleep(for: .milliseconds(200))
        try await connection.write("x")
      }
    } body: { port in
      let request = ClientRequest(.get, "/", deadlines: Deadlines(idle: .seconds(2)))
      let response = try await makeTransport(identity, port: port).send(request)
      #expect(response.body.count == 12)
    }
  }

  @Test func `an answer that never ends runs into the deadline of the call`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\n\r\n")
      while true {
        try await connection.write("x")
        try await Task.sleep(for: .milliseconds(20))
      }
    } body: { port in
      let request = ClientRequest(
        .get, "/", deadlines: Deadlines(idle: .seconds(30), whole: .milliseconds(300)))
      let transport = try makeTransport(identity, port: port)
      let expected = TransportError.timedOut(
        .whole, after: .milliseconds(300), host: "127.0.0.1:\(port)")
      #expect(await failure(of: transport, request) == expected)
      await #expect(throws: expected) {
        let stream = try await transport.open(request)
        while try await stream.next() != nil {}
      }
    }
  }

  @Test func `a stream without a heartbeat runs into the idle deadline`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\n\r\nonce")
      while try await connection.read() != nil {}
    } body: { port in
      let request = ClientRequest(.get, "/", deadlines: Deadlines(idle: .milliseconds(200)))
      let transport = try makeTransport(identity, port: port)
      await #expect(
        throws: TransportError.timedOut(
          .idle, after: .milliseconds(200), host: "127.0.0.1:\(port)")
      ) {
        let stream = try await transport.open(request)
        while try await stream.next() != nil {}
      }
    }
  }
}
