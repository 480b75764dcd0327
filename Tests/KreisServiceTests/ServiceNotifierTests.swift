// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisService
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@Suite struct ServiceNotifierTests {
  @Test("Messages reach the socket that NOTIFY_SOCKET names, by path and abstract")
  func messages() throws {
    for isAbstract in [false, true] {
      let socket = try NotifySocket(isAbstract: isAbstract)
      defer { socket.close() }
      let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": socket.name])
      notifier.ready()
      notifier.status("connected\nto the hub")
      notifier.reloading()
      notifier.stopping()
      #expect(try socket.receive() == "READY=1")
      #expect(try socket.receive() == "STATUS=connected to the hub")
      #expect(try socket.receive().wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+/) != nil)
      #expect(try socket.receive() == "STOPPING=1")
    }
  }

  @Test("Without a socket, or with one that nobody reads, nothing happens")
  func nobodyListens() {
    ServiceNotifier(environment: [:]).ready()
    ServiceNotifier(environment: ["NOTIFY_SOCKET": "/nonexistent/socket"]).ready()
    ServiceNotifier(environment: ["NOTIFY_SOCKET": "relative"]).ready()
  }

  @Test("The watchdog's time counts only for the process it is meant for")
  func watchdogProcess() {
    let mine = ServiceNotifier(environment: ["WATCHDOG_USEC": "500000"])
    #expect(mine.watchdogTimeout == .milliseconds(500))
    let other = ServiceNotifier(environment: ["WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"])
    #expect(other.watchdogTimeout == nil)
  }

  @Test("The watchdog is fed after each answer of the probe, and not while it hangs")
  func watchdogFollowsTheProbe() async throws {
    let socket = try NotifySocket(isAbstract: true)
    defer { socket.close() }
    let notifier = ServiceNotifier(environment: [
      "NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "20000",
    ])
    let answers = Mutex(0)
    let (hangs, hanging) = AsyncStream<Void>.makeStream()
    let watchdog = Watchdog(
      notifier, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
      let count = answers.withLock { count in
        count += 1
        return count
      }
      guard count > 3 else { return }
      hanging.yield()
      try await Task.sleep(for: .seconds(3_600))
    }
    let task = Task { try await watchdog.run() }
    for await _ in hangs { break }
    for _ in 1...3 { #expect(try socket.receive() == "WATCHDOG=1") }
    #expect(try socket.receiveIfAny() == nil)
    task.cancel()
    _ = await task.result
  }
}

@Suite struct JournalLogHandlerTests {
  @Test("An event is one line with priority and quoted values, whatever it contains")
  func oneLine() {
    let lines = Mutex<[String]>([])
    var handler = JournalLogHandler(threshold: LogThreshold(.debug), isForJournal: true) { bytes in
      lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
    }
    handler.metadata["member"] = "0123456789ab"
    let logger = Logger(label: "test") { [handler] _ in handler }
    logger.warning("hub\n<0>down", metadata: ["reason": "no \"route\"\nat all", "n": "3"])
    #expect(
      lines.withLock { $0 } == [
        "<4>hub\\n<0>down member=0123456789ab n=3 reason=\"no \\\"route\\\"\\nat all\"\n"
      ])
  }
}

/// A datagram socket as systemd offers it.
private struct NotifySocket {
  let name: String
  private let descriptor: Int32

  init(isAbstract: Bool) throws {
    let unique = "kreisnetz-\(UUID().uuidString)"
    name = (isAbstract ? "@" : FileManager.default.temporaryDirectory.path + "/") + unique
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if isAbstract { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    try #require(bound == 0)
  }

  func receive() throws -> String { try #require(try receive(flags: 0)) }

  func receiveIfAny() throws -> String? { try receive(flags: Int32(MSG_DONTWAIT)) }

  private func receive(flags: Int32) throws -> String? {
    var buffer = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  func close() {
    Foundation.close(descriptor)
    if !name.hasPrefix("@") { unlink(name) }
  }
}
