// SPDX-License-Identifier: EUPL-1.2

/// Where the console in the browser listens; there is none without `console_listen`.
package enum ConsoleSetting: Sendable, Equatable {
  /// An address that only this machine reaches.
  case loopback(address: String, port: UInt16)
  case socket(path: String)

  static let names = ["console_listen"]

  /// - Throws: `ConfigurationError`, also for an address that other machines reach: whoever reaches the
  ///   console may read and change everything.
  init?(_ settings: Settings) throws(ConfigurationError) {
    let name = Self.names[0]
    guard let text = try settings.text(name) else { return nil }
    if text.hasPrefix("/") {
      guard text.utf8.count <= 100, !text.hasSuffix("/") else {
        throw settings.wrong(name, "names a path that cannot be a socket; at most 100 bytes")
      }
      self = .socket(path: text)
      return
    }
    guard let listen = try settings.listen(name, defaultAddress: "127.0.0.1") else { return nil }
    guard ["127.0.0.1", "::1"].contains(listen.address) else {
      throw settings.wrong(
        name,
        "must be 127.0.0.1, [::1] or the path of a socket, because the console asks nobody who they "
          + "are; reach it from elsewhere with ssh -L")
    }
    self = .loopback(address: listen.address, port: listen.port)
  }
}
