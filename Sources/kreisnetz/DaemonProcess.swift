// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisLocal
import KreisPages
import KreisService
import KreisStore
import Logging
import ServiceLifecycle
import UnixSignals

/// The process of a daemon: its main service, the local socket and the watchdog, from start to a
/// graceful stop within five seconds after SIGTERM or SIGINT.
struct DaemonProcess {
  let replica: RunningReplica
  let logger: Logger
  let notifier: ServiceNotifier
  let socketGroup: String?
  let monitoring: MonitoringConfiguration
  /// For how long databases that were set aside are kept.
  let setAsideDays: @Sendable () -> UInt64

  /// All services together; then they are cancelled.
  private static let stopLimit: Duration = .milliseconds(4_300)

  /// Runs until it is stopped.
  ///
  /// - Parameters:
  ///   - name: of the main service, for the log.
  ///   - view: what only this daemon knows.
  ///   - handlers: its commands besides those of every replica.
  ///   - readAPI: the settings of the read API; `nil`: there is none.
  ///   - contact: whom readers of pages can turn to.
  ///   - console: where the console listens; `nil`: there is none.
  ///   - folder: whose files are imported; `nil`: none.
  ///   - digest: what is sent by mail; `nil`: nothing.
  ///   - others: services beside those of every daemon.
  ///   - reload: takes up changed settings at SIGHUP; returns those that wait for the next start.
  ///   - probe: returns when the main loop has answered.
  /// - Throws: what ended a service.
  func run(
    _ main: any Service, name: String, view: DaemonView,
    handlers: [String: CommandHandler] = [:], readAPI: ReadAPIConfiguration? = nil,
    contact: PageContact = PageContact(),
    console: ConsoleSetting? = nil,
    importing folder: String? = nil, digest: Digest? = nil,
    others: [ServiceGroupConfiguration.ServiceConfiguration] = [],
    reload: @escaping @Sendable () async throws -> [String],
    probe: @escaping @Sendable () async throws -> Void
  ) async throws {
    // Before anybody can know that this runs: untrapped, the signal would end it.
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    // Whoever went away is noticed where it is written to.
    signal(SIGPIPE, SIG_IGN)
    // A file that may not grow is met where it is written, like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    let store = replica.store
    let executor = CommandExecutor(
      store: store, spool: replica.directory.path, now: SystemClock.now, daemon: view,
      software: Kreisnetz.version, handlers: handlers)
    let local = try LocalServer(
      in: replica.directory, lock: replica.lock, executor: executor, group: socketGroup,
      logger: logger)
    let monitor = try monitoring.group.map { group in
      try LocalServer(
        watchedBy: group, besides: socketGroup, in: replica.directory, lock: replica.lock,
        executor: executor, logger: logger)
    }
    let watchdog = Watchdog(notifier, logger: logger) {
      try await probe()
      await store.probe()
    }
    // Stopped in reverse. The names are given because the default describes a service with all that
    // it holds, keys included.
    var others = others
    if let folder {
      let watch = try DropFolder(
        folder, executor: executor, now: SystemClock.now, logger: logger)
      others.append(
        .init(service: DropFolderService(folder: watch), serviceName: "import folder"))
    }
    if let readAPI {
      others.append(
        .init(service: try ReadAPIService(readAPI, contact, store, logger), serviceName: "read API")
      )
    }
    if let console {
      others.append(
        .init(
          service: try ConsoleService(console, contact, executor, in: replica.directory, logger),
          serviceName: "console"))
    }
    if store.identity.role == .hub {
      others.append(
        .init(
          service: MeasuringService(executor: executor, logger: logger), serviceName: "measuring"))
    }
    if let digest {
      others.append(
        .init(
          service: DigestService(digest: digest, executor: executor, logger: logger),
          serviceName: "digest"))
    }
    if let monitor {
      others.append(
        .init(service: LocalCommandService(server: monitor), serviceName: "monitor socket"))
    }
    if let listen = monitoring.listen {
      others.append(
        .init(service: MetricsService(listen, executor, logger), serviceName: "metrics"))
    }
    var configuration = ServiceGroupConfiguration(
      services: [
        .init(service: main, serviceName: name),
        .init(service: LocalCommandService(server: local), serviceName: "local socket"),
        .init(service: ScrubService(store: store, logger: logger), serviceName: "scrub"),
        .init(
          service: SetAsideService(replica: replica, days: setAsideDays, logger: logger),
          serviceName: "set aside"),
        .init(service: DutyService(store: store, logger: logger), serviceName: "duties"),
        .init(service: watchdog, serviceName: "watchdog"),
        .init(service: RestService(store: store), serviceName: "rest"),
        .init(
          service: ReloadService(
            hangups: hangups, notifier: notifier, logger: logger, reload: reload),
          serviceName: "reload"),
        .init(service: StoreWatch(store: store), serviceName: "store"),
      ] + others + [.init(service: StopLimit(logger: logger), serviceName: "stop limit")],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = Self.stopLimit
    try await ServiceGroup(configuration: configuration).run()
    logger.notice("stopped")
  }
}

/// Ends the daemon when a write failed so that what is on disk is not known: recovery is the normal
/// start-up path.
private struct StoreWatch: Service {
  let store: Store

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      for await failure in store.failures { throw failure }
    }
  }
}

/// Ends the process when its services take too long to stop: a disk that hangs, or thousands of streams.
/// What was reported is durable, and who still waits is cut off and asks again.
private struct StopLimit: Service {
  let logger: Logger

  /// Time for the process itself to end is left.
  private static let seconds = 4.5

  func run() async throws {
    try? await gracefulShutdown()
    guard !Task.isCancelled else { return }
    // On a thread of its own, because what is busy may be Swift's.
    Thread.detachNewThread { [logger] in
      Thread.sleep(forTimeInterval: Self.seconds)
      logger.warning("Not everything ended in time; it is cut off.")
      Kreisnetz.leave(Outcome.done.rawValue)
    }
  }
}

/// Ends the local socket with the other services; it answers from its making on.
private struct LocalCommandService: Service {
  let server: LocalServer

  func run() async throws {
    try? await gracefulShutdown()
    await onOwnThread(server.stop)
  }
}

/// Ends the import folder with the other services; it is watched from its making on.
private struct DropFolderService: Service {
  let folder: DropFolder

  func run() async throws {
    try? await gracefulShutdown()
    await onOwnThread(folder.stop)
  }
}
