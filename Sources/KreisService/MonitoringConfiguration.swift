// SPDX-License-Identifier: EUPL-1.2

/// Who may watch a daemon, and where its metrics are shown.
package struct MonitoringConfiguration: Sendable, Equatable {
  /// Whose members may ask how the daemon is, and nothing else; `nil`: nobody.
  package var group: String?
  /// Where metrics are shown over HTTP; `nil`: nowhere.
  package var listen: ListenSetting?

  package init() {}

  static let names = ["monitor_group", "metrics_listen"]

  /// - Throws: `ConfigurationError`.
  init(_ settings: Settings) throws(ConfigurationError) {
    group = try settings.text("monitor_group")
    listen = try settings.listen("metrics_listen", defaultAddress: "127.0.0.1")
  }

  /// The names of settings that differ from `earlier` and count only from the next start on.
  func needingRestart(since earlier: Self) -> [String] {
    [
      group == earlier.group ? nil : "monitor_group",
      listen == earlier.listen ? nil : "metrics_listen",
    ].compactMap { $0 }
  }
}

/// An address and a port of this machine.
package struct ListenSetting: Sendable, Equatable {
  package let address: String
  package let port: UInt16
}

extension Settings {
  /// An address and a port, like 127.0.0.1:8080 or [::1]:8080.
  ///
  /// - Parameter defaultAddress: for a port alone; `nil`: the address must be named.
  func listen(
    _ name: String, defaultAddress: String? = nil
  ) throws(ConfigurationError) -> ListenSetting? {
    guard let text = try text(name) else { return nil }
    if let defaultAddress, let port = UInt16(text) {
      return ListenSetting(address: defaultAddress, port: port)
    }
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...])
    else {
      throw wrong(name, "must be an address and a port, like 127.0.0.1:8080 or [::1]:8080")
    }
    let host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    let address = isBracketed ? String(host.dropFirst().dropLast()) : String(host)
    guard !address.isEmpty else {
      throw wrong(name, "names no address, for example 127.0.0.1:8080")
    }
    return ListenSetting(address: address, port: port)
  }
}
