// SPDX-License-Identifier: EUPL-1.2

import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The open connections and the requests being answered, so that a stop can wait for the second and
/// then end the first.
final class ConnectionRegistry: Sendable {
  private struct State {
    var connections: [ObjectIdentifier: any Channel] = [:]
    var requests = 0
    var isAborted = false
    var waiter: Waiter?

    func isReached(_ goal: Goal) -> Bool {
      switch goal {
      case .noRequests: requests == 0
      case .noConnections: connections.isEmpty
      }
    }
  }

  private enum Goal {
    case noRequests
    case noConnections
  }

  private struct Waiter {
    let goal: Goal
    let reached: AsyncStream<Void>.Continuation
  }

  private let state = Mutex(State())

  func requestBegan() { change { $0.requests += 1 } }

  func requestEnded() { change { $0.requests -= 1 } }

  /// Ends all connections: waits for answers in progress, but not longer than `limit`, takes leave
  /// as TLS has it, and cuts off who does not answer that soon.
  func end(limit: Duration) async {
    await wait(for: .noRequests, limit: limit)
    for channel in state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    await wait(for: .noConnections, limit: .milliseconds(200))
    abortAll()
  }

  /// Cuts off all connections, and those that still come.
  func abortAll() {
    let connections = state.withLock { state in
      state.isAborted = true
      return Array(state.connections.values)
    }
    for channel in connections { ConnectionGuard.abort(channel) }
  }

  private func wait(for goal: Goal, limit: Duration) async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    change { $0.waiter = Waiter(goal: goal, reached: continuation) }
    let timer = Task {
      try? await Task.sleep(for: limit)
      continuation.finish()
    }
    for await _ in stream {}
    timer.cancel()
  }

  private func change(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      if let waiter = state.waiter, state.isReached(waiter.goal) { waiter.reached.finish() }
    }
  }

  fileprivate func opened(_ channel: any Channel) {
    change { $0.connections[ObjectIdentifier(channel)] = channel }
    if state.withLock({ $0.isAborted }) { ConnectionGuard.abort(channel) }
  }

  fileprivate func closed(_ channel: any Channel) {
    change { $0.connections[ObjectIdentifier(channel)] = nil }
  }
}

/// A channel set-up that also registers the connection and bounds the time of the TLS handshake and
/// of silence.
///
/// Silence is neither a byte received nor one that the other side took. Above TLS a connection can
/// be silent in ways that HTTP does not notice: an HTTP/2 client that answers no ping, a follower
/// that stopped reading.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let registry: ConnectionRegistry
  let handshakeTimeout: TimeAmount
  let silenceTimeout: TimeAmount

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    let registry = registry
    let (handshakeTimeout, silenceTimeout) = (handshakeTimeout, silenceTimeout)
    return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      try KeepAlive.set(on: channel)
      let pipeline = channel.pipeline.syncOperations
      let timeout = channel.eventLoop.scheduleTask(in: handshakeTimeout) {
        ConnectionGuard.abort(channel)
      }
      try pipeline.addHandler(ConnectionGuard(registry: registry), position: .first)
      try pipeline.addHandler(IdleStateHandler(allTimeout: silenceTimeout), position: .first)
      let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
      try pipeline.addHandler(HandshakeObserver(timeout: timeout), position: .after(tls))
      try pipeline.addHandler(ClosedStreamResets(), position: .after(tls))
      return value
    }
  }

  func handle(value: Base.Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}

/// Lets the kernel notice within a minute that the other side is gone without a word: an instance of
/// a member counts as alive while its answer is open.
private enum KeepAlive {
  /// Seconds of silence before the first probe, between probes, and how many may be lost.
  private static let probes: (idle: Int, interval: Int, count: Int) = (20, 10, 3)
  /// Milliseconds for which what was sent may stay without an answer.
  private static let unanswered: Int = 40_000

  static func set(on channel: any Channel) throws {
    guard let options = channel.syncOptions else { return }
    try options.setOption(.socketOption(.so_keepalive), value: 1)
    try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: probes.idle)
    try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: probes.interval)
    try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: probes.count)
    try options.setOption(
      .tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: unanswered)
  }
}

/// Stands between the socket and TLS.
private final class ConnectionGuard: ChannelInboundHandler {
  typealias InboundIn = NIOAny

  private let registry: ConnectionRegistry

  init(registry: ConnectionRegistry) { self.registry = registry }

  func handlerAdded(context: ChannelHandlerContext) { registry.opened(context.channel) }

  func handlerRemoved(context: ChannelHandlerContext) { registry.closed(context.channel) }

  /// Who ended its half of the connection is gone: HTTP clients do not listen on after that. A feed's
  /// follower is noticed at once this way.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed, IdleStateHandler.IdleStateEvent.all: context.close(promise: nil)
    // The stop of the server is `ConnectionRegistry.end`: HTTP/2 would close as soon as the last
    // answer is written, and may lose its end.
    case is ChannelShouldQuiesceEvent: break
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// Closes the socket below TLS, whose closing would wait for the other side to agree.
  static func abort(_ channel: any Channel) {
    channel.eventLoop.execute {
      let pipeline = channel.pipeline.syncOperations
      guard let context = try? pipeline.context(handlerType: ConnectionGuard.self) else { return }
      context.close(promise: nil)
    }
  }
}

/// Stops the clock once the handshake is done.
private final class HandshakeObserver: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let timeout: Scheduled<Void>

  init(timeout: Scheduled<Void>) { self.timeout = timeout }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    context.fireUserInboundEventTriggered(event)
    guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
    timeout.cancel()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timeout.cancel()
    context.fireChannelInactive()
  }
}
