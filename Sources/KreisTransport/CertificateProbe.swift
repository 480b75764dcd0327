// SPDX-License-Identifier: EUPL-1.2

import CCurl

extension HubEndpoint {
  /// Who issued the certificate that is shown at the hub's address, for a person who looks for what
  /// stands in between. It is not verified, and nothing is sent over the connection. Blocks.
  ///
  /// - Parameter seconds: for the whole attempt.
  /// - Returns: `nil` if no TLS connection comes about.
  package func issuer(seconds: Int) -> String? {
    guard CurlTransport.isReady,
      let options = try? CurlOptions(ClientRequest(.get, "/"), to: self, isStream: true),
      (try? options.showCertificateOnly(seconds: seconds)) != nil,
      curl_easy_perform(options.easy) == CURLE_OK
    else { return nil }
    var text = [CChar](repeating: 0, count: 512)
    guard ccurl_issuer(options.easy, &text, text.count) != 0 else { return nil }
    let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
    // Anybody may have written it.
    let clean = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter {
      $0.value >= 32 && !(0x7F...0x9F).contains($0.value)
    }
    return String(String.UnicodeScalarView(clean))
  }
}
