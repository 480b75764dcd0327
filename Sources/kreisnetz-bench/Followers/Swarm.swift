// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Many followers of one hub, and what becomes of them.
final class Swarm: Sendable {
  /// What happened, counted.
  struct Tally {
    private(set) var connected = 0
    /// When the last one got its first chunk.
    private(set) var lastConnected = 0.0
    /// Since `forgetNews`: how many got a chunk with something in it, and when the last one did.
    private(set) var informed = 0
    private(set) var lastInformed = 0.0
    private(set) var attempts = 0
    /// Attempts that ended before a chunk came.
    private(set) var failures = 0
    private var attemptsBySecond: [Int: Int] = [:]

    /// In the second with the most.
    var mostAttemptsInASecond: Int { attemptsBySecond.values.max() ?? 0 }

    mutating func noteAttempt() {
      attempts += 1
      attemptsBySecond[Int(monotonicSeconds()), default: 0] += 1
    }

    mutating func noteConnected() {
      connected += 1
      lastConnected = monotonicSeconds()
    }

    mutating func noteNews() {
      informed += 1
      lastInformed = monotonicSeconds()
    }

    mutating func noteEnd(wasConnected: Bool) {
      if wasConnected { connected -= 1 } else { failures += 1 }
    }

    mutating func forgetNews() { informed = 0 }

    mutating func forgetAttempts() {
      attempts = 0
      failures = 0
      attemptsBySecond = [:]
    }
  }

  let realm: RealmID
  let port: Int
  let tls: NIOSSLContext
  let loops: MultiThreadedEventLoopGroup
  private let state = Mutex((tally: Tally(), isEnding: false))

  /// - Throws: what the TLS library says.
  init(realm: RealmID, port: Int) throws {
    self.realm = realm
    self.port = port
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = ["http/1.1"]
    // Towns pin the hub's key. What a client checks costs the hub nothing.
    configuration.certificateVerification = .none
    tls = try NIOSSLContext(configuration: configuration)
    loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  }

  var tally: Tally { state.withLock { $0.tally } }
  var isEnding: Bool { state.withLock { $0.isEnding } }

  func note(_ change: (inout Tally) -> Void) { state.withLock { change(&$0.tally) } }

  /// The hub runs on this machine.
  func hubTime() -> UInt64 { UInt64(Date().timeIntervalSince1970) }

  /// Ends all connections for good.
  ///
  /// - Throws: what the event loops throw.
  func end() throws {
    state.withLock { $0.isEnding = true }
    try loops.syncShutdownGracefully()
  }
}
