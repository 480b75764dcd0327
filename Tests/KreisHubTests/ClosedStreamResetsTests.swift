// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisTransport
import NIOCore
import Synchronization
import Testing

@testable import KreisHub

extension HubTests {
  @Suite struct ClosedStreamResetsTests {
    /// Requests of a town that is edited quickly; after each one libcurl 7.88 resets its stream.
    @Test func `Many requests in a row keep their connection`() async throws {
      let connections = Mutex<Set<Int>>([])
      let handler: HubServer.Handler = { request in
        let channel = request.channel.parent ?? request.channel
        connections.withLock { _ = $0.insert(channel.remoteAddress?.port ?? 0) }
        return Response(status: .ok)
      }
      try await RunningServer.with(handler: handler) { server in
        for _ in 0..<450 {
          let answer = try await server.client.send(ClientRequest(.post, "/", body: [1, 2, 3]))
          #expect(answer.status == 200)
        }
      }
      #expect(connections.withLock { $0.count } == 1)
    }

    @Test func `Only resets of closed streams are left out, however the bytes come`() {
      let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
      let (closed, cancelled) = (Self.reset(1, code: 5), Self.reset(3, code: 8))
      // Content that looks like a reset is content.
      let data = Self.frame(0, 5, closed + cancelled)
      let empty = Self.frame(4, 0, [])
      // No reset: RST_STREAM has four bytes (RFC 9113 §6.4), and whoever reads it says so.
      let broken = Self.frame(3, 7, [0, 0, 0, 5, 5])
      let sent =
        preface + empty + closed + data + closed + closed + cancelled + broken + data + closed
      let passed = preface + empty + data + cancelled + broken + data
      for size in 1...sent.count {
        var filter = ResetFilter()
        var out: [UInt8] = []
        for start in stride(from: 0, to: sent.count, by: size) {
          let piece = ByteBuffer(bytes: sent[start..<min(start + size, sent.count)])
          out += Array(filter.filter(piece).readableBytesView)
        }
        #expect(out == passed, "pieces of \(size) bytes")
      }
    }

    private static func frame(_ type: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
      [0, 0, UInt8(payload.count), type, 0, 0, 0, 0, stream] + payload
    }

    private static func reset(_ stream: UInt8, code: UInt8) -> [UInt8] {
      frame(3, stream, [0, 0, 0, code])
    }
  }
}
