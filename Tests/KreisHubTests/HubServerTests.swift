// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import KreisTransport
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct HubServerTests {
    /// Answers with what the request was.
    private static let echo: HubServer.Handler = { request in
      let body = try await request.body(upTo: 1_000)
      let text = "\(request.method) \(request.path)|\(request.query)|\(body.count)"
      return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    @Test func `Method, path, query and content arrive as they were sent, and Date comes back`()
      async throws
    {
      try await RunningServer.with(handler: Self.echo) { server in
        let get = try await server.client.send(ClientRequest(.get, "/a%20b/../c?x=%2C&y=a,b:c"))
        #expect(String(decoding: get.body, as: UTF8.self) == "GET /a%20b/../c|x=%2C&y=a,b:c|0")
        let date = try #require(get.fields["date"])
        #expect(date.hasSuffix(" GMT") && date.utf8.count == 29)
        let post = try await server.client.send(
          ClientRequest(.post, "/", body: Array(repeating: 1, count: 1_000)))
        #expect(String(decoding: post.body, as: UTF8.self) == "POST /||1000")
      }
    }

    @Test func `Content over the limit is a problem that says so, and the connection goes on`()
      async throws
    {
      try await RunningServer.with(handler: Self.echo) { server in
        for size in [1_001, 3_000_000] {
          let answer = try await server.client.send(
            ClientRequest(.post, "/", body: Array(repeating: 1, count: size)))
          #expect(answer.status == 413)
          #expect(answer.fields["content-type"] == "application/problem+json")
          let text = String(decoding: answer.body, as: UTF8.self)
          #expect(text.contains("\"type\":\"urn:kreisnetz:problem:too-large\""))
          #expect(text.contains("\"status\":413"))
          #expect(try await server.client.send(ClientRequest(.get, "/")).status == 200)
        }
      }
    }

    @Test func `Content that no route reads does not disturb the next request`() async throws {
      let handler: HubServer.Handler = { _ in throw Problem.notFound }
      try await RunningServer.with(handler: handler) { server in
        for _ in 0..<3 {
          let answer = try await server.client.send(
            ClientRequest(.post, "/x", body: Array(repeating: 1, count: 200_000)))
          #expect(answer.status == 404)
        }
      }
    }

    @Test func `Header fields over the limit are refused`() async throws {
      try await RunningServer.with(handler: Self.echo) { server in
        let request = ClientRequest(
          .get, "/", fields: ["x-large": String(repeating: "x", count: 40_000)])
        let answer = try? await server.client.send(request)
        #expect(answer == nil || [400, 431].contains(answer?.status))
        let next = try await server.client.send(ClientRequest(.get, "/"))
        #expect(next.status == 200)
      }
    }

    @Test func `TLS 1.2 is refused, 1.3 agreed with HTTP/2 or HTTP/1.1`() async throws {
      try await RunningServer.with(handler: Self.echo) { server in
        for protocols in [["h2"], ["http/1.1"], []] {
          let agreed = try await TLSProbe.handshake(server.port, protocols, maximum: .tlsv13)
          #expect(agreed == protocols.first)
        }
        await #expect(throws: (any Error).self) {
          try await TLSProbe.handshake(server.port, ["h2"], maximum: .tlsv12)
        }
      }
    }

    @Test func `A connection without a handshake is closed in time`() async throws {
      try await RunningServer.with(
        .testing { $0.handshakeTimeout = .milliseconds(50) }, handler: Self.echo
      ) { server in
        let silent = try await TLSProbe.connect(server.port)
        try await silent.closeFuture.get()
      }
    }

    @Test func `A connection without a request is closed in time`() async throws {
      try await RunningServer.with(
        .testing { $0.idleTimeout = .milliseconds(50) }, handler: Self.echo
      ) { server in
        for protocols in [["h2"], ["http/1.1"]] {
          let idle = try await TLSProbe.connected(server.port, protocols)
          try await idle.closeFuture.get()
        }
      }
    }

    @Test func `A request that takes too long is dropped`() async throws {
      let handler: HubServer.Handler = { request in
        try await request.channel.closeFuture.get()
        throw RequestAborted()
      }
      try await RunningServer.with(
        .testing { $0.requestTimeout = .milliseconds(50) }, handler: handler
      ) { server in
        await #expect(throws: TransportError.self) {
          try await server.client.send(ClientRequest(.get, "/"))
        }
      }
    }

    @Test func `No more connections than the limit are served`() async throws {
      try await RunningServer.with(.testing { $0.maximumConnections = 2 }, handler: Self.echo) {
        server in
        let one = try await TLSProbe.connected(server.port, ["http/1.1"])
        let two = try await TLSProbe.connected(server.port, ["http/1.1"])
        var request = ClientRequest(.get, "/")
        request.deadlines.connect = .milliseconds(300)
        let refused = request
        await #expect(throws: TransportError.self) { try await server.client.send(refused) }
        try await TLSProbe.cut(one)
        try await TLSProbe.cut(two)
        #expect(try await server.client.send(ClientRequest(.get, "/")).status == 200)
      }
    }

    @Test func `A stop lets answers finish and does not wait for idle connections`() async throws {
      let (started, begin) = AsyncStream<Void>.makeStream()
      let (released, release) = AsyncStream<Void>.makeStream()
      let handler: HubServer.Handler = { _ in
        begin.yield()
        for await _ in released { break }
        return Response(status: .ok)
      }
      try await RunningServer.with(handler: handler) { server in
        let silent = try await TLSProbe.connect(server.port)
        let idle = try await TLSProbe.connected(server.port, ["h2"])
        async let answer = server.client.send(ClientRequest(.get, "/"))
        for await _ in started { break }
        async let stopped = server.stop()
        release.yield()
        #expect(try await answer.status == 200)
        #expect(try await stopped < .seconds(3))
        try await silent.closeFuture.get()
        try await idle.closeFuture.get()
      }
    }

    @Test func `A stop does not wait longer than it may for an answer that never comes`()
      async throws
    {
      let (started, begin) = AsyncStream<Void>.makeStream()
      let handler: HubServer.Handler = { request in
        begin.yield()
        try await request.channel.closeFuture.get()
        throw RequestAborted()
      }
      try await RunningServer.with(
        .testing { $0.stopTimeout = .milliseconds(100) }, handler: handler
      ) { server in
        let answer = Task { try await server.client.send(ClientRequest(.get, "/")) }
        for await _ in started { break }
        let took = try await server.stop()
        #expect(took < .seconds(2))
        await #expect(throws: TransportError.self) { try await answer.value }
      }
    }

    @Test func `A port that is taken is an error at the start`() async throws {
      try await RunningServer.with(handler: Self.echo) { server in
        await #expect(throws: (any Error).self) {
          try await RunningServer.with(.testing { $0.port = server.port }, handler: Self.echo) {
            _ in
          }
        }
      }
    }

    @Test func `Dates are written as HTTP has them`() {
      #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
      #expect(HTTPDate.text(1_772_323_199) == "Sat, 28 Feb 2026 23:59:59 GMT")
    }
  }
}

/// Connections that do what a well-behaved client would not.
enum TLSProbe {
  /// A TCP connection that says nothing.
  static func connect(_ port: Int) async throws -> any Channel {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port).get()
  }

  /// A TLS connection that says nothing more.
  static func connected(_ port: Int, _ protocols: [String]) async throws -> any Channel {
    try await open(port, protocols, .tlsv13).channel
  }

  /// The protocol that a handshake agreed on.
  static func handshake(
    _ port: Int, _ protocols: [String], maximum: TLSVersion
  ) async throws -> String? {
    let (channel, agreed) = try await open(port, protocols, maximum)
    try await cut(channel)
    return agreed
  }

  /// Closes the socket without the farewell of TLS, for which both sides would wait.
  static func cut(_ channel: any Channel) async throws {
    try await channel.eventLoop.flatSubmit {
      let done = channel.eventLoop.makePromise(of: Void.self)
      do {
        try channel.pipeline.syncOperations.context(handlerType: Socket.self).close(promise: done)
      } catch { done.fail(error) }
      return done.futureResult
    }.get()
  }

  private static func open(
    _ port: Int, _ protocols: [String], _ maximum: TLSVersion
  ) async throws -> (channel: any Channel, agreed: String?) {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.applicationProtocols = protocols
    configuration.maximumTLSVersion = maximum
    let context = try NIOSSLContext(configuration: configuration)
    let done = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: String?.self)
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(Socket())
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
            try pipeline.addHandler(HandshakeWaiter(done))
          }
        }.connect(host: "127.0.0.1", port: port).get()
      return (channel, try await done.futureResult.get())
    } catch {
      done.fail(error)
      throw error
    }
  }
}

/// The place below TLS.
private final class Socket: ChannelInboundHandler {
  typealias InboundIn = NIOAny
}

private final class HandshakeWaiter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let done: EventLoopPromise<String?>

  init(_ done: EventLoopPromise<String?>) { self.done = done }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let agreed)? = event as? TLSUserEvent { done.succeed(agreed) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    done.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { done.fail(ChannelError.eof) }
}
