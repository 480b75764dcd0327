// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// A daemon as a process of its own, whose readiness is what it tells systemd.
final class RunningDaemon {
  private let process: ChildProcess
  private let notify: Int32
  private let notifyPath: String
  private let log: String
  /// Seconds from its start until it said that it does its work; for a town that is when it begins
  /// to fetch.
  private(set) var secondsToReady = 0.0
  /// When it said so.
  private(set) var readyAt = 0.0

  /// Starts it and waits until it is ready.
  ///
  /// - Throws: `BenchFailure` with its last words.
  init(_ program: String, _ role: String, state: String, config: String?) throws {
    log = state + ".log"
    notifyPath = state + ".notify"
    notify = try Self.makeSocket(notifyPath)
    let start = monotonicSeconds()
    process = try ChildProcess(
      program, [role, "run", "--state", state] + (config.map { ["--config", $0] } ?? []),
      // The units set the second.
      environment: ["NOTIFY_SOCKET": notifyPath, "MALLOC_ARENA_MAX": "2"], errors: log)
    try waitUntilReady()
    readyAt = monotonicSeconds()
    secondsToReady = readyAt - start
  }

  deinit {
    close(notify)
    unlink(notifyPath)
  }

  var figures: ProcessFigures { process.figures }

  /// - Throws: `BenchFailure` if it has ended.
  func check() throws {
    if let end = process.look() { throw failure("ended with \(end.status)") }
  }

  /// Asks it to stop.
  ///
  /// - Throws: `BenchFailure` if it did not stop in good order.
  @discardableResult
  func stop() throws -> ChildProcess.End {
    _ = process.look()
    process.terminate()
    let end = process.wait()
    guard end.status == 0 else { throw failure("stopped with \(end.status)") }
    return end
  }

  private func waitUntilReady() throws {
    let deadline = monotonicSeconds() + 600
    while monotonicSeconds() < deadline {
      if receive()?.contains("READY=1") == true { return }
      try check()
    }
    throw failure("was not ready within ten minutes")
  }

  private func failure(_ what: String) -> BenchFailure {
    BenchFailure("The daemon of \(log) \(what): \(ProcessFigures.read(log).suffix(2_000))")
  }

  private func receive() -> String? {
    var polled = pollfd(fd: notify, events: Int16(POLLIN), revents: 0)
    guard poll(&polled, 1, 200) > 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 1_024)
    let count = recv(notify, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  private static func makeSocket(_ path: String) throws -> Int32 {
    unlink(path)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw BenchFailure("\(path) is too long for a socket; set TMPDIR to a shorter folder.")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard descriptor >= 0, bound == 0 else { throw BenchFailure("No socket at \(path).") }
    return descriptor
  }
}
