// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Asks a daemon over HTTP, as any client on this machine may.
enum Loopback {
  /// - Returns: what stands at `path` of 127.0.0.1; status 0 if nothing answers there.
  static func get(_ path: String, _ port: Int) -> (status: Int, body: [UInt8]) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else { return (0, []) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8)
    _ = send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return (0, []) }
    let line = String(decoding: bytes.prefix(20), as: UTF8.self).split(separator: " ")
    return (line.count > 1 ? Int(line[1]) ?? 0 : 0, Array(bytes[end.upperBound...]))
  }

  /// Calls `body` with the address of a port here, as `connect` and `bind` take it.
  static func withAddress(
    _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
