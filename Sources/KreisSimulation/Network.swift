// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// The way between towns and hub, with everything that goes wrong on it.
final class Network {
  private let world: World
  /// Its streams hold connections, and those this.
  private unowned let hub: HubNode
  /// Towns that are shown another history.
  private var routes: [Int: HubNode] = [:]
  /// By town, until when it is cut off.
  private var cutUntil: [Int: UInt64] = [:]

  init(_ world: World, _ hub: HubNode) {
    self.world = world
    self.hub = hub
  }

  /// The hub that answers a town.
  func hub(for town: Int) -> HubNode { routes[town] ?? hub }

  func route(_ town: Int, to hub: HubNode) { routes[town] = hub === self.hub ? nil : hub }

  /// The hub's time, as its answers show it.
  var hubSeconds: UInt64 { hub.clock }

  func cut(_ town: Int, until end: UInt64) { cutUntil[town] = end }

  func isCut(_ town: Int) -> Bool { world.plan.isActive && world.now < cutUntil[town] ?? 0 }

  /// Milliseconds that a message takes.
  func latency() -> UInt64 {
    if world.strikes(.delay) { return UInt64(world.random.within(500...90_000)) }
    return UInt64(world.random.within(5...80))
  }

  /// Milliseconds until somebody notices that nothing comes.
  private static let silence: UInt64 = 30_000

  // MARK: - Requests

  func send(_ request: Request, from town: Int, _ then: @escaping (Answer) throws -> Void) {
    if isCut(town) || world.strikes(.drop) {
      world.plan(after: Self.silence) { try then(.failed("no answer in time")) }
      return
    }
    var request = request
    if world.strikes(.truncate) {
      request.body = Array(request.body.prefix(world.random.below(request.body.count)))
    }
    if world.strikes(.duplicate) {
      let copy = request
      world.plan(after: latency()) { [self] in _ = try hub(for: town).answer(copy) }
    }
    world.plan(after: latency()) { [self] in try arrive(request, from: town, then) }
  }

  private func arrive(
    _ request: Request, from town: Int, _ then: @escaping (Answer) throws -> Void
  ) throws {
    guard let response = try hub(for: town).answer(request) else {
      world.plan(after: latency()) { try then(.failed("the connection was closed")) }
      return
    }
    if isCut(town) || world.strikes(.drop) {
      world.plan(after: Self.silence) { try then(.failed("no answer in time")) }
      return
    }
    var answer = Answer.response(response)
    if world.strikes(.truncate) {
      if world.random.chance(50) {
        answer = .failed("the connection was closed")
      } else {
        var short = response
        short.body = Array(response.body.prefix(world.random.below(response.body.count)))
        answer = .response(short)
      }
    }
    world.plan(after: latency()) { try then(answer) }
  }

  // MARK: - Streams

  /// Opens the feed; what comes of it, the connection tells.
  func open(_ request: Request, from town: Int, _ listener: Connection.Listener) -> Connection {
    let connection = Connection(self, world, town: town, listener)
    if isCut(town) || world.strikes(.drop) {
      world.plan(after: Self.silence) { try connection.fail("no answer in time") }
      return connection
    }
    if world.strikes(.buffer) { connection.isBuffered = true }
    world.plan(after: latency()) { [self] in try hub(for: town).open(request, connection) }
    return connection
  }
}

/// One answer that goes on: pieces in their order, until one of the ends is gone.
final class Connection {
  struct Listener {
    /// The hub says no.
    let onRefusal: (Response) throws -> Void
    let onPiece: ([UInt8]) throws -> Void
    /// `nil`: in good order; else what broke it.
    let onEnd: (String?) throws -> Void
  }

  let town: Int
  /// Something on the way gives out what it has when it has all.
  var isBuffered = false
  private var isSilent = false
  /// Pieces under way: the receiver reads on when it has merged.
  private(set) var underWay = 0
  /// Whether the hub may still write.
  private(set) var isOpenAtHub = true
  private(set) var isOpenAtTown = true
  private var lastArrival: UInt64 = 0
  private var held: [UInt8] = []
  private let network: Network
  private let world: World
  private let listener: Listener
  /// Called when the receiver has taken a piece.
  var onDrained: (() throws -> Void)?
  /// Called when the hub hears that nobody listens.
  var onGone: (() -> Void)?

  init(_ network: Network, _ world: World, town: Int, _ listener: Listener) {
    self.network = network
    self.world = world
    self.town = town
    self.listener = listener
  }

  /// Milliseconds until an end notices that the other is gone without a word.
  private static let notice: UInt64 = 90_000

  // MARK: - The hub's end

  func refuse(_ response: Response) {
    isOpenAtHub = false
    arrive { [self] in
      isOpenAtTown = false
      try listener.onRefusal(response)
    }
  }

  func send(_ bytes: [UInt8]) {
    guard isOpenAtHub else { return }
    if !isSilent, world.strikes(.halfOpen) || network.isCut(town) {
      isSilent = true
      world.note("town\(town) its stream falls silent")
      world.plan(after: Self.notice) { [self] in leave() }
    }
    if isSilent { return }
    if isBuffered {
      held += bytes
      return
    }
    if world.strikes(.truncate) {
      deliver(Array(bytes.prefix(world.random.below(bytes.count))))
      abort()
      return
    }
    let middle = world.random.below(bytes.count)
    deliver(Array(bytes[..<middle]))
    deliver(Array(bytes[middle...]))
  }

  private func deliver(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    underWay += 1
    arrive { [self] in
      underWay -= 1
      if isOpenAtTown { try listener.onPiece(bytes) }
      try onDrained?()
    }
  }

  /// Ends the answer in good order.
  func finish() {
    guard isOpenAtHub else { return }
    isOpenAtHub = false
    if isSilent { return }
    deliver(held)
    arrive { [self] in try end(nil) }
  }

  /// The hub is gone.
  func abort() {
    guard isOpenAtHub else { return }
    isOpenAtHub = false
    if isSilent { return }
    arrive { [self] in try end("the connection was closed") }
  }

  private func arrive(_ action: @escaping () throws -> Void) {
    lastArrival = max(lastArrival, world.now + network.latency())
    world.plan(after: lastArrival - world.now, action)
  }

  // MARK: - The town's end

  func fail(_ reason: String) throws { try end(reason) }

  private func end(_ reason: String?) throws {
    guard isOpenAtTown else { return }
    isOpenAtTown = false
    try listener.onEnd(reason)
  }

  /// The town does not listen any more. The hub hears of it, sooner or later.
  func cancel() {
    guard isOpenAtTown else { return }
    isOpenAtTown = false
    let delay = isSilent || network.isCut(town) ? Self.notice : network.latency()
    world.plan(after: delay) { [self] in leave() }
  }

  private func leave() {
    guard isOpenAtHub else { return }
    isOpenAtHub = false
    onGone?()
  }
}
