// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import Logging

/// The settings of a town's daemon; `config/town.yaml` explains them.
package struct TownConfiguration: Sendable, Equatable {
  package enum Proxy: Sendable, Equatable {
    case fromEnvironment
    case none
    case url(String)
  }

  package enum ProxyLogin: Sendable, Equatable {
    case password(user: String, password: String)
    case kerberos
  }

  package var logLevel = Logger.Level.info
  package var socketGroup: String?
  package var proxy = Proxy.fromEnvironment
  package var proxyLogin: ProxyLogin?
  package var caFile: String?
  /// For how long a database that was replaced is kept.
  package var setAsideDays: UInt64 = 30

  /// The folder whose files are imported.
  package var importWatch: String?
  package var readAPI: ReadAPIConfiguration?
  package var console: ConsoleSetting?
  package var contact: ContactConfiguration
  package var digest: DigestConfiguration?
  package var monitoring = MonitoringConfiguration()

  package static let names =
    [
      "log_level", "socket_group", "proxy", "proxy_user", "proxy_password_file", "proxy_kerberos",
      "ca_file", "set_aside_days", "import_watch",
    ] + ReadAPIConfiguration.names + ContactConfiguration.names + ConsoleSetting.names
    + DigestConfiguration.names
    + MonitoringConfiguration.names

  /// Reads the file at `path`, or only the environment.
  ///
  /// - Throws: `ConfigurationError`, naming file and line or the variable.
  package init(
    path: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ConfigurationError) {
    let settings = try Settings(path: path, known: Self.names, environment: environment)
    logLevel = try settings.logLevel() ?? logLevel
    socketGroup = try settings.text("socket_group")
    caFile = try settings.file("ca_file")
    setAsideDays = try settings.number("set_aside_days", in: 1...365) ?? setAsideDays
    importWatch = try settings.directory("import_watch")
    readAPI = try ReadAPIConfiguration(settings)
    contact = try ContactConfiguration(settings)
    console = try ConsoleSetting(settings)
    digest = try DigestConfiguration(settings, console: console)
    monitoring = try MonitoringConfiguration(settings)
    switch try settings.text("proxy") {
    case nil, "environment": proxy = .fromEnvironment
    case "none": proxy = .none
    case let url?:
      guard ["http://", "https://", "socks5://", "socks5h://"].contains(where: url.hasPrefix),
        !url.contains("@")
      else {
        throw settings.wrong(
          "proxy",
          "must be environment, none, or a URL like http://proxy.example.org:3128 without user and "
            + "password")
      }
      proxy = .url(url)
    }
    proxyLogin = try Self.login(settings)
  }

  /// The names of settings that differ from `earlier` and count only from the next start on.
  package func needingRestart(since earlier: Self) -> [String] {
    [
      socketGroup == earlier.socketGroup ? nil : "socket_group",
      importWatch == earlier.importWatch ? nil : "import_watch",
      readAPI == earlier.readAPI ? nil : "read_api_…",
      digest == earlier.digest ? nil : "digest_…",
      console == earlier.console ? nil : "console_…",
      contact == earlier.contact ? nil : "contact_…",
    ].compactMap { $0 } + monitoring.needingRestart(since: earlier.monitoring)
  }

  private static func login(_ settings: Settings) throws(ConfigurationError) -> ProxyLogin? {
    guard try settings.flag("proxy_kerberos") == true else {
      return try settings.login("proxy").map { .password(user: $0.user, password: $0.password) }
    }
    guard try settings.text("proxy_user") == nil else {
      throw settings.wrong("proxy_user", "cannot be set together with proxy_kerberos")
    }
    return .kerberos
  }
}
