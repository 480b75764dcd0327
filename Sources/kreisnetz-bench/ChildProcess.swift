// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// A program that was started, and what it cost when it has ended.
final class ChildProcess {
  /// How a process ended.
  struct End {
    /// The exit code; 128 and the signal's number for one that was killed.
    let status: Int32
    /// Seconds from its start to its end.
    let seconds: Double
    /// Seconds of processor time.
    let cpu: Double
    /// The most that it had in memory, as last seen.
    let peakKilobytes: Int
  }

  let id: pid_t
  private let started: Double
  private var peakKilobytes = 0
  private(set) var end: End?

  /// - Parameters:
  ///   - environment: over this process's own.
  ///   - input: a file for its standard input.
  ///   - output: the file for its standard output, emptied; errors go to `errors`, at its end.
  /// - Throws: `BenchFailure`.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:],
    input: String = "/dev/null", output: String = "/dev/null", errors: String
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let whole = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = whole.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var id: pid_t = 0
    started = monotonicSeconds()
    let code = posix_spawnp(&id, program, &actions, nil, &argv, &envp)
    guard code == 0 else {
      throw BenchFailure("\(program) cannot be started: \(String(cString: strerror(code)))")
    }
    self.id = id
  }

  deinit {
    guard end == nil else { return }
    _ = kill(id, SIGKILL)
    _ = wait()
  }

  var figures: ProcessFigures { ProcessFigures(id: id) }

  /// Asks it to stop.
  func terminate() { if end == nil { _ = kill(id, SIGTERM) } }

  /// - Returns: `nil` while it runs.
  func look() -> End? {
    if let end { return end }
    peakKilobytes = max(peakKilobytes, figures.peakKilobytes)
    return reap(WNOHANG)
  }

  /// Waits for its end.
  func wait() -> End {
    while true { if let end = end ?? reap(0) { return end } }
  }

  /// Waits for its end and looks meanwhile how much memory it takes.
  func waitWatching() -> End {
    while true {
      if let end = look() { return end }
      usleep(2_000)
    }
  }

  private func reap(_ options: Int32) -> End? {
    var status: Int32 = 0
    var usage = rusage()
    guard wait4(id, &status, options, &usage) == id else { return nil }
    let signal = status & 0x7F
    let cpu =
      Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
    let end = End(
      status: signal == 0 ? status >> 8 & 0xFF : 128 + signal,
      seconds: monotonicSeconds() - started, cpu: cpu, peakKilobytes: peakKilobytes)
    self.end = end
    return end
  }
}
