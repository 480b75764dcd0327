// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Foundation
import KreisCore
import KreisHub
import KreisInterchange
import KreisLocal
import KreisPages
import KreisService
import KreisStore
import Logging
import NIOCore
import ServiceLifecycle

struct HubRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the hub's daemon until it is stopped.",
    discussion: """
      Serves towns over HTTPS at the address given to "hub init", and the other commands over the \
      socket in the state directory.

      Example:
        kreisnetz hub run --state /var/lib/kreisnetz/hub --config /etc/kreisnetz/hub.yaml
      """)

  @OptionGroup var state: StateOptions

  @Option(help: ArgumentHelp("Settings in YAML; none is needed.", valueName: "file"))
  var config: String?

  func run() async throws {
    let settings = try HubConfiguration(path: config)
    let current = CurrentSettings(settings)
    let threshold = LogThreshold(settings.logLevel)
    JournalLogHandler.bootstrap(threshold)
    let replica = try await RunningReplica.open(state.path(), as: .hub)
    let identity = replica.store.identity
    let tls = try HubTLS(settings, replica.directory, pin: identity.hubPin)
    let address = ListenAddress(url: identity.hubURL, settings)
    var server = HubServerConfiguration(address: address.host, port: address.port)
    server.maximumConnections = settings.maximumConnections
    server.software = "kreisnetz \(Kreisnetz.version)"
    server.requestsPerSecond = Double(settings.requestsPerSecond)
    let notifier = ServiceNotifier()
    let logger = Logger(label: "kreisnetz.hub")
    let hub = try HubServer(
      store: replica.store, configuration: server, certificate: tls.certificate,
      named: tls.named(in: replica.directory), clock: HubClock(start: SystemClock.now()),
      logger: logger,
      onReady: { port in
        logger.notice(
          "running",
          metadata: [
            "address": "\(address.host)", "port": "\(port)", "version": "\(Kreisnetz.version)",
          ])
        notifier.ready()
      })
    let process = DaemonProcess(
      replica: replica, logger: logger, notifier: notifier, socketGroup: settings.socketGroup,
      monitoring: settings.monitoring,
      setAsideDays: { current.now.setAsideDays })
    let digest = try settings.digest.map { digest in
      try Digest(digest, console: settings.console?.link ?? "", in: replica.directory)
    }
    let reload = HubReload(
      config: config, hub: hub, directory: replica.directory, pin: identity.hubPin,
      current: current, threshold: threshold, logger: logger)
    do {
      try await process.run(
        hub, name: "hub",
        view: DaemonView(
          status: {
            if hub.storeTrouble.current != nil { replica.store.lookAgain(hub.storeTrouble.note) }
            return [
              "listening": .string("\(address)"),
              "certificate_expires_at": .integer(Int(clamping: hub.certificate.current.expiresAt)),
              "gathering": replica.store.isGathering
                ? "the members' logs; then: kreisnetz hub gather --close" : .null,
              "halted": replica.store.halted.map { .string($0) } ?? .null,
              "store_trouble": hub.storeTrouble.current.map { .string($0) } ?? .null,
              "digest_trouble": digest?.failure.map { .string($0) } ?? .null,
            ]
          },
          presence: {
            hub.presence.states.mapValues { state in
              switch state {
              case .here: .connected
              case .gone(let since): .gone(since: since)
              }
            }
          }, wrote: hub.storeTrouble.note),
        handlers: HubHandlers.all(
          replica.store, replica.directory, offeredAt: hub.visits.last(of:)
        ).merging([DoctorHandler.command: DoctorHandler.handler(replica.directory, settings)]) {
          own, _ in own
        },
        readAPI: settings.readAPI, contact: PageContact(settings.contact),
        console: settings.console, digest: digest,
        others: [
          .init(
            service: CertificateRenewal(logger: logger, look: reload.certificate),
            serviceName: "certificate")
        ],
        reload: reload.settings, probe: hub.probe)
    } catch let error as IOError {
      throw CommandError(
        .notNow,
        "The hub cannot listen on \(address): \(String(cString: strerror(error.errnoCode))). "
          + "Another program may use the port; see listen_address and listen_port.")
    }
  }
}

/// Where the hub listens.
struct ListenAddress: CustomStringConvertible {
  let host: String
  let port: Int

  /// As configured; else on loopback if the hub's URL is there, and on all addresses if not.
  init(url: String, _ settings: HubConfiguration) {
    let parts = URLComponents(string: url)
    port = settings.listenPort.map(Int.init) ?? parts?.port ?? 443
    switch (settings.listenAddress, parts?.host) {
    case (let address?, _): host = address
    case (nil, "127.0.0.1"?), (nil, "localhost"?): host = "127.0.0.1"
    case (nil, "[::1]"?), (nil, "::1"?): host = "::1"
    default: host = Self.hasIPv6 ? "::" : "0.0.0.0"
    }
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Where the kernel has it, the address :: takes IPv4 as well.
  private static var hasIPv6: Bool {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
