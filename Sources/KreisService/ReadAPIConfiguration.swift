// SPDX-License-Identifier: EUPL-1.2

/// Where the read API listens; there is none without `read_api_listen`.
package struct ReadAPIConfiguration: Sendable, Equatable {
  package let address: String
  package let port: UInt16
  /// The address as clients have it, without slash at its end.
  package let publicURL: String?
  package let requestsPerSecond: Int
  /// Whether pages for families are served beside the API.
  package let hasPages: Bool

  static let names = [
    "read_api_listen", "read_api_url", "read_api_requests_per_second", "public_page",
  ]

  /// - Throws: `ConfigurationError` for a setting that is wrong, or of no use without the first.
  init?(_ settings: Settings) throws(ConfigurationError) {
    guard let listen = try settings.listen("read_api_listen") else {
      for name in Self.names.dropFirst() where try settings.text(name) != nil {
        throw settings.wrong(name, "is of no use without read_api_listen")
      }
      return nil
    }
    (address, port) = (listen.address, listen.port)
    if let url = try settings.text("read_api_url") {
      guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
        throw settings.wrong("read_api_url", "must begin with https:// or http://")
      }
      publicURL = url.hasSuffix("/") ? String(url.dropLast()) : url
    } else {
      publicURL = nil
    }
    requestsPerSecond =
      try settings.number("read_api_requests_per_second", in: 1...10_000) ?? 20
    hasPages = try settings.flag("public_page") ?? false
  }
}
