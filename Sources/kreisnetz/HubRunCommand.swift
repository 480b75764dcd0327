import ArgumentParser
import Foundation
import KreisCore
import KreisHub
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore
import Logging
import NIOCore

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
    JournalLogHandler.bootstrap(level: settings.logLevel)
    let replica = try await RunningReplica.open(state.path(), as: .hub)
    let identity = replica.store.identity
    let certificate = try HubCertificate(
      certificateFile: settings.tlsCertificate
        ?? "\(replica.directory.path)/\(StateDirectory.certificate)",
      keyFile: settings.tlsKey ?? "\(replica.directory.path)/\(StateDirectory.certificateKey)",
      now: SystemClock.now())
    try check(certificate, identity.hubPin)
    let named = try namedKeys(certificate, settings, replica.directory)
    let address = ListenAddress(url: identity.hubURL, settings)
    var server = HubServerConfiguration(address: address.host, port: address.port)
    server.maximumConnections = settings.maximumConnections
    server.software = "kreisnetz \(Kreisnetz.version)"
    server.requestsPerSecond = Double(settings.requestsPerSecond)
    let notifier = ServiceNotifier()
    let logger = Logger(label: "kreisnetz.hub")
    let hub = HubServer(
      store: replica.store, configuration: server, certificate: certificate,
      named: named, clock: HubClock(start: SystemClock.now()), logger: logger,
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
      setAsideDays: settings.setAsideDays)
    do {
      try await process.run(
        hub, name: "hub",
        view: DaemonView(
          status: {
            if hub.storeTrouble.current != nil { replica.store.lookAgain(hub.storeTrouble.note) }
            return [
              "listening": .string("\(address)"),
              "certificate_expires_at": .integer(Int(clamping: certificate.expiresAt)),
              "gathering": replica.store.isGathering
                ? "the members' logs; then: kreisnetz hub gather --close" : .null,
              "halted": replica.store.halted.map { .string($0) } ?? .null,
              "store_trouble": hub.storeTrouble.current.map { .string($0) } ?? .null,
            ]
          }, wrote: hub.storeTrouble.note),
        handlers: HubHandlers.all(
          replica.store, replica.directory, offeredAt: hub.visits.last(of:)
        ).merging([DoctorHandler.command: DoctorHandler.handler(replica.directory, settings)]) {
          own, _ in own
        },
        readAPI: settings.readAPI, probe: hub.probe)
    } catch let error as IOError {
      throw CommandError(
        .notNow,
        "The hub cannot listen on \(address): \(String(cString: strerror(error.errnoCode))). "
          + "Another program may use the port; see listen_address and listen_port.")
    }
  }

  private func namedKeys(
    _ certificate: HubCertificate, _ settings: HubConfiguration, _ directory: StateDirectory
  ) throws -> NamedTLSKeys {
    let others = try settings.alsoNamed.map { try HubCertificate.keyHashes(inFile: $0) } ?? []
    guard others.count < TLSNotice.keyLimit else {
      throw CommandError(
        .wrongUse, "tls_also_named has more than \(TLSNotice.keyLimit - 1) certificates.")
    }
    return NamedTLSKeys(
      keys: [certificate.keyHash] + others,
      kept: try directory.readSecret(StateDirectory.namedKeys),
      keep: { try directory.write($0, to: StateDirectory.namedKeys) })
  }

  private func check(_ certificate: HubCertificate, _ pin: [UInt8]?) throws {
    guard let pin, pin != certificate.keyHash.bytes else { return }
    throw CommandError(
      .wrongUse,
      "The certificate has another key than the one that the towns' invites pin, so no town would "
        + "connect. Use the certificate that \"hub init\" made, or one with the same key.")
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
