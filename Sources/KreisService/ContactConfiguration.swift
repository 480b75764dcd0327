// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// Whom readers of pages can turn to, and what a publisher has to link.
package struct ContactConfiguration: Sendable, Equatable {
  package let name: String?
  package let email: String?
  package let phone: String?
  package let imprintURL: String?
  package let privacyURL: String?

  static let names = [
    "contact_name", "contact_email", "contact_phone", "imprint_url", "privacy_url",
  ]

  /// - Throws: `ConfigurationError`.
  init(_ settings: Settings) throws(ConfigurationError) {
    name = try settings.text("contact_name")
    email = try settings.text("contact_email")
    if let email {
      // What pages make a link of must be nothing but an address.
      let parts = email.split(separator: "@", omittingEmptySubsequences: false)
      let isPlain = email.unicodeScalars.allSatisfy { scalar in
        scalar.isASCII
          && (scalar.properties.isAlphabetic || "0123456789.@_+-".unicodeScalars.contains(scalar))
      }
      guard parts.count == 2, !parts[0].isEmpty, parts[1].contains("."), isPlain else {
        throw settings.wrong("contact_email", "must be an address like familien@kreis.example.org")
      }
    }
    phone = try settings.text("contact_phone")
    if let phone {
      guard phone.contains(where: { $0.isASCII && $0.isNumber }) else {
        throw settings.wrong("contact_phone", "must be a telephone number")
      }
    }
    imprintURL = try Self.url("imprint_url", settings)
    privacyURL = try Self.url("privacy_url", settings)
  }

  private static func url(
    _ name: String, _ settings: Settings
  ) throws(ConfigurationError) -> String? {
    guard let text = try settings.text(name) else { return nil }
    guard text.hasPrefix("https://"), let host = URLComponents(string: text)?.host, !host.isEmpty
    else { throw settings.wrong(name, "must be an address that begins with https://") }
    return text
  }
}
