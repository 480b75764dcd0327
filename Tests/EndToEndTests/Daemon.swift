// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// A `run` of the built binary as a process of its own, whose readiness is what it tells systemd.
final class Daemon {
  private let process = Process()
  private let notify: Int32
  private let socketPath: String
  private let log: String

  var id: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  /// What it wrote to standard error, earlier runs on the same state directory included.
  var errors: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

  /// Starts it; see `waitUntilReady`.
  ///
  /// - Parameters:
  ///   - role: `hub` or `town`.
  ///   - config: its settings file.
  ///   - environment: over this process's own.
  init(
    _ role: String, state: String, config: String? = nil, environment: [String: String] = [:]
  ) throws {
    log = state + ".log"
    socketPath = "/tmp/kn-\(UInt32.random(in: 0 ... .max)).notify"
    notify = try Self.makeSocket(socketPath)
    process.executableURL = CommandLineTool.binary
    process.arguments =
      [role, "run", "--state", state] + (config.map { ["--config", $0] } ?? [])
    process.environment = ProcessInfo.processInfo.environment
      .merging(environment) { _, new in new }
      .merging(["NOTIFY_SOCKET": socketPath]) { _, new in new }
    if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(filePath: log)) }
    let output = try FileHandle(forWritingTo: URL(filePath: log))
    try output.seekToEnd()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = output
    try process.run()
    try output.close()
  }

  deinit {
    kill()
    close(notify)
    unlink(socketPath)
  }

  /// Waits until it says that it does its work.
  func waitUntilReady() throws {
    let end = Date(timeIntervalSinceNow: 30)
    while Date() < end {
      if let message = receive(milliseconds: 200) {
        if message.contains("READY=1") { return }
      } else if !isRunning {
        break
      }
    }
    Issue.record("not ready: \(errors.suffix(2_000))")
    throw Trouble.notReady
  }

  /// Waits for a message to systemd that begins with `text`, and passes over others.
  ///
  /// - Returns: whether it came in time.
  func tells(_ text: String, seconds: Double = 20) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end, isRunning {
      if receive(milliseconds: 50)?.hasPrefix(text) == true { return true }
    }
    return false
  }

  /// Forgets what it told systemd so far.
  func passOver() { while receive(milliseconds: 0) != nil {} }

  /// Asks it to read its settings again.
  func reload() { _ = Glibc.kill(id, SIGHUP) }

  /// Ends it as a power cut would.
  func kill() {
    if process.isRunning { _ = Glibc.kill(id, SIGKILL) }
    process.waitUntilExit()
  }

  /// Asks it to stop.
  ///
  /// - Returns: its exit code and the seconds that it took.
  func stop() -> (status: Int32, seconds: Double) {
    let start = Date()
    _ = Glibc.kill(id, SIGTERM)
    return (waitForExit(), Date().timeIntervalSince(start))
  }

  /// - Returns: its exit code; -1 if it had to be killed, after half a minute.
  func waitForExit() -> Int32 {
    process.waitUntilExit(seconds: 30)
    return process.terminationReason == .exit ? process.terminationStatus : -1
  }

  enum Trouble: Error { case notReady, noSocket }

  private func receive(milliseconds: Int32) -> String? {
    var polled = pollfd(fd: notify, events: Int16(POLLIN), revents: 0)
    guard poll(&polled, 1, milliseconds) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = recv(notify, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  private static func makeSocket(_ path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard descriptor >= 0, bound == 0 else { throw Trouble.noSocket }
    return descriptor
  }
}

extension Process {
  /// Waits for its end, which comes by SIGKILL after so many seconds: a process that should not run
  /// on must fail a test, not hang it.
  func waitUntilExit(seconds: Double) {
    let end = Date(timeIntervalSinceNow: seconds)
    while isRunning, Date() < end { usleep(2_000) }
    if isRunning { _ = Glibc.kill(processIdentifier, SIGKILL) }
    waitUntilExit()
  }
}
