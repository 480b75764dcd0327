// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import Logging

/// The settings of the hub's daemon; `config/hub.yaml` explains them.
package struct HubConfiguration: Sendable, Equatable {
  package var logLevel = Logger.Level.info
  package var socketGroup: String?
  /// `nil`: loopback if the hub's URL is there, else every address of the machine.
  package var listenAddress: String?
  /// `nil`: that of the URL with which the hub was set up.
  package var listenPort: UInt16?
  package var tlsCertificate: String?
  package var tlsKey: String?
  /// Certificates besides the hub's own by whose keys it is reached.
  package var alsoNamed: String?
  package var maximumConnections = 1_024
  /// Of one member; more than the hub can remember as seen are not admitted.
  package var requestsPerSecond = 30

  /// For how long a database that was replaced is kept.
  package var setAsideDays: UInt64 = 30

  package var readAPI: ReadAPIConfiguration?
  package var console: ConsoleSetting?
  package var contact: ContactConfiguration
  package var digest: DigestConfiguration?
  package var monitoring = MonitoringConfiguration()

  package static let names =
    [
      "log_level", "socket_group", "listen_address", "listen_port", "tls_certificate", "tls_key",
      "max_connections", "requests_per_second", "set_aside_days",
      "tls_also_named", "ca_file",
    ] + ReadAPIConfiguration.names + ContactConfiguration.names + ConsoleSetting.names
    + DigestConfiguration.names + MonitoringConfiguration.names

  /// Reads the file at `path`, or only the environment.
  ///
  /// - Throws: `ConfigurationError`, naming file and line or the variable.
  package init(
    path: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) {
    let settings = try Settings(path: path, known: Self.names, environment: environment)
    logLevel = try settings.logLevel() ?? logLevel
    socketGroup = try settings.text("socket_group")
    listenAddress = try settings.text("listen_address")
    listenPort = try settings.number("listen_port", in: 0...UInt16.max)
    setAsideDays = try settings.number("set_aside_days", in: 1...365) ?? setAsideDays
    readAPI = try ReadAPIConfiguration(settings)
    contact = try ContactConfiguration(settings)
    console = try ConsoleSetting(settings)
    digest = try DigestConfiguration(settings, console: console)
    monitoring = try MonitoringConfiguration(settings)
    tlsCertificate =
      try settings.file("tls_certificate") ?? settings.credential("tls_certificate")
    tlsKey = try settings.file("tls_key") ?? settings.credential("tls_key")
    alsoNamed = try settings.file("tls_also_named")
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw settings.wrong(
        tlsKey == nil ? "tls_certificate" : "tls_key",
        "needs the other one: a certificate is of no use without its key")
    }
    maximumConnections =
      try settings.number("max_connections", in: 8...65_536) ?? maximumConnections
    requestsPerSecond =
      try settings.number("requests_per_second", in: 1...32) ?? requestsPerSecond
  }

  /// The names of settings that differ from `earlier` and count only from the next start on.
  package func needingRestart(since earlier: Self) -> [String] {
    [
      socketGroup == earlier.socketGroup ? nil : "socket_group",
      listenAddress == earlier.listenAddress ? nil : "listen_address",
      listenPort == earlier.listenPort ? nil : "listen_port",
      maximumConnections == earlier.maximumConnections ? nil : "max_connections",
      readAPI == earlier.readAPI ? nil : "read_api_…",
      console == earlier.console ? nil : "console_…",
      contact == earlier.contact ? nil : "contact_…",
      digest == earlier.digest ? nil : "digest_…",
    ].compactMap { $0 } + monitoring.needingRestart(since: earlier.monitoring)
  }
}
