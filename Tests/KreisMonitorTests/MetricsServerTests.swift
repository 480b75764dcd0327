// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisMonitor
import Logging
import Synchronization
import Testing

/// The metrics over HTTP.
@Suite struct MetricsServerTests {
  private struct Failure: Error, CustomStringConvertible {
    let description = "no luck"
  }

  /// Serves while `body` runs, which is given the port.
  private func serve(
    read: @escaping @Sendable () throws -> String,
    _ body: @escaping @Sendable (Int) throws -> Void
  ) async throws {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let server = MetricsServer(
      address: "127.0.0.1", port: 0,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      onReady: { port.yield($0) }, read: read)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      for await number in ports {
        // A thread of its own, which may block.
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
          Thread { done.resume(with: Result { try body(number) }) }.start()
        }
        break
      }
      group.cancelAll()
    }
  }

  private func ask(_ port: Int, _ request: String) throws -> String {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    let text = request + "\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    #expect(text.utf8.count == write(socket, text, text.utf8.count))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(socket, &buffer, buffer.count)
      guard count > 0 else { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  @Test func `Metrics are read at their address, and nothing else is there`() async throws {
    let text: @Sendable () -> String = { "kreisnetz_x 1\n" }
    try await serve(read: text) { port in
      let answer = try ask(port, "GET /metrics HTTP/1.1")
      #expect(answer.hasPrefix("HTTP/1.1 200"))
      #expect(answer.contains("text/plain; version=0.0.4; charset=utf-8"))
      #expect(answer.hasSuffix("kreisnetz_x 1\n"))
      #expect(try ask(port, "GET / HTTP/1.1").hasPrefix("HTTP/1.1 404"))
      #expect(try ask(port, "DELETE /metrics HTTP/1.1").hasPrefix("HTTP/1.1 405"))
      #expect(!(try ask(port, "HEAD /metrics HTTP/1.1").contains("kreisnetz_x")))
    }
  }

  @Test func `What cannot be read now says so`() async throws {
    let failing: @Sendable () throws -> String = { throw Failure() }
    try await serve(read: failing) { port in
      let answer = try ask(port, "GET /metrics HTTP/1.1")
      #expect(answer.hasPrefix("HTTP/1.1 503"))
      #expect(answer.contains("no luck"))
    }
  }
}
