// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Testing

/// The built binary at a terminal of its own, as somebody sees it who types.
final class Terminal {
  private let process = Process()
  /// The side of whoever looks and types.
  private let screen: Int32
  /// The program's side, kept open so that its settings can be read after the program has ended.
  private let line: Int32
  /// All that stood on the screen so far.
  private(set) var shown = ""

  enum Trouble: Error { case noTerminal }

  init(_ arguments: [String], state: String) throws {
    var ends: (screen: Int32, line: Int32) = (-1, -1)
    guard openpty(&ends.screen, &ends.line, nil, nil, nil) == 0 else { throw Trouble.noTerminal }
    (screen, line) = ends
    for end in [screen, line] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let handle = FileHandle(fileDescriptor: line, closeOnDealloc: false)
    process.executableURL = CommandLineTool.binary
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
    process.environment?["KREISNETZ_STATE"] = state
    process.standardInput = handle
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
  }

  deinit {
    if process.isRunning { process.terminate() }
    process.waitUntilExit(seconds: 10)
    close(line)
    close(screen)
  }

  /// Whether what is typed appears.
  var echoes: Bool {
    var settings = termios()
    tcgetattr(line, &settings)
    return settings.c_lflag & tcflag_t(ECHO) != 0
  }

  /// Waits until the program asks and no more shows what is typed, then types.
  func answer(_ prompt: String, _ text: String) throws {
    try wait(for: prompt)
    write(Array((text + "\n").utf8))
  }

  /// Waits until the screen ends with a question and what is typed then stays hidden.
  func wait(for prompt: String) throws {
    try Kreis.wait("„\(prompt)“") {
      look()
      return shown.hasSuffix(prompt) && !echoes
    }
  }

  /// As Ctrl-C does.
  func interrupt() { kill(process.processIdentifier, SIGINT) }

  /// - Returns: the program's exit code.
  func end() throws -> Int32 {
    process.waitUntilExit(seconds: 30)
    look()
    return process.terminationStatus
  }

  private func write(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { Glibc.write(screen, $0.baseAddress, $0.count) }
  }

  /// Takes in what has appeared since.
  private func look() {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      var polled = pollfd(fd: screen, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 0) > 0, polled.revents & Int16(POLLIN) != 0 else { return }
      let count = read(screen, &buffer, buffer.count)
      guard count > 0 else { return }
      shown += String(decoding: buffer[..<count], as: UTF8.self)
    }
  }
}
