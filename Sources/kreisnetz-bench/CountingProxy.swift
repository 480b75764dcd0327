// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Synchronization

/// A forward proxy on 127.0.0.1 (`CONNECT`, RFC 9110 §9.3.6) that counts what passes it: what it sees
/// of TLS is what the network sees.
final class CountingProxy: Sendable {
  /// Bytes in both directions, after the tunnel stands.
  struct Traffic {
    /// As TCP carries them.
    var bytes = 0
    /// Without TLS framing: records of application data, each without the 5 bytes of its header and
    /// the 17 of its authentication tag and content type (RFC 8446 §5.2).
    var payload = 0

    static func - (later: Self, earlier: Self) -> Self {
      Self(bytes: later.bytes - earlier.bytes, payload: later.payload - earlier.payload)
    }
  }

  let port: Int
  private let descriptor: Int32
  private let counted = Mutex(Traffic())

  /// - Throws: `BenchFailure`.
  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in.loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, size) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, pointer, &size) == 0
      }
    }
    guard code else { throw BenchFailure("The counting proxy cannot listen.") }
    port = Int(in_port_t(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while true {
        let client = accept(descriptor, nil, nil)
        guard client >= 0, let self else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { self.serve(client) }
      }
    }
  }

  deinit {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close(descriptor)
  }

  var traffic: Traffic { counted.withLock { $0 } }

  /// Writes the settings of a town that goes through this proxy.
  ///
  /// - Throws: what writing the file throws.
  func settings(at path: String) throws -> String {
    try Data("proxy: http://127.0.0.1:\(port)\n".utf8).write(to: URL(filePath: path))
    return path
  }

  /// Every tunnel leads to the port of 127.0.0.1 that the client named.
  private func serve(_ client: Int32) {
    defer { close(client) }
    guard let port = Self.requestedPort(client) else { return }
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(server) }
    var address = sockaddr_in.loopback(port)
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0, Self.write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)[...], to: client) else {
      return
    }
    for descriptor in [client, server] {
      var on: Int32 = 1
      setsockopt(
        descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      self.pump(from: server, to: client)
      done.signal()
    }
    pump(from: client, to: server)
    done.wait()
  }

  private static func requestedPort(_ client: Int32) -> Int? {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard head.count < 8_192, recv(client, &byte, 1, 0) == 1 else { return nil }
      head.append(byte)
    }
    // CONNECT 127.0.0.1:8443 HTTP/1.1
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    return words.count > 1 ? words[1].split(separator: ":").last.flatMap { Int($0) } : nil
  }

  private func pump(from source: Int32, to target: Int32) {
    var records = RecordCounter()
    var buffer = [UInt8](repeating: 0, count: 262_144)
    while true {
      let count = recv(source, &buffer, buffer.count, 0)
      guard count > 0, Self.write(buffer[..<count], to: target) else { break }
      let payload = records.payload(of: buffer[..<count])
      counted.withLock { traffic in
        traffic.bytes += count
        traffic.payload += payload
      }
    }
    shutdown(target, Int32(SHUT_WR))
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }
}

/// Follows the records of one direction of a TLS connection.
private struct RecordCounter {
  private static let overhead = 17
  private static let applicationData: UInt8 = 23

  private var header: [UInt8] = []
  /// Bytes of the record that are to come.
  private var rest = 0

  /// - Returns: bytes of content in the records whose headers end in `bytes`.
  mutating func payload(of bytes: ArraySlice<UInt8>) -> Int {
    var sum = 0
    var bytes = bytes
    while !bytes.isEmpty {
      if rest > 0 {
        let taken = min(rest, bytes.count)
        rest -= taken
        bytes = bytes.dropFirst(taken)
        continue
      }
      header.append(bytes.removeFirst())
      guard header.count == 5 else { continue }
      rest = Int(header[3]) << 8 | Int(header[4])
      if header[0] == Self.applicationData { sum += max(0, rest - Self.overhead) }
      header = []
    }
    return sum
  }
}
