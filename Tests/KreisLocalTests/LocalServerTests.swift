// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import Logging
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct LocalServerTests {
  /// A daemon's local side on the town's state directory.
  private final class Daemon: Sendable {
    let replicas: Replicas
    let server: LocalServer

    /// - Parameter lock: where one daemon follows another: the first one's threads may hold on to
    ///   theirs for a moment after it stopped.
    init(_ replicas: Replicas, group: String? = nil, lock: StateLock? = nil) throws {
      self.replicas = replicas
      server = try LocalServer(
        in: replicas.townDirectory, lock: try lock ?? replicas.townDirectory.lock(),
        executor: replicas.executor(
          of: replicas.town, daemon: DaemonView(status: { ["link": "following"] })),
        group: group, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit { server.stop() }

    var path: String { replicas.townDirectory.socket }

    func connect() throws -> LocalClient { try #require(try LocalClient.connect(to: path)) }

    func run(_ request: LocalRequest, input: @escaping ChunkSource = { nil }) throws -> Answer {
      var answer = Answer()
      let outcome = try connect().run(request, input: input) { answer.take($0) }
      answer.take(.done(outcome))
      return answer
    }
  }

  private func add(_ name: String) -> LocalRequest {
    let change = FieldChange(field: "name", scope: nil, operation: .set, value: name)
    return LocalRequest(
      "add", ["kind": "organization", "changes": .array([change.json])])
  }

  @Test func `A command over the socket is answered like one in the same process`() async throws {
    let daemon = try Daemon(try await Replicas())
    let id = try daemon.run(add("Kita")).id
    let show = LocalRequest("show", ["id": .string(id)])
    #expect(try daemon.run(show).rows == daemon.replicas.run(daemon.replicas.town, show).rows)
    let error = #expect(throws: CommandError.self) {
      try daemon.run(LocalRequest("show", ["id": "key:nobody"]))
    }
    #expect(error?.outcome == .no)
    #expect(try daemon.run(LocalRequest("status")).rows.first?["link"]?["link"] == "following")
  }

  @Test func `Without a daemon there is nobody to ask, also if one left its socket`() async throws {
    let replicas = try await Replicas()
    let path = replicas.townDirectory.socket
    #expect(try LocalClient.connect(to: path) == nil)
    let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    close(stale)
    #expect(bound == 0)
    #expect(try LocalClient.connect(to: path) == nil)
    let daemon = try Daemon(replicas)
    #expect(try daemon.run(LocalRequest("status")).outcome == .done)
  }

  @Test func `Only its own user may use the socket, or the configured group`() async throws {
    let replicas = try await Replicas()
    let lock = try replicas.townDirectory.lock()
    var status = stat()
    do {
      let daemon = try Daemon(replicas, lock: lock)
      stat(daemon.path, &status)
      #expect(status.st_mode & 0o777 == 0o600)
      daemon.server.stop()
      #expect(stat(daemon.path, &status) != 0)
    }
    let group = try #require(getgrgid(getegid()))
    let daemon = try Daemon(replicas, group: String(cString: group.pointee.gr_name), lock: lock)
    stat(daemon.path, &status)
    #expect(status.st_mode & 0o777 == 0o660)
    stat(replicas.townDirectory.path, &status)
    #expect(status.st_mode & 0o777 == 0o710)
    #expect(try daemon.run(LocalRequest("status")).outcome == .done)
    daemon.server.stop()
    #expect(throws: (any Error).self) { try Daemon(replicas, group: "no-such-group-here") }
  }

  @Test func `Who may only watch gets figures from a socket of its own, and nothing else`()
    async throws
  {
    let replicas = try await Replicas()
    let directory = replicas.townDirectory
    let lock = try directory.lock()
    let own = String(cString: try #require(getgrgid(getegid())).pointee.gr_name)
    let other = String(cString: try #require(getgrnam("daemon")).pointee.gr_name)
    func watched(besides first: String?) throws -> LocalServer {
      try LocalServer(
        watchedBy: own, besides: first, in: directory, lock: lock,
        executor: replicas.executor(of: replicas.town),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
    let path = StateDirectory.monitorSocket(in: directory.path)
    let ask = { (request: LocalRequest) in
      try #require(try LocalClient.connect(to: path)).run(request) { _ in }
    }
    let server = try watched(besides: nil)
    #expect(try ask(LocalRequest("status")) == .done)
    #expect(try ask(LocalRequest("metrics")) == .done)
    for command in ["show", "list", "export", "add", "erase", "resync", "audit", "no-such"] {
      let error = #expect(throws: CommandError.self) { try ask(LocalRequest(command)) }
      #expect(error?.text.contains("watch the daemon and not command it") == true)
    }
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o660)
    stat(directory.path, &status)
    #expect(status.st_mode & 0o777 == 0o710)
    server.stop()
    // Two groups: the directory has but one, so all may pass it, and none may list it.
    let second = try watched(besides: other)
    stat(directory.path, &status)
    #expect(status.st_mode & 0o777 == 0o711)
    second.stop()
  }

  @Test func `A path that is too long for a socket is refused with the limit`() async throws {
    let replicas = try await Replicas()
    let long = replicas.root.path + "/" + String(repeating: "x", count: 120)
    let directory = try StateDirectory.prepare(long)
    let error = #expect(throws: CommandError.self) {
      try LocalServer(
        in: directory, lock: try directory.lock(), executor: replicas.executor(of: replicas.town),
        logger: Logger(label: "test"))
    }
    #expect(error?.text.contains("at most 107") == true)
    #expect(try LocalClient.connect(to: directory.socket) == nil)
  }

  @Test func `Input is streamed, and input that was cut off is not taken`() async throws {
    let daemon = try Daemon(try await Replicas())
    var line = 0
    let request = LocalRequest("import", ["format": "ndjson"], hasInput: true)
    let rows: ChunkSource = {
      line += 1
      if line > 2_000 { return nil }
      let row =
        "{\"kind\":\"organization\",\"external_id\":\"k\(line)\",\"name\":\"Kita \(line)\"}\n"
      return Array(row.utf8)
    }
    #expect(try daemon.run(request, input: rows).counts == [2_000, 0, 0, 0])

    line = 10_000
    struct CutOff: Error {}
    #expect(throws: CutOff.self) {
      try daemon.run(request) {
        line += 1
        if line > 10_100 { throw CutOff() }
        return Array(
          "{\"kind\":\"organization\",\"external_id\":\"k\(line)\",\"name\":\"x\"}\n".utf8)
      }
    }
    // The next command is answered after the server has seen the end of the one that was cut off.
    daemon.server.stop()
    #expect(daemon.replicas.list(daemon.replicas.town, "organization").count == 2_000)
  }

  @Test func `A command that is too long or no command is refused, and the next one works`()
    async throws
  {
    let daemon = try Daemon(try await Replicas())
    for bytes in [
      Array("nonsense\n".utf8), Array("[]\n".utf8), Array("{\"command\":1}\n".utf8),
      Array("{\"command\":\"show\",\"arguments\":[]}\n".utf8),
      [UInt8](repeating: 0x20, count: LocalRequest.limit + 70_000) + [0x0A],
    ] {
      let reply = try raw(daemon.path, bytes)
      guard case .failure(let error) = try LocalReply(line: reply) else {
        Issue.record("taken: \(bytes.prefix(20))")
        continue
      }
      #expect(error.outcome == .wrongUse)
    }
    #expect(try daemon.run(LocalRequest("status")).outcome == .done)
    let huge = LocalRequest("show", ["id": .string(String(repeating: "x", count: 5 << 20))])
    #expect(throws: CommandError.self) { try daemon.run(huge) }
  }

  /// Sends bytes as they are and reads a line.
  private func raw(_ path: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let connected = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(connected == 0)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { break }
      sent += count
    }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while out.last != 0x0A {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      out += buffer[..<count]
    }
    return Array(out.dropLast())
  }

  @Test func `Commands of several clients run at once and lose nothing`() async throws {
    let daemon = try Daemon(try await Replicas())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in 0..<4 {
        let requests = (0..<25).map { add("Kita \(client)-\($0)") }
        group.addTask {
          try await onThread { for request in requests { _ = try daemon.run(request) } }
        }
      }
      try await group.waitForAll()
    }
    #expect(try daemon.run(LocalRequest("list", ["kind": "organization"])).rows.count == 100)
  }

  @Test func `A watcher sees each change once it is durable, and its place is free when it goes`()
    async throws
  {
    let daemon = try Daemon(try await Replicas())
    struct Enough: Error {}
    // More watchers than there are places, one after the other.
    for index in 0..<LocalServer.connectionLimit + 4 {
      let began = Date().timeIntervalSince1970 * 1_000
      let seen = Mutex<[JSONValue]>([])
      let client = try daemon.connect()
      let replicas = daemon.replicas
      #expect(throws: Enough.self) {
        _ = try client.run(LocalRequest("watch")) { reply in
          guard case .row(let row) = reply else { return }
          seen.withLock { $0.append(row) }
          if row["watching"] == .bool(true) {
            _ = replicas.add(replicas.town, "organization", "name=Kita \(index)")
          } else {
            throw Enough()
          }
        }
      }
      let row = try #require(seen.withLock { $0.last })
      #expect(row["kind"] == "organization")
      #expect(row["name"] == .string("Kita \(index)"))
      guard case .number(let lexeme) = row["time"], let time = Double(lexeme) else {
        Issue.record("no time")
        continue
      }
      #expect(time >= began - 1 && time < began + 60_000)
    }
  }

  @Test func `Whoever comes when all places are taken is told so`() async throws {
    let daemon = try Daemon(try await Replicas())
    let started = DispatchSemaphore(value: 0)
    let watchers = (0..<LocalServer.connectionLimit).map { _ in
      Task {
        try await onThread {
          let client = try daemon.connect()
          return try client.run(LocalRequest("watch")) { _ in started.signal() }
        }
      }
    }
    try await onThread { for _ in watchers { started.wait() } }
    let error = #expect(throws: CommandError.self) { try daemon.run(LocalRequest("status")) }
    #expect(error?.outcome == .notNow)
    #expect(error?.text.contains("16") == true)
    daemon.server.stop()
    for watcher in watchers { _ = try? await watcher.value }
  }

  @Test func `Stopping ends running commands within a second and removes the socket`()
    async throws
  {
    let daemon = try Daemon(try await Replicas())
    let started = DispatchSemaphore(value: 0)
    let watcher = Task {
      try await onThread {
        try daemon.connect().run(LocalRequest("watch")) { _ in started.signal() }
      }
    }
    try await onThread { started.wait() }
    let began = ContinuousClock.now
    daemon.server.stop()
    #expect(ContinuousClock.now - began < .milliseconds(1_500))
    await #expect(throws: CommandError.self) { _ = try await watcher.value }
    #expect(try LocalClient.connect(to: daemon.path) == nil)
  }
}

/// Runs blocking work on a thread of its own.
private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread { continuation.resume(with: Result { try body() }) }.start()
  }
}
