// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Seconds of a clock that nobody sets.
func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// What the figures were measured on, and how busy it was before.
struct Machine {
  let processor: String
  let cores: Int
  let kernel: String
  let memoryKilobytes: Int
  /// Processes that ran or wanted to, on the average of the minute before.
  let load: Double

  static func now() -> Machine {
    let lines = ProcessFigures.read("/proc/cpuinfo").split(separator: "\n")
    let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    let kernel = ProcessFigures.read("/proc/sys/kernel/osrelease")
    let load = ProcessFigures.read("/proc/loadavg").split(separator: " ").first
    return Machine(
      processor: model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown",
      cores: ProcessInfo.processInfo.activeProcessorCount,
      kernel: kernel.trimmingCharacters(in: .whitespacesAndNewlines),
      memoryKilobytes: Int(ProcessInfo.processInfo.physicalMemory / 1_024),
      load: load.flatMap { Double($0) } ?? 0)
  }
}

/// What the kernel says of a running process (proc(5)).
struct ProcessFigures {
  let id: pid_t

  /// Seconds of processor time so far, of all its threads, in steps of 10 ms.
  var cpu: Double {
    // The name, in parentheses, may hold blanks.
    let rest = Self.read("/proc/\(id)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard rest.count > 12, let user = Double(rest[11]), let system = Double(rest[12]) else {
      return 0
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Kilobytes in memory now, files that are mapped included.
  var residentKilobytes: Int { status("VmRSS:") }

  /// The most that it ever had in memory.
  var peakKilobytes: Int { status("VmHWM:") }

  /// The part that is no mapped file, and that nobody else has.
  var anonymousKilobytes: Int { status("RssAnon:") }

  /// Of what it has in memory, its share: a page that three processes map counts a third.
  var proportionalKilobytes: Int { Self.number("Pss:", in: "/proc/\(id)/smaps_rollup") }

  /// What one thread did so far.
  struct ThreadActivity {
    /// Seconds that it ran, to the nanosecond.
    let running: Double
    /// How often it went to sleep, which is how often it was woken.
    let wakeUps: Int
  }

  /// By thread.
  var activity: [String: ThreadActivity] {
    let folder = "/proc/\(id)/task"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.reduce(into: [:]) { out, name in
      let nanoseconds = Self.read("\(folder)/\(name)/schedstat").split(separator: " ").first
      out[name] = ThreadActivity(
        running: (nanoseconds.flatMap { Double($0) } ?? 0) * 1e-9,
        wakeUps: Self.number("voluntary_ctxt_switches:", in: "\(folder)/\(name)/status"))
    }
  }

  /// What the threads that live now did since `earlier`. What ended meanwhile is not known.
  func activity(since earlier: [String: ThreadActivity]) -> ThreadActivity {
    let now = activity
    return ThreadActivity(
      running: now.reduce(0) { $0 + $1.value.running - (earlier[$1.key]?.running ?? 0) },
      wakeUps: now.reduce(0) { $0 + $1.value.wakeUps - (earlier[$1.key]?.wakeUps ?? 0) })
  }

  private func status(_ name: String) -> Int { Self.number(name, in: "/proc/\(id)/status") }

  private static func number(_ name: String, in path: String) -> Int {
    let line = read(path).split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(whereSeparator: { " \t".contains($0) }).dropFirst().first
      .flatMap { Int($0) } ?? 0
  }

  /// Files of `/proc` state no size, so they are read to their end.
  static func read(_ path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
