// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A connected Unix socket, read and written in blocking calls by one thread.
final class LocalSocket {
  /// Why a peer cannot be read or written any more.
  enum Failure: Error, CustomStringConvertible {
    case lineTooLong(limit: Int)
    case gone(errno: Int32)
    case cutOff

    var description: String {
      switch self {
      case .lineTooLong(let limit): "a line of more than \(limit) bytes"
      case .cutOff: "the input was cut off; nothing of it was taken"
      case .gone(let code): "the connection ended: \(String(cString: strerror(code)))"
      }
    }
  }

  let descriptor: Int32
  private var received: ArraySlice<UInt8> = []
  private var pending: [UInt8] = []
  private static let chunk = 65_536

  /// Takes the descriptor; whoever made it closes it.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// How long one call may wait for the peer, in seconds.
  func setTimeouts(seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  // MARK: - Reading

  /// The next bytes; `nil` when the peer has shut its side down.
  func read() throws(Failure) -> [UInt8]? {
    if !received.isEmpty {
      defer { received = [] }
      return Array(received)
    }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.chunk) { buffer, count in
      var size = -1
      repeat {
        size = recv(descriptor, buffer.baseAddress, Self.chunk, 0)
      } while size < 0
        && errno == EINTR
      if size < 0 { failure = errno }
      count = max(0, size)
    }
    guard failure == 0 else { throw .gone(errno: failure) }
    return bytes.isEmpty ? nil : bytes
  }

  /// The next line without its end; `nil` when the peer has shut its side down before one was
  /// complete.
  func readLine(limit: Int) throws(Failure) -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      let chunk = received.isEmpty ? try read().map { $0[...] } : received
      received = []
      guard let chunk else { return nil }
      if let end = chunk.firstIndex(of: 0x0A) {
        received = chunk[(end + 1)...]
        line += chunk[..<end]
      } else {
        line += chunk
      }
      guard line.count <= limit else { throw .lineTooLong(limit: limit) }
      if !received.isEmpty || chunk.last == 0x0A { return line }
    }
  }

  /// The next piece of framed input; `nil` after the last.
  ///
  ///     input = *(length 4, most significant byte first ‖ bytes) ‖ length 0
  ///
  /// The end is stated, so that input of a sender that died is never taken for the whole of it.
  func readPiece() throws(Failure) -> [UInt8]? {
    let length = try readExactly(4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.chunk else { throw .lineTooLong(limit: Self.chunk) }
    return length == 0 ? nil : try readExactly(length)
  }

  private func readExactly(_ count: Int) throws(Failure) -> [UInt8] {
    var out: [UInt8] = []
    while out.count < count {
      guard let more = try read() else { throw .cutOff }
      let rest = count - out.count
      out += more.prefix(rest)
      received = more.dropFirst(rest)
    }
    return out
  }

  // MARK: - Writing

  /// Frames input for `readPiece()`; an empty piece ends it.
  func writePiece(_ bytes: [UInt8]) throws(Failure) {
    var rest = bytes[...]
    repeat {
      let piece = rest.prefix(Self.chunk)
      rest = rest.dropFirst(Self.chunk)
      let length = UInt32(piece.count)
      try write([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + piece)
    } while !rest.isEmpty
  }

  /// Puts bytes into the buffer, and sends it when it is full.
  func write(_ bytes: [UInt8]) throws(Failure) {
    pending += bytes
    if pending.count >= Self.chunk { try flush() }
  }

  func flush() throws(Failure) {
    defer { pending.removeAll(keepingCapacity: true) }
    var sent = 0
    while sent < pending.count {
      let size = pending[sent...].withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if size < 0, errno == EINTR { continue }
      guard size > 0 else { throw .gone(errno: errno) }
      sent += size
    }
  }

  /// Whether the peer has closed both sides, or the connection was shut down here.
  var isHungUp: Bool {
    var state = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&state, 1, 0) > 0 && state.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0
  }

  /// The user at the other end (`SO_PEERCRED`): the kernel's word, taken when the peer connected.
  var peer: uid_t? {
    // struct ucred { pid_t pid; uid_t uid; gid_t gid; }
    var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: credentials))
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
      return nil
    }
    return credentials.1
  }

  // MARK: - Addresses

  /// The address of a socket file.
  ///
  /// - Throws: `CommandError` if the path does not fit into `sun_path`.
  static func address(_ path: String) throws(CommandError) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard bytes.count <= capacity else {
      throw CommandError(
        .wrongUse,
        "The path of the socket \(path) has \(bytes.count) bytes; the system takes at most "
          + "\(capacity). Use a state directory with a shorter path.")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  /// Calls `body` with the address in the form that the socket calls take.
  static func withAddress(
    _ address: sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  static func make() -> Int32 {
    socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }
}
