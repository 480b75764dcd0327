// SPDX-License-Identifier: EUPL-1.2

/// Where the console in the browser listens, and whom it lets in; there is none without
/// `console_listen`.
package struct ConsoleSetting: Sendable, Equatable {
  package enum Place: Sendable, Equatable {
    /// An address that only this machine reaches.
    case loopback(address: String, port: UInt16)
    case socket(path: String)
  }

  package enum SignIn: Sendable, Equatable {
    /// It asks nobody.
    case none
    case accounts
    /// A reverse proxy says it in a header; `address`: the proxy's, `nil` on a socket.
    case proxy(header: String, address: String?)
  }

  package let place: Place
  package let signIn: SignIn
  /// The console's address as browsers have it behind a reverse proxy with TLS: `https://` and a name,
  /// maybe a port.
  package let url: String?
  /// After how long nobody is signed in any more who does nothing, and after how long at all; `nil`: as
  /// the console has it.
  package let idleMinutes: UInt64?
  package let sessionHours: UInt64?

  static let names = [
    "console_listen", "console_sign_in", "console_url", "console_proxy_header",
    "console_proxy_address", "console_idle_minutes", "console_session_hours",
  ]

  /// - Throws: `ConfigurationError`, also for an address that other machines reach, and for what would
  ///   let others than this machine's in without asking them.
  init?(_ settings: Settings) throws(ConfigurationError) {
    guard let place = try Self.place(settings) else {
      for name in Self.names.dropFirst() where try settings.text(name) != nil {
        throw settings.wrong(name, "is of no use without console_listen")
      }
      return nil
    }
    self.place = place
    signIn = try Self.signIn(settings, at: place)
    url = try Self.url(settings)
    idleMinutes = try settings.number("console_idle_minutes", in: 5...1_440)
    sessionHours = try settings.number("console_session_hours", in: 1...168)
    for (name, value) in [
      ("console_idle_minutes", idleMinutes), ("console_session_hours", sessionHours),
    ] where value != nil && signIn != .accounts {
      throw settings.wrong(
        name,
        "is of no use without console_sign_in: accounts; only with them the console has sessions")
    }
    guard url == nil || signIn != .none else {
      throw settings.wrong(
        "console_url",
        "lets other machines reach the console, which asks nobody who they are; set "
          + "console_sign_in to accounts or proxy")
    }
  }

  private static func place(_ settings: Settings) throws(ConfigurationError) -> Place? {
    let name = "console_listen"
    guard let text = try settings.text(name) else { return nil }
    if text.hasPrefix("/") {
      guard text.utf8.count <= 100, !text.hasSuffix("/") else {
        throw settings.wrong(name, "names a path that cannot be a socket; at most 100 bytes")
      }
      return .socket(path: text)
    }
    guard let listen = try settings.listen(name, defaultAddress: "127.0.0.1") else { return nil }
    guard ["127.0.0.1", "::1"].contains(listen.address) else {
      throw settings.wrong(
        name,
        "must be 127.0.0.1, [::1] or the path of a socket, because the console speaks no TLS; for "
          + "others than this machine put a reverse proxy in front (console_url), or use ssh -L")
    }
    return .loopback(address: listen.address, port: listen.port)
  }

  private static func signIn(
    _ settings: Settings, at place: Place
  ) throws(ConfigurationError) -> SignIn {
    let header = try settings.text("console_proxy_header")
    let address = try settings.text("console_proxy_address")
    let way = try settings.text("console_sign_in") ?? "none"
    guard way == "proxy" else {
      for (name, value) in [("console_proxy_header", header), ("console_proxy_address", address)]
      where value != nil {
        throw settings.wrong(name, "is of no use without console_sign_in: proxy")
      }
      switch way {
      case "none": return .none
      case "accounts": return .accounts
      default: throw settings.wrong("console_sign_in", "must be none, accounts or proxy")
      }
    }
    guard let header, header.utf8.allSatisfy(Self.isHeader) else {
      throw settings.wrong(
        "console_sign_in",
        "needs console_proxy_header, the name of the header in which the proxy says who it is, "
          + "like X-Remote-User")
    }
    switch place {
    case .socket:
      guard address == nil else {
        throw settings.wrong(
          "console_proxy_address", "is of no use on a socket: who may open it is the proxy")
      }
    case .loopback:
      guard let address, address == "::1" || address.hasPrefix("127.") else {
        throw settings.wrong(
          "console_sign_in",
          "needs console_proxy_address, from which the proxy connects: 127.0.0.1 or ::1; better "
            + "is a socket, because every account of this machine can connect from there")
      }
    }
    return .proxy(header: header, address: address)
  }

  private static func isHeader(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D
  }

  /// Without the port that https has anyway, as browsers name it.
  private static func url(_ settings: Settings) throws(ConfigurationError) -> String? {
    guard let text = try settings.text("console_url") else { return nil }
    var url = text.hasSuffix("/") ? String(text.dropLast()) : text
    if url.hasSuffix(":443") { url.removeLast(4) }
    let rest = url.dropFirst("https://".count)
    guard url.hasPrefix("https://"), !rest.isEmpty,
      rest.utf8.allSatisfy({ isHeader($0) || ".:[]".utf8.contains($0) })
    else {
      throw settings.wrong(
        "console_url",
        "must be https:// and a name, without a path, like https://kreisnetz.example.org")
    }
    return url
  }
}
