// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Looks names up and opens TCP connections, as little as tells whether that works. Blocks.
enum SocketProbe {
  /// Addresses as text, in the order in which the system gives them, or why there are none.
  static func addresses(of host: String) -> Result<[String], ProbeError> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &found)
    guard code == 0 else {
      return .failure(ProbeError(text: String(cString: gai_strerror(code))))
    }
    defer { freeaddrinfo(found) }
    var out: [String] = []
    var next = found
    while let entry = next?.pointee {
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        entry.ai_addr, entry.ai_addrlen, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0
      {
        let text = String(
          decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if !out.contains(text) { out.append(text) }
      }
      next = entry.ai_next
    }
    return .success(out)
  }

  /// Connects to one address.
  ///
  /// - Returns: why it could not be; `nil` if it could.
  static func connect(to address: String, port: Int, seconds: Int) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address, "\(port)", &hints, &found) == 0, let entry = found?.pointee else {
      return "\(address) is no address"
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(
      entry.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
      0)
    guard descriptor >= 0 else { return reason(errno) }
    defer { close(descriptor) }
    if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return nil }
    guard errno == EINPROGRESS else { return reason(errno) }
    var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&polled, 1, Int32(seconds) * 1_000) > 0 else {
      return "no answer within \(seconds) seconds"
    }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return code == 0 ? nil : reason(code)
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// Why a name has no address.
struct ProbeError: Error {
  let text: String
}
