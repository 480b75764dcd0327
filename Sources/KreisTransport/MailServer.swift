// SPDX-License-Identifier: EUPL-1.2

import CCurl
import Foundation

/// Why a mail could not be handed over, for the person who set it up.
package struct MailError: Error, Hashable, CustomStringConvertible, Sendable {
  package let description: String
}

/// A mail server that takes messages (SMTP, RFC 5321).
package struct MailServer: Hashable, Sendable {
  /// `smtps://HOST:PORT` (TLS from the first byte) or `smtp://HOST:PORT` (STARTTLS).
  package let url: String
  package let login: Login?
  /// A PEM file of authorities; `nil`: those that this machine trusts.
  package let caFile: String?

  package struct Login: Hashable, Sendable {
    package let user: String
    package let password: String

    package init(user: String, password: String) { (self.user, self.password) = (user, password) }
  }

  package init(url: String, login: Login?, caFile: String?) {
    (self.url, self.login, self.caFile) = (url, login, caFile)
  }

  /// Seconds to connect, and for all of it.
  private static let connectLimit = 20
  private static let limit = 120

  /// Only on this machine nobody listens in between.
  private var isLocal: Bool {
    let host = url.split(separator: "/").dropFirst().first ?? ""
    return ["127.0.0.1", "localhost", "[::1]"].contains { host == $0 || host.hasPrefix($0 + ":") }
  }

  /// Hands a message over. Blocks; without TLS nothing is sent, unless the server is on this machine.
  ///
  /// - Throws: `MailError`.
  package func send(_ message: [UInt8], from: String, to: [String]) throws(MailError) {
    guard let easy = curl_easy_init() else {
      throw MailError(description: "The mail cannot be sent: there is no memory.")
    }
    defer { curl_easy_cleanup(easy) }
    var recipients: UnsafeMutablePointer<curl_slist>?
    for address in to { recipients = curl_slist_append(recipients, "<\(address)>") }
    defer { curl_slist_free_all(recipients) }
    var text = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
    let code = message.withUnsafeBytes { bytes in
      text.withUnsafeMutableBufferPointer { text in
        var upload = ccurl_upload(bytes: bytes.baseAddress, count: bytes.count, offset: 0)
        return withUnsafeMutablePointer(to: &upload) { upload in
          perform(easy, from, recipients, upload, text.baseAddress)
        }
      }
    }
    guard code != CURLE_OK else { return }
    let words = String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var reply = 0
    ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &reply)
    throw MailError(
      description: "The mail server \(url) did not take the digest: "
        + (words.isEmpty ? String(cString: curl_easy_strerror(code)) : words)
        + (reply >= 400 ? " (its answer was \(reply))" : "") + ".")
  }

  private func perform(
    _ easy: UnsafeMutableRawPointer, _ from: String,
    _ recipients: UnsafeMutablePointer<curl_slist>?, _ upload: UnsafeMutablePointer<ccurl_upload>,
    _ text: UnsafeMutablePointer<CChar>?
  ) -> CURLcode {
    var codes = [
      ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, text),
      ccurl_set_string(easy, CURLOPT_URL, url),
      ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
      // A web proxy takes no mail.
      ccurl_set_string(easy, CURLOPT_PROXY, ""), ccurl_set_string(easy, CURLOPT_NOPROXY, "*"),
      ccurl_set_string(easy, CURLOPT_MAIL_FROM, "<\(from)>"),
      ccurl_set_list(easy, CURLOPT_MAIL_RCPT, recipients),
      ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1),
      ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT, Self.connectLimit),
      ccurl_set_long(easy, CURLOPT_TIMEOUT, Self.limit),
      ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
      ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
      ccurl_set_long(
        easy, CURLOPT_USE_SSL, isLocal && url.hasPrefix("smtp://") ? 0 : ccurl_tls_required),
      ccurl_set_upload(easy, upload),
    ]
    if let caFile { codes.append(ccurl_set_string(easy, CURLOPT_CAINFO, caFile)) }
    if let login {
      codes.append(ccurl_set_string(easy, CURLOPT_USERNAME, login.user))
      codes.append(ccurl_set_string(easy, CURLOPT_PASSWORD, login.password))
    }
    return codes.first { $0 != CURLE_OK } ?? curl_easy_perform(easy)
  }
}
