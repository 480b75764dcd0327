// SPDX-License-Identifier: EUPL-1.2

package import KreisInterchange

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Asks the daemon that runs on a state directory, over its socket. One command per connection.
package final class LocalClient {
  private let socket: LocalSocket

  private init(_ socket: LocalSocket) { self.socket = socket }

  deinit { close(socket.descriptor) }

  /// Connects to the daemon.
  ///
  /// - Returns: `nil` if none listens there, also if one left its socket behind.
  /// - Throws: `CommandError` if one may be there but cannot be asked.
  package static func connect(to path: String) throws(CommandError) -> LocalClient? {
    // A path that is too long for a socket has no daemon behind it.
    guard let address = try? LocalSocket.address(path) else { return nil }
    let descriptor = LocalSocket.make()
    guard descriptor >= 0 else {
      throw CommandError(.notNow, "No socket can be opened: \(String(cString: strerror(errno))).")
    }
    let result = LocalSocket.withAddress(address) { systemConnect(descriptor, $0, $1) }
    if result == 0 { return LocalClient(LocalSocket(descriptor)) }
    let code = errno
    close(descriptor)
    switch code {
    case ENOENT, ECONNREFUSED, ENOTDIR: return nil
    case EACCES, EPERM:
      throw CommandError(
        .notNow,
        "The socket \(path) may not be used by this user. Run the command as the daemon's user, "
          + "or as a member of the group that socket_group names.")
    default:
      throw CommandError(
        .notNow, "The daemon cannot be asked at \(path): \(String(cString: strerror(code))).")
    }
  }

  /// Sends the request and its input, and gives every reply but the last to `body`.
  ///
  /// - Returns: how the command ended.
  /// - Throws: `CommandError`: the failure that the daemon reports, or that it ended meanwhile; and
  ///   what `body` and `input` throw.
  package func run(
    _ request: LocalRequest, input: ChunkSource = { nil }, _ body: (LocalReply) throws -> Void
  ) throws -> Outcome {
    try send(request, input)
    while true {
      let line: [UInt8]?
      do { line = try socket.readLine(limit: LocalReply.limit) } catch {
        throw Self.ended("\(error)")
      }
      guard let line else { throw Self.ended("it closed the connection") }
      let reply = try LocalReply(line: line)
      switch reply {
      case .done(let outcome): return outcome
      case .failure(let error): throw error
      case .row, .heading, .progress: try body(reply)
      }
    }
  }

  private func send(_ request: LocalRequest, _ input: ChunkSource) throws {
    let line = try request.line()
    do {
      try socket.write(line)
      if request.hasInput {
        while let chunk = try input() { if !chunk.isEmpty { try socket.writePiece(chunk) } }
        try socket.writePiece([])
      }
      try socket.flush()
    } catch is LocalSocket.Failure {
      // The daemon refused before it had read everything: its reply says why.
    }
  }

  private static func ended(_ how: String) -> CommandError {
    CommandError(
      .notNow,
      "The daemon ended before it had answered (\(how)). Whether the command was done is not known; "
        + "look before you repeat it.")
  }
}

/// `connect(2)`, whose name the type's own method hides.
private func systemConnect(
  _ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t
) -> Int32 {
  connect(descriptor, address, size)
}
