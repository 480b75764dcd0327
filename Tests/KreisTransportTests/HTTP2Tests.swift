// SPDX-License-Identifier: EUPL-1.2

import Hummingbird
import HummingbirdHTTP2
import KreisTransport
import Logging
import NIOCore
import Synchronization
import Testing

/// Knows which HTTP version and which connection a request came by.
private struct VersionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let version: String
  let connection: ObjectIdentifier

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    // The channel of an HTTP/2 request lies within its connection's, which has the listening one
    // as parent.
    let channel = source.channel
    if let parent = channel.parent, parent.parent != nil {
      version = "2"
      connection = ObjectIdentifier(parent)
    } else {
      version = "1.1"
      connection = ObjectIdentifier(channel)
    }
  }
}

/// A server of the kind the hub runs; answers with what it got.
private final class EchoServer: Sendable {
  let connections = Mutex<Set<ObjectIdentifier>>([])

  func run<Result: Sendable>(
    _ identity: TestIdentity, _ body: (Int) async throws -> Result
  ) async throws -> Result {
    let router = Router(context: VersionContext.self)
    router.post("/echo") { request, context in
      self.connections.withLock { _ = $0.insert(context.connection) }
      let content = try await request.body.collect(upTo: 16 << 20)
      return Response(
        status: .ok, headers: [.init("X-Version")!: context.version],
        body: ResponseBody(byteBuffer: content))
    }
    router.get("/endless") { _, context in
      Response(
        status: .ok, headers: [.init("X-Version")!: context.version],
        body: ResponseBody { writer in
          while true { try await writer.write(ByteBuffer(repeating: 1, count: 1 << 16)) }
        })
    }
    var tls = try identity.configuration()
    tls.applicationProtocols = ["h2", "http/1.1"]
    let (ports, running) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let application = Application(
      router: router, server: try .http2Upgrade(tlsConfiguration: tls),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in running.yield(channel.localAddress?.port ?? 0) },
      logger: logger)
    let serving = Task { try await application.run() }
    defer { serving.cancel() }
    for await port in ports { return try await body(port) }
    throw CancellationError()
  }
}

@Suite(.timeLimit(.minutes(1))) struct HTTP2Tests {
  @Test func `requests use HTTP/2 where the hub offers it and share one connection`() async throws {
    let identity = try TestIdentity()
    let server = EchoServer()
    try await server.run(identity) { port in
      let transport = try makeTransport(identity, port: port)
      let first = try await transport.send(ClientRequest(.post, "/echo", body: [1, 2]))
      #expect(first.fields["x-version"] == "2")
      #expect(first.body == [1, 2])
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<80 {
          group.addTask {
            let content = [UInt8](repeating: UInt8(number), count: number * 100)
            let response = try await transport.send(
              ClientRequest(.post, "/echo", body: content))
            #expect(response.body == content)
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(server.connections.withLock { $0.count } == 1)
  }

  @Test func `large bodies go in both directions at once`() async throws {
    let identity = try TestIdentity()
    try await EchoServer().run(identity) { port in
      let transport = try makeTransport(identity, port: port)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...6 {
          group.addTask {
            let content = [UInt8](repeating: UInt8(number), count: 4 << 20)
            let response = try await transport.send(
              ClientRequest(.post, "/echo", body: content))
            #expect(response.body == content)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `a stream that nobody reads holds up no request`() async throws {
    let identity = try TestIdentity()
    try await EchoServer().run(identity) { port in
      let transport = try makeTransport(identity, port: port)
      let stream = try await transport.open(ClientRequest(.get, "/endless"))
      #expect(stream.fields["x-version"] == "1.1")
      for _ in 1...50 {
        let response = try await transport.send(ClientRequest(.post, "/echo", body: [7]))
        #expect(response.body == [7])
      }
      #expect(try await stream.next()?.allSatisfy { $0 == 1 } == true)
    }
  }

  @Test func `an opened answer that ends by itself needs no connection of its own`() async throws {
    let identity = try TestIdentity()
    let server = EchoServer()
    try await server.run(identity) { port in
      let transport = try makeTransport(identity, port: port)
      let content = [UInt8](repeating: 9, count: 3 << 20)
      for _ in 1...3 {
        var request = ClientRequest(.post, "/echo", body: content)
        request.isFinite = true
        let response = try await transport.open(request)
        #expect(response.fields["x-version"] == "2")
        // One that nobody reads holds up no other request on the connection.
        #expect(try await transport.send(ClientRequest(.post, "/echo", body: [7])).body == [7])
        var bytes: [UInt8] = []
        while let piece = try await response.next() { bytes += piece }
        #expect(bytes == content)
        // One that is given up ends nothing but itself.
        try await transport.open(request).cancel()
      }
    }
    #expect(server.connections.withLock { $0.count } == 1)
  }

  @Test func `streams and requests that begin together do not mix`() async throws {
    let identity = try TestIdentity()
    try await EchoServer().run(identity) { port in
      let transport = try makeTransport(identity, port: port)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 1...60 {
          group.addTask {
            if number.isMultiple(of: 4) {
              let stream = try await transport.open(ClientRequest(.get, "/endless"))
              #expect(try await stream.next()?.allSatisfy { $0 == 1 } == true)
            } else {
              let content = [UInt8](repeating: UInt8(number), count: number)
              let response = try await transport.send(
                ClientRequest(.post, "/echo", body: content))
              #expect(response.body == content)
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
