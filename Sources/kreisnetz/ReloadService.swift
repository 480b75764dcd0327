// SPDX-License-Identifier: EUPL-1.2

import KreisService
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads the settings again at SIGHUP, as `systemctl reload` sends it. Wrong settings change nothing.
struct ReloadService: Service {
  let hangups: UnixSignalsSequence
  let notifier: ServiceNotifier
  let logger: Logger
  /// Takes up the settings as they are now; returns the names of those that wait for the next start.
  let reload: @Sendable () async throws -> [String]

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in hangups {
        notifier.reloading()
        do {
          let waiting = try await reload()
          logger.notice("the settings were read again")
          if !waiting.isEmpty {
            logger.warning(
              "changed settings that count only after a restart",
              metadata: ["settings": "\(waiting.joined(separator: ", "))"])
          }
          notifier.status("")
        } catch {
          logger.error(
            "the settings were read again and cannot be used; those of before hold on",
            metadata: ["reason": "\(error)"])
          notifier.status("The new settings cannot be used: \(error)")
        }
        notifier.ready()
      }
    }
  }
}

/// The settings as they were last read.
final class CurrentSettings<Configuration: Sendable>: Sendable {
  /// As the process was started with.
  let first: Configuration
  private let current: Mutex<Configuration>

  init(_ configuration: Configuration) {
    first = configuration
    current = Mutex(configuration)
  }

  var now: Configuration {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
