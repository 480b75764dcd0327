// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisPages
import KreisService
import KreisStore
import KreisTown
import KreisTransport
import Logging

struct TownRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a town's daemon until it is stopped.",
    discussion: """
      Pushes what is written here, follows the hub and answers the other commands over the socket in \
      the state directory. Works without a network, and connects when there is one.

      Example:
        kreisnetz town run --state /var/lib/kreisnetz/halver --config /etc/kreisnetz/town.yaml
      """)

  @OptionGroup var state: StateOptions

  @Option(help: ArgumentHelp("Settings in YAML; none is needed.", valueName: "file"))
  var config: String?

  func run() async throws {
    let configuration = try TownConfiguration(path: config)
    let current = CurrentSettings(configuration)
    let threshold = LogThreshold(configuration.logLevel)
    JournalLogHandler.bootstrap(threshold)
    let replica = try await RunningReplica.open(state.path(), as: .town)
    let identity = replica.store.identity
    let transport = ReplaceableTransport(
      try TownConnection.transport(of: replica.store, replica.directory, configuration))
    let client = TownConnection.client(store: replica.store, over: transport)
    let notifier = ServiceNotifier()
    var logger = Logger(label: "kreisnetz.town")
    logger[metadataKey: "member"] = "\(identity.name)"
    let daemon = TownDaemon(
      store: replica.store, directory: replica.directory, client: client,
      software: "kreisnetz \(Kreisnetz.version)", logger: logger, now: SystemClock.now,
      random: SystemClock.random,
      onReady: { [logger] in
        logger.notice("running", metadata: ["version": "\(Kreisnetz.version)"])
        notifier.ready()
      })
    let process = DaemonProcess(
      replica: replica, logger: logger, notifier: notifier, socketGroup: configuration.socketGroup,
      monitoring: configuration.monitoring,
      setAsideDays: { current.now.setAsideDays })
    let digest = try configuration.digest.map { settings in
      try Digest(settings, console: configuration.console?.link ?? "", in: replica.directory)
    }
    let resync = ResyncHandler.town(client: client, store: replica.store)
    try await process.run(
      daemon, name: "town",
      view: DaemonView(
        status: {
          // What stood in the way may be gone although nothing was written since.
          if daemon.board.current.storeTrouble != nil {
            replica.store.lookAgain(daemon.board.noteStore(trouble:))
          }
          return TownStatusJSON.value(daemon.board.current, digest: digest?.failure)
        },
        wrote: { daemon.board.noteStore(trouble: $0) }),
      handlers: [
        "resync": { call in
          let outcome = try resync(call)
          // Logs that were stopped are tried again by the daemon too.
          Task { try? await daemon.retryNow() }
          return outcome
        },
        DoctorHandler.command: DoctorHandler.handler(replica.directory),
        RotationHandler.command: RotationHandler.handler { await daemon.rotate() },
      ], readAPI: configuration.readAPI, contact: PageContact(configuration.contact),
      console: configuration.console,
      importing: configuration.importWatch, digest: digest,
      reload: {
        let new = try TownConfiguration(path: config)
        transport.replace(
          with: try TownConnection.transport(of: replica.store, replica.directory, new))
        threshold.level = new.logLevel
        current.now = new
        // What waits for the hub may have waited for the other proxy.
        try await daemon.retryNow()
        return new.needingRestart(since: current.first)
      }, probe: daemon.probe)
  }
}

/// What a town's daemon adds to `status`.
enum TownStatusJSON {
  /// - Parameter digest: why the last one could not be sent.
  static func value(_ status: TownStatus, digest: String?) -> JSONValue {
    let (state, mode, reason): (String, String?, String?) =
      switch status.link {
      case .connecting: ("connecting", nil, nil)
      case .connected(.stream): ("connected", "stream", nil)
      case .connected(.poll): ("connected", "poll", nil)
      case .waiting(let reason): ("waiting", nil, reason)
      case .alarmed(let reason): ("alarmed", nil, reason)
      }
    let recovery: String? =
      switch status.recovery {
      case .none: nil
      case .opening: "asking the hub for the next key generation"
      case .waiting(let reason): "the next key generation waits: \(reason)"
      case .refused(let reason): "the next key generation is refused: \(reason)"
      case .catchingUp: "taking this replica's own logs back up"
      case .reissuing: "issuing anew what the hub had not accepted"
      }
    let text = { (text: String?) in text.map { JSONValue.string($0) } ?? .null }
    let stopped = status.stopped.sorted { $0.key < $1.key }.map {
      JSONValue.string("\($0.key): \($0.value)")
    }
    return [
      "hub": .string(state), "mode": text(mode), "reason": text(reason),
      "recovery": text(recovery),
      "upgrade": text(status.outdated),
      "last_contact": status.lastContact.map { .integer(Int($0)) } ?? .null,
      "caught_up_at": status.caughtUp.map { .integer(Int($0)) } ?? .null,
      "clock_offset": status.clockOffset.map { .integer(Int($0)) } ?? .null,
      "stopped_logs": .array(stopped), "store_trouble": text(status.storeTrouble),
      "digest_trouble": text(digest),
    ]
  }
}
