// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisCore

/// Who gets a mail about what waits, and how; nobody without `digest_to`.
package struct DigestConfiguration: Sendable, Equatable {
  package struct Login: Sendable, Equatable {
    package let user: String
    package let password: String
  }

  package let to: [String]
  package let from: String
  /// `smtps://HOST:PORT` or `smtp://HOST:PORT`.
  package let server: String
  package let login: Login?
  /// PEM file of the authorities that the server's certificate may come from; `nil`: those that this
  /// machine trusts.
  package let caFile: String?
  /// `nil`: Monday to Friday.
  package let weekday: Weekday?
  package let hour: Int

  static let names = [
    "digest_to", "digest_from", "digest_smtp", "digest_user", "digest_password_file",
    "digest_weekday", "digest_hour",
  ]

  private static let weekdays: KeyValuePairs<String, Weekday> = [
    "monday": .monday, "tuesday": .tuesday, "wednesday": .wednesday, "thursday": .thursday,
    "friday": .friday, "saturday": .saturday, "sunday": .sunday,
  ]

  /// - Throws: `ConfigurationError`, also without a console to link to.
  init?(_ settings: Settings, console: ConsoleSetting?) throws(ConfigurationError) {
    guard let text = try settings.text("digest_to") else {
      for name in Self.names.dropFirst() where try settings.text(name) != nil {
        throw settings.wrong(name, "is of no use without digest_to")
      }
      return nil
    }
    guard console != nil else {
      throw settings.wrong("digest_to", "needs console_listen: the mail links to the console")
    }
    var to: [String] = []
    for part in text.split(separator: ",") {
      let address = part.trimmingCharacters(in: .whitespaces)
      guard Self.isAddress(address) else {
        throw settings.wrong("digest_to", "names \"\(address)\", which is no mail address")
      }
      to.append(address)
    }
    guard (1...20).contains(to.count) else {
      throw settings.wrong("digest_to", "must be 1 to 20 mail addresses with commas between")
    }
    self.to = to
    guard let from = try settings.text("digest_from"), Self.isAddress(from) else {
      throw settings.wrong("digest_to", "needs digest_from, the address that the mail comes from")
    }
    self.from = from
    server = try Self.server(settings)
    login = try settings.login("digest").map { Login(user: $0.user, password: $0.password) }
    caFile = try settings.file("ca_file")
    let day = try settings.text("digest_weekday") ?? "monday"
    if day == "workdays" {
      weekday = nil
    } else if let known = Self.weekdays.first(where: { $0.key == day }) {
      weekday = known.value
    } else {
      throw settings.wrong("digest_weekday", "must be monday to sunday, or workdays")
    }
    hour = try settings.number("digest_hour", in: 0...23) ?? 7
  }

  private static func isAddress(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9.!#$%&'*+\/=?^_`{|}~\-]{1,64}@[A-Za-z0-9.\-]{1,200}/) != nil
  }

  private static func server(_ settings: Settings) throws(ConfigurationError) -> String {
    guard let url = try settings.text("digest_smtp") else {
      throw settings.wrong("digest_to", "needs digest_smtp, the mail server")
    }
    guard url.wholeMatch(of: /smtps?:\/\/([A-Za-z0-9.\-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?/) != nil
    else {
      throw settings.wrong(
        "digest_smtp",
        "must be smtps:// or smtp:// (STARTTLS), a name and maybe a port, like "
          + "smtps://mail.example.org:465, without user and password")
    }
    return url
  }
}
