// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisPages

/// Lets only pages of this console reach it: other pages in the same browser must neither read nor
/// change anything.
struct RequestGuard: Sendable {
  /// Names of this machine that no other can have. A page of another name that was made to resolve to
  /// this machine (DNS rebinding) still sends its own name.
  private static let hosts: Set<String> = ["127.0.0.1", "localhost", "[::1]"]

  /// What browsers call this console behind a reverse proxy with TLS, without port if that is the usual
  /// one; `nil`: there is none.
  let authority: String?

  /// - Parameter address: of the console as browsers have it, `https://…`, or `nil`.
  init(address: String? = nil) {
    authority = address.map { $0.dropFirst("https://".count).lowercased() }
  }

  /// - Returns: whether the browser speaks TLS, to the proxy in front.
  /// - Throws: `Refusal`.
  func check(_ head: HTTPRequest) throws(Refusal) -> Bool {
    guard let named = head.authority?.lowercased() else { throw .wrongHost }
    let isSecure = named == authority
    guard isSecure || Self.hosts.contains(Self.name(named)) else { throw .wrongHost }
    guard head.method != .get, head.method != .head else { return isSecure }
    // Each browser of the last years sends one of both with every form.
    let site = head.headerFields[.secFetchSite]
    let origin = head.headerFields[.origin]
    guard site != nil || origin != nil, site == nil || site == "same-origin",
      origin == nil || origin == "\(isSecure ? "https" : "http")://\(named)"
    else { throw .foreign }
    return isSecure
  }

  /// Whether the form is one that this console gave to this browser.
  ///
  /// - Throws: `Refusal`.
  func checkToken(_ request: ConsoleRequest) throws(Refusal) {
    guard let cookie = request.cookie(ConsoleRequest.tokenCookie), Self.isToken(cookie),
      request.form["token"] == cookie
    else { throw .foreign }
  }

  /// The token of a browser, or a new one.
  func token(_ request: ConsoleRequest?) -> String {
    if let known = request?.cookie(ConsoleRequest.tokenCookie), Self.isToken(known) { return known }
    return BrowserSecret.random().text
  }

  private static func isToken(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static func name(_ authority: String) -> String {
    guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
      return authority.lowercased()
    }
    return authority[..<colon].lowercased()
  }
}

extension HTTPField.Name {
  static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
  static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode") ?? .origin
  static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .via
}
