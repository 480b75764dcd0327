// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import Foundation
package import KreisStore
package import Logging
import Synchronization

/// Listens on the Unix socket in a running daemon's state directory and lets the executor answer.
///
/// The socket is 0600, or 0660 for a configured group; the kernel checks that when a peer connects,
/// and without a group the peer must be root or this daemon's own user besides. Every connection
/// has a thread of its own, so nothing here ever blocks Swift's cooperative pool.
package final class LocalServer: Sendable {
  /// Commands that run at once.
  package static let connectionLimit = 16

  private struct State {
    var next = 0
    var descriptors: [Int: Int32] = [:]
    var isStopping = false
  }

  private let path: String
  private let listener: Int32
  /// A pipe whose reading end becomes readable once the server stops.
  private let wake: (read: Int32, write: Int32)
  private let executor: CommandExecutor
  private let admitsGroup: Bool
  private let commands: Set<String>?
  private let logger: Logger
  private let state = Mutex(State())
  /// The threads that run.
  private let threads = DispatchGroup()
  /// Proves that no other daemon uses the socket: without it a stale one may not be removed.
  private let lock: StateLock

  /// Binds the socket and starts to answer.
  ///
  /// - Parameters:
  ///   - lock: of the same directory.
  ///   - group: whose members may use the socket besides the daemon's own user.
  /// - Throws: `CommandError`, `StateDirectoryError`.
  package convenience init(
    in directory: StateDirectory, lock: StateLock, executor: CommandExecutor,
    group: String? = nil, logger: Logger
  ) throws {
    try self.init(
      at: directory.socket, in: directory, lock: lock, executor: executor, group: group,
      besides: nil, commands: nil, logger: logger)
  }

  /// What may be asked at the socket for those who only watch: nothing that changes anything, and
  /// nothing that shows what the directory holds.
  package static let watching: Set<String> = ["status", "metrics", "doctor"]

  /// Binds a second socket, for the members of `group`, that answers `watching` alone.
  ///
  /// - Parameter other: the group of the first socket, if it has one.
  /// - Throws: `CommandError`, `StateDirectoryError`.
  package convenience init(
    watchedBy group: String, besides other: String?, in directory: StateDirectory,
    lock: StateLock, executor: CommandExecutor, logger: Logger
  ) throws {
    try self.init(
      at: StateDirectory.monitorSocket(in: directory.path), in: directory, lock: lock,
      executor: executor, group: group, besides: other, commands: Self.watching, logger: logger)
  }

  private init(
    at path: String, in directory: StateDirectory, lock: StateLock, executor: CommandExecutor,
    group: String?, besides other: String?, commands: Set<String>?, logger: Logger
  ) throws {
    self.path = path
    self.lock = lock
    self.executor = executor
    self.logger = logger
    self.commands = commands
    admitsGroup = group != nil
    let address = try LocalSocket.address(path)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw StateDirectoryError.failed(action: "opened", path: "a pipe", errno: errno)
    }
    wake = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    listener = LocalSocket.make()
    do { try Self.bind(listener, address, path, directory, group, besides: other) } catch {
      close(listener)
      throw error
    }
    start { self.accept() }
  }

  deinit {
    close(wake.read)
    close(wake.write)
  }

  private static func bind(
    _ listener: Int32, _ address: sockaddr_un, _ path: String, _ directory: StateDirectory,
    _ group: String?, besides other: String?
  ) throws {
    let failure = { (action: String) in
      StateDirectoryError.failed(action: action, path: path, errno: errno)
    }
    guard listener >= 0 else { throw failure("opened") }
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("removed") }
    let bound = LocalSocket.withAddress(address) { Glibc.bind(listener, $0, $1) }
    guard bound == 0 else { throw failure("bound") }
    // Before listen(2), so nobody connects under the mode that the umask gave.
    guard chmod(path, 0o600) == 0 else { throw failure("protected") }
    if let group {
      guard let entry = getgrnam(group) else { throw StateDirectoryError.unknownGroup(group) }
      var status = stat()
      // A hardened service may not change owners, and need not where the group is its own.
      guard stat(path, &status) == 0,
        status.st_gid == entry.pointee.gr_gid
          || chown(path, uid_t.max, entry.pointee.gr_gid) == 0,
        chmod(path, 0o660) == 0
      else { throw failure("shared with the group \(group)") }
      try directory.admit(group: group, besides: other)
    }
    guard listen(listener, 32) == 0 else { throw failure("listened on") }
  }

  /// Stops listening, lets what runs say that it was interrupted, and waits for it for at most a
  /// second. The lock may be given back afterwards.
  package func stop() {
    let running = state.withLock { state in
      state.isStopping = true
      // Under the lock: a connection closes its descriptor only after it took it out of here.
      for descriptor in state.descriptors.values { shutdown(descriptor, Int32(SHUT_RD)) }
      return state.descriptors.count
    }
    var byte: UInt8 = 0
    _ = write(wake.write, &byte, 1)
    if threads.wait(timeout: .now() + 0.7) == .success { return }
    // Whose peer does not read what it asked for cannot be told.
    state.withLock { state in
      for descriptor in state.descriptors.values { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
    if threads.wait(timeout: .now() + 0.3) == .timedOut {
      logger.warning("A local command did not end in time.", metadata: ["commands": "\(running)"])
    }
  }

  // MARK: - Threads

  private func start(_ body: @escaping @Sendable () -> Void) {
    threads.enter()
    Thread {
      body()
      self.threads.leave()
    }.start()
  }

  private func accept() {
    var polled = [
      pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
    ]
    while !state.withLock(\.isStopping) {
      guard poll(&polled, 2, -1) > 0, polled[1].revents == 0 else { continue }
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else {
        // Out of descriptors or memory: the peer waits in the queue until there are some again.
        if errno == EMFILE || errno == ENFILE || errno == ENOMEM { usleep(50_000) }
        continue
      }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      admit(descriptor)
    }
    unlink(path)
    close(listener)
  }

  private func admit(_ descriptor: Int32) {
    let socket = LocalSocket(descriptor)
    let id = state.withLock { state -> Int? in
      guard !state.isStopping, state.descriptors.count < Self.connectionLimit else { return nil }
      state.next += 1
      state.descriptors[state.next] = descriptor
      return state.next
    }
    guard let id else {
      let text = "\(Self.connectionLimit) commands run already. Try again when one has ended."
      try? socket.write(LocalReply.failure(CommandError(.notNow, text)).line())
      try? socket.flush()
      close(descriptor)
      return
    }
    start {
      self.serve(LocalSocket(descriptor))
      self.state.withLock { _ = $0.descriptors.removeValue(forKey: id) }
      close(descriptor)
    }
  }

  private func serve(_ socket: LocalSocket) {
    // Who connects and says nothing, or asks and does not read, gives its place back.
    socket.setTimeouts(seconds: 300)
    do {
      guard let peer = socket.peer, admitsGroup || peer == 0 || peer == geteuid() else {
        logger.warning("A user without the right to it tried the local socket.")
        throw CommandError(.wrongUse, "This user may not command the daemon.")
      }
      guard let line = try socket.readLine(limit: LocalRequest.limit) else { return }
      let request = try LocalRequest(line: line)
      guard commands?.contains(request.command) ?? true else {
        throw CommandError(.wrongUse, "This user may watch the daemon and not command it.")
      }
      executor.run(
        LocalCall(
          request, by: LocalPeer(user: peer, isDirect: false),
          input: { request.hasInput ? try socket.readPiece() : nil },
          isCancelled: { socket.isHungUp || self.state.withLock(\.isStopping) },
          flush: { try socket.flush() },
          reply: { reply in
            try socket.write(reply.line())
            if case .progress = reply { try socket.flush() }
          }))
    } catch LocalSocket.Failure.lineTooLong(let limit) {
      refuse(socket, "The command has more than \(limit) bytes.")
    } catch let error as CommandError {
      refuse(socket, error.text)
    } catch {
      // The peer has gone; there is nobody to tell.
    }
  }

  private func refuse(_ socket: LocalSocket, _ text: String) {
    try? socket.write(LocalReply.failure(CommandError(.wrongUse, text)).line())
    try? socket.flush()
  }
}
