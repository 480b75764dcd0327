// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisCore
import NIOCore
import Synchronization

/// Keeps two daemons with one key apart (`InstanceLeases`).
final class Instances: Sendable {
  /// The field with which a daemon names its start: 16 hexadecimal digits.
  static let field = "Kreisnetz-Instance"

  private let leases = Mutex(InstanceLeases())
  private let start = ContinuousClock.now

  private var now: UInt64 { UInt64((ContinuousClock.now - start).components.seconds) }

  /// - Throws: `Problem` if another instance of the member is alive.
  func check(_ request: HubRequest, of caller: Caller) throws(Problem) {
    let now = now
    let isAdmitted = leases.withLock {
      $0.admits(Self.instance(of: request), of: caller.member, caller.generation, at: now)
    }
    guard isAdmitted else { throw Self.refusal(caller) }
  }

  /// Holds the place of the request's instance while its answer is open.
  ///
  /// - Parameter isPolling: the instance will ask again soon.
  /// - Throws: `Problem` if another instance of the member is alive.
  func lease(
    _ request: HubRequest, of caller: Caller, isPolling: Bool
  ) throws(Problem) -> Lease? {
    guard let instance = Self.instance(of: request) else { return nil }
    let now = now
    let isOpen = leases.withLock {
      $0.open(instance, of: caller.member, caller.generation, at: now)
    }
    guard isOpen else { throw Self.refusal(caller) }
    let lease = Lease(self, instance, caller.member, isPolling)
    // A stream waits for news: that its reader is gone shows at the connection first.
    request.channel.closeFuture.whenComplete { [weak lease] _ in lease?.end() }
    return lease
  }

  /// Ends with its connection, or its last reference.
  final class Lease: Sendable {
    private let instances: Instances
    private let instance: UInt64
    private let member: MemberID
    private let isPolling: Bool
    private let isOver = Mutex(false)

    fileprivate init(
      _ instances: Instances, _ instance: UInt64, _ member: MemberID, _ isPolling: Bool
    ) {
      self.instances = instances
      self.instance = instance
      self.member = member
      self.isPolling = isPolling
    }

    deinit { end() }

    fileprivate func end() {
      let wasOver = isOver.withLock { isOver in
        defer { isOver = true }
        return isOver
      }
      guard !wasOver else { return }
      let now = instances.now
      instances.leases.withLock {
        $0.close(instance, of: member, isPolling: isPolling, at: now)
      }
    }
  }

  private static func instance(of request: HubRequest) -> UInt64? {
    request.field(field).flatMap { $0.utf8.count == 16 ? UInt64($0, radix: 16) : nil }
  }

  private static func refusal(_ caller: Caller) -> Problem {
    Problem(
      .conflict, "other-instance", "Another instance of the member is connected",
      "Another instance of the member \(caller.member) is connected to the hub with the same key, so "
        + "one of the two is a copy; only one may run. If this one is to go on, stop the other, on the "
        + "machine where it runs: this one then goes on by itself, in its next key generation. If the "
        + "other is to go on, stop this one and keep its directory: what only this one holds is not lost"
        + ", and is issued again whenever it runs without the other.")
  }
}
