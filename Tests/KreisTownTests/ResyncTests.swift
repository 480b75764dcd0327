// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisStore
import KreisTransport
import Synchronization
import Testing

@testable import KreisTown

/// Comparing with a real hub over TLS on 127.0.0.1.
///
/// `KREISNETZ_TEST_RECORDS` sets how many records the replicas hold.
@Suite(.timeLimit(.minutes(10))) struct ResyncTests {
  /// Counts what goes over the wire inside TLS, as HTTP/1.1 writes it.
  private final class CountingTransport: Transport {
    let base: CurlTransport
    let bytes = Mutex(0)
    let requests = Mutex(0)

    init(_ base: CurlTransport) { self.base = base }

    private func count(_ amount: Int) { bytes.withLock { $0 += amount } }

    private func count(_ fields: HeaderFields) {
      count(fields.all.reduce(2) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 })
    }

    private func count(_ request: ClientRequest) {
      requests.withLock { $0 += 1 }
      count(request.method.rawValue.utf8.count + request.path.utf8.count + 12)
      count(request.fields)
      count(request.body.count)
    }

    func send(_ request: ClientRequest) async throws(TransportError) -> ClientResponse {
      count(request)
      let response = try await base.send(request)
      count(response.fields)
      count(15 + response.body.count)
      return response
    }

    func open(_ request: ClientRequest) async throws(TransportError) -> StreamingResponse {
      count(request)
      let response = try await base.open(request)
      count(response.fields)
      count(15)
      return StreamingResponse(
        status: response.status, fields: response.fields,
        next: { [self] () async throws(TransportError) -> [UInt8]? in
          let piece = try await response.next()
          count(piece?.count ?? 0)
          return piece
        }, cancel: { response.cancel() })
    }
  }

  @Test func `Equal replicas prove it with less than two kilobytes, whatever they hold`()
    async throws
  {
    try await withHub { hub in
      let records =
        ProcessInfo.processInfo.environment["KREISNETZ_TEST_RECORDS"].flatMap { Int($0) } ?? 500
      let kind = try Schema.directory.kind(named: "organization")
      let name = try kind.field(named: "name")
      try await hub.store.write { transaction in
        for index in 0..<records {
          try transaction.create(kind, [Edit(name, .value("Haus \(index)"))], Occasion(at: now()))
        }
      }
      let invite = try hub.invite("a-stadt")
      let town = try await TestTown(invite)
      let transport = CountingTransport(try TestTown.transport(invite))
      let client = HubClient(
        store: town.store, transport: transport, time: HubTime { now() }, random: random)
      let resync = Resync(client: client, store: town.store, progress: { _ in })
      _ = try await resync.run()
      transport.bytes.withLock { $0 = 0 }
      transport.requests.withLock { $0 = 0 }
      let start = ContinuousClock.now
      let report = try await resync.compare()
      let bytes = transport.bytes.withLock { $0 }
      #expect(report.isEqual, "\(report.left) \(report.verification.differences)")
      #expect(report.verification.recordsFolded == records)
      #expect(bytes < 2_048)
      print(
        "\(records) records equal: \(bytes) bytes in \(transport.requests.withLock { $0 }) "
          + "requests, \(ContinuousClock.now - start)")
    }
  }

  @Test func `Where two feeds part is found with few questions`() async throws {
    let scope = Scope.public
    for (end, first) in [(100_000, 77_123), (1, 1), (2, 2), (100, 1), (1_000, 1_000)] {
      var questions = 0
      let found = try await FeedBisection.difference(of: scope, through: UInt64(end)) { position in
        Hash256(of: Array("\(position)".utf8))
      } hub: { position in
        questions += 1
        return Hash256(of: Array((position < first ? "\(position)" : "x\(position)").utf8))
      }
      #expect(found == FeedDifference(scope: scope, position: UInt64(first), isHubShort: false))
      #expect(questions < 22)
    }
    let short = try await FeedBisection.difference(of: scope, through: 50) { position in
      Hash256(of: Array("\(position)".utf8))
    } hub: {
      $0 > 20 ? nil : Hash256(of: Array("\($0)".utf8))
    }
    #expect(short == FeedDifference(scope: scope, position: 21, isHubShort: true))
    let equal = try await FeedBisection.difference(of: scope, through: 50) { _ in
      Hash256(of: [])
    } hub: { _ in
      Hash256(of: [])
    }
    #expect(equal == nil)
  }
}
