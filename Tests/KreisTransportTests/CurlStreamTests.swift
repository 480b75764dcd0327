// SPDX-License-Identifier: EUPL-1.2

import KreisTransport
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlStreamTests {
  let identity: TestIdentity

  init() throws {
    identity = try TestIdentity()
  }

  @Test func `pieces arrive one by one while the answer goes on`() async throws {
    let (requests, ask) = AsyncStream.makeStream(of: String.self)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\nX-Kind: feed\r\n\r\n")
      for await piece in requests { try await connection.write(piece) }
    } body: { port in
      let stream = try await makeTransport(identity, port: port).open(ClientRequest(.get, "/feed"))
      #expect(stream.status == 200)
      #expect(stream.fields["x-kind"] == "feed")
      for number in 1...50 {
        ask.yield("piece \(number)")
        let piece = try await stream.next()
        #expect(piece.map { String(decoding: $0, as: UTF8.self) } == "piece \(number)")
      }
      ask.finish()
      #expect(try await stream.next() == nil)
      #expect(try await stream.next() == nil)
    }
  }

  @Test func `a reader that pauses stops the sender and loses nothing`() async throws {
    let total = 64 << 20
    let sent = Mutex(0)
    try await withScriptedServer(try identity.configuration()) { connection in
      let request = try await connection.readRequest()
      guard request?.line.contains("/feed") == true else { return try await connection.answer() }
      try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
      for number in 0..<(total >> 16) {
        try await connection.write(
          [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1 << 16))
        sent.withLock { $0 += 1 << 16 }
      }
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      let request = ClientRequest(.get, "/feed", deadlines: Deadlines(idle: .seconds(1)))
      let stream = try await transport.open(request)

      // The sender has come to rest when nothing moved for a while, longer than the idle deadline.
      var before = -1
      while before != sent.withLock({ $0 }) {
        before = sent.withLock { $0 }
        try await Task.sleep(for: .milliseconds(1200))
      }
      #expect(before < total)
      // Others are served meanwhile.
      #expect(try await transport.send(ClientRequest(.get, "/")).status == 200)

      var received = 0
      var isInOrder = true
      while let piece = try await stream.next() {
        isInOrder =
          isInOrder && piece.first == UInt8(truncatingIfNeeded: received >> 16)
        received += piece.count
        isInOrder =
          isInOrder && piece.last == UInt8(truncatingIfNeeded: (received - 1) >> 16)
      }
      #expect(received == total)
      #expect(isInOrder)
    }
  }

  enum Ending: CaseIterable { case cancelled, dropped, taskCancelled, shutDown }

  @Test(arguments: Ending.allCases)
  func `a stream that nobody reads any more ends at the server too`(ending: Ending) async throws {
    let (departures, departed) = AsyncStream.makeStream(of: Void.self)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\n\r\nfirst")
      while try await connection.read() != nil {}
      departed.yield()
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      var stream: StreamingResponse? = try await transport.open(ClientRequest(.get, "/"))
      #expect(try await stream?.next() == Array("first".utf8))
      switch ending {
      case .cancelled:
        stream?.cancel()
        await #expect(throws: TransportError.cancelled) { try await stream?.next() }
      case .dropped:
        stream = nil
      case .taskCancelled:
        let reader = Task { [stream] in try await stream?.next() }
        reader.cancel()
        await #expect(throws: TransportError.cancelled) { try await reader.value }
      case .shutDown:
        let reader = Task { [stream] in try await stream?.next() }
        await transport.shutdown()
        await #expect(throws: TransportError.cancelled) { try await reader.value }
      }
      for await _ in departures { break }
    }
  }

  @Test func `opening can be cancelled before the server answers`() async throws {
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      arrived.yield()
      while try await connection.read() != nil {}
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      let task = Task { _ = try await transport.open(ClientRequest(.get, "/")) }
      for await _ in arrivals { break }
      task.cancel()
      await #expect(throws: TransportError.cancelled) { try await task.value }
    }
  }

  @Test func `what arrived before the connection broke is read before the error`() async throws {
    try await withScriptedServer(try identity.configuration()) { connection in
      _ = try await connection.readRequest()
      try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
    } body: { port in
      let stream = try await makeTransport(identity, port: port).open(ClientRequest(.get, "/"))
      var received: [UInt8] = []
      do {
        while let piece = try await stream.next() { received += piece }
        Issue.record("ended as if complete")
      } catch {
        guard case .connectionLost? = error as? TransportError else {
          Issue.record("got \(error)")
          return
        }
      }
      #expect(received == Array("five!".utf8))
    }
  }

  @Test func `the connection of a stream is not shared with requests`() async throws {
    let connections = Mutex(0)
    try await withScriptedServer(try identity.configuration()) { connection in
      connections.withLock { $0 += 1 }
      while let request = try await connection.readRequest() {
        if request.line.contains("/feed") {
          try await connection.write("HTTP/1.1 200 OK\r\n\r\nfirst")
        } else {
          try await connection.answer()
        }
      }
    } body: { port in
      let transport = try makeTransport(identity, port: port)
      _ = try await transport.send(ClientRequest(.get, "/"))
      let stream = try await transport.open(ClientRequest(.get, "/feed"))
      _ = try await transport.send(ClientRequest(.get, "/"))
      #expect(try await stream.next() == Array("first".utf8))
    }
    #expect(connections.withLock { $0 } == 2)
  }
}
