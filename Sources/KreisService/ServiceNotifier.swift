// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import Logging
import ServiceLifecycle

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Tells systemd how the service is (`sd_notify(3)`), over the datagram socket that `NOTIFY_SOCKET`
/// names. Where there is none, it says nothing.
package struct ServiceNotifier: Sendable {
  private let path: String?
  /// How often `alive` must be called at the latest; `nil` if nobody watches.
  package let watchdogTimeout: Duration?

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    path = environment["NOTIFY_SOCKET"].flatMap {
      $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil
    }
    let isForThisProcess = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    watchdogTimeout =
      isForThisProcess
      ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) } : nil
  }

  /// The service does its work now: to be called when it really does.
  package func ready() { send("READY=1") }

  /// The settings are being read again; to be followed by `ready`. The time tells the service manager
  /// which of several reloads ended (`sd_notify(3)`).
  package func reloading() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)")
  }

  /// A graceful stop has begun.
  package func stopping() { send("STOPPING=1") }

  /// What `systemctl status` shows.
  package func status(_ text: String) {
    send("STATUS=" + text.replacing("\n", with: " "))
  }

  func alive() { send("WATCHDOG=1") }

  /// A lost message is no reason to fail: without READY or WATCHDOG systemd acts by itself.
  private func send(_ message: String) {
    guard let path else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    // An abstract socket (unix(7)): its name begins with a zero byte and ends with the length.
    if path.hasPrefix("@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}

/// Feeds systemd's watchdog at half its time, each time only after `probe` has come back: a daemon
/// whose loop hangs is restarted. Announces the stop; to be the first service that is stopped.
package struct Watchdog: Service {
  private let notifier: ServiceNotifier
  private let logger: Logger
  private let probe: @Sendable () async throws -> Void

  /// - Parameter probe: returns when the daemon's loop and its store have answered; throws what hangs
  ///   if one does not get on.
  package init(
    _ notifier: ServiceNotifier, logger: Logger, probe: @escaping @Sendable () async throws -> Void
  ) {
    self.notifier = notifier
    self.logger = logger
    self.probe = probe
  }

  package func run() async throws {
    if let timeout = notifier.watchdogTimeout {
      await cancelWhenGracefulShutdown {
        while !Task.isCancelled {
          // Without an answer there is no sign of life, and systemd acts.
          do {
            try await probe()
            notifier.alive()
          } catch is CancellationError { return } catch {
            logger.critical("no sign of life for the watchdog", metadata: ["reason": "\(error)"])
          }
          try? await Task.sleep(for: timeout / 2)
        }
      }
    }
    try? await gracefulShutdown()
    notifier.stopping()
  }
}
