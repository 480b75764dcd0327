// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisTransport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SwiftProtobuf

/// One town that follows the hub and stores nothing: the requests, signatures and pauses are those of
/// a daemon, whose state machine (`TownSession`) decides when it asks.
///
/// It sends no statements. Touched on its event loop alone, which is why it may be shared.
final class Follower: @unchecked Sendable {
  /// What the hub knows it by.
  struct Credentials: Sendable {
    let member: MemberID
    let key: SigningKey
    /// Which start of the daemon asks.
    let instance: UInt64
    /// The address that it connects from.
    let source: String
  }

  private let loop: any EventLoop
  private let swarm: Swarm
  private let credentials: Credentials
  private var session = TownSession()
  private var after: [Scope: FeedPosition]
  private var isConnected = false

  init(_ swarm: Swarm, _ credentials: Credentials, after: [Scope: FeedPosition]) {
    self.swarm = swarm
    self.credentials = credentials
    self.after = after
    loop = swarm.loops.next()
  }

  /// Begins as a daemon does.
  func start() {
    loop.execute { [self] in
      handle(.started(unsent: [], generation: 1, isRecovering: false))
    }
  }

  private func handle(_ event: TownSession.Event) {
    for action in session.handle(event, random: .random(in: 0 ... .max)) {
      switch action {
      case .follow: connect()
      case .setTimer(.reconnect, let milliseconds):
        loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { [self] in
          handle(.timer(.reconnect))
        }
      case .relay: handle(.relayed(done: true, unsent: []))
      default: break
      }
    }
  }

  private func connect() {
    guard !swarm.isEnding else { return }
    swarm.note { $0.noteAttempt() }
    do {
      let source = try SocketAddress(ipAddress: credentials.source, port: 0)
      ClientBootstrap(group: loop).bind(to: source).connectTimeout(.seconds(30))
        .channelInitializer { [self] channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(
              NIOSSLClientHandler(context: swarm.tls, serverHostname: nil))
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(FollowerHandler(self))
          }
        }
        .connect(host: "127.0.0.1", port: swarm.port)
        .whenFailure { [self] error in
          ended(.unavailable(reason: "\(error)", retryAfterSeconds: nil))
        }
    } catch { ended(.unavailable(reason: "\(error)", retryAfterSeconds: nil)) }
  }

  /// The signed request for the feed from where this follower is.
  ///
  /// - Throws: `MalformedBytes`.
  func request() throws -> HTTPRequestHead {
    let query = FeedQuery(after: after, follow: .stream).text
    let signed = try RequestSignature.sign(
      method: "GET", path: "/v1/feed", query: query, body: [], realm: swarm.realm,
      member: credentials.member, generation: 1, key: credentials.key, created: swarm.hubTime(),
      nonce: (.random(in: 0 ... .max), .random(in: 0 ... .max)))
    let instance = String(credentials.instance, radix: 16)
    var headers: HTTPHeaders = [
      "Host": "127.0.0.1:\(swarm.port)", "Accept": MediaType.frames,
      "Kreisnetz-Instance": String(repeating: "0", count: 16 - instance.count) + instance,
    ]
    for field in signed { headers.add(name: field.name, value: field.value) }
    return HTTPRequestHead(
      version: .http1_1, method: .GET, uri: "/v1/feed?" + query, headers: headers)
  }

  /// - Throws: what a chunk throws that cannot be read.
  func took(_ frame: [UInt8]) throws {
    let chunk = try WireFeedChunk(serializedBytes: frame)
    for wire in chunk.heads {
      let head = try FeedHead(wire)
      after[head.scope] = head.at
    }
    let isFirst = !isConnected
    isConnected = true
    swarm.note { tally in
      if isFirst { tally.noteConnected() }
      if !chunk.items.isEmpty { tally.noteNews() }
    }
    handle(.merged(complete: chunk.complete, news: !chunk.items.isEmpty))
  }

  func ended(_ end: TownSession.StreamEnd) {
    let was = isConnected
    isConnected = false
    swarm.note { $0.noteEnd(wasConnected: was) }
    if !swarm.isEnding { handle(.streamEnded(end)) }
  }
}

/// One connection of a follower.
private final class FollowerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let follower: Follower
  private var decoder = FrameDecoder()
  private var status = 0
  private var retryAfter: UInt64?
  private var isFinished = false
  private var failure = "the connection ended"

  init(_ follower: Follower) { self.follower = follower }

  func channelActive(context: ChannelHandlerContext) {
    do {
      context.write(wrapOutboundOut(.head(try follower.request())), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    } catch { errorCaught(context: context, error: error) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      status = Int(head.status.code)
      retryAfter = head.headers.first(name: "Retry-After").flatMap { UInt64($0) }
    case .body(let bytes):
      guard status == 200 else { return }
      decoder.append(bytes.readableBytesView)
      do { while let frame = try decoder.next() { try follower.took(frame) } } catch {
        errorCaught(context: context, error: error)
      }
    case .end:
      isFinished = true
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    failure = "\(error)"
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    let isGood = status == 200 && isFinished
    follower.ended(
      isGood
        ? .finished
        : .unavailable(
          reason: status == 0 ? failure : "status \(status)", retryAfterSeconds: retryAfter))
  }
}
