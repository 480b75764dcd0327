// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import KreisPages

/// Lets only pages of this console reach it: other pages in the same browser must neither read nor
/// change anything.
struct RequestGuard: Sendable {
  /// Names of this machine that no other can have. A page of another name that was made to resolve to
  /// this machine (DNS rebinding) still sends its own name.
  private static let hosts: Set<String> = ["127.0.0.1", "localhost", "[::1]"]

  /// - Throws: `Refusal`.
  func check(_ head: HTTPRequest) throws(Refusal) {
    guard let authority = head.authority, Self.hosts.contains(Self.name(authority)) else {
      throw .wrongHost
    }
    guard head.method != .get, head.method != .head else { return }
    // Each browser of the last years sends one of both with every form.
    let site = head.headerFields[.secFetchSite]
    let origin = head.headerFields[.origin]
    guard site != nil || origin != nil, site == nil || site == "same-origin",
      origin == nil || origin == "http://\(authority)"
    else { throw .foreign }
  }

  /// Whether the form is one that this console gave to this browser.
  ///
  /// - Throws: `Refusal`.
  func checkToken(_ request: ConsoleRequest) throws(Refusal) {
    guard let cookie = request.cookies[ConsoleRequest.tokenCookie], Self.isToken(cookie),
      request.form["token"] == cookie
    else { throw .foreign }
  }

  /// The token of a browser, or a new one.
  func token(_ request: ConsoleRequest?) -> String {
    if let known = request?.cookies[ConsoleRequest.tokenCookie], Self.isToken(known) {
      return known
    }
    var generator = SystemRandomNumberGenerator()
    return (0..<4).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
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
}
