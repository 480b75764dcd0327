// SPDX-License-Identifier: EUPL-1.2

import CCurl

/// A transfer that curl gave up, in the terms of `TransportError`.
struct CurlFailure {
  let code: CURLcode
  let easy: UnsafeMutableRawPointer
  /// curl's own words, maybe empty.
  let text: String
  let host: String
  let connect: Duration
  /// What the answer was allowed to be, in bytes.
  let limit: Int

  private var reason: String {
    text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
  }

  var error: TransportError {
    if let status = refusalByProxy { return .proxyRefused(host: host, status: status) }
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
      CURLE_PROXY, CURLE_INTERFACE_FAILED:
      return .unreachable(host: host, reason: reason)
    case CURLE_OPERATION_TIMEDOUT:
      return .timedOut(.connect, after: connect, host: host)
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return .keyMismatch(host: host)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
      return .certificateRejected(host: host, reason: reason)
    case CURLE_SSL_CONNECT_ERROR where !saysOpenSSLError:
      return .connectionLost(host: host, reason: reason)
    case CURLE_SSL_CONNECT_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL,
      CURLE_BAD_CONTENT_ENCODING:
      return .notHTTP(host: host, reason: reason)
    case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
      CURLE_HTTP2_STREAM:
      return .connectionLost(host: host, reason: reason)
    case CURLE_FILESIZE_EXCEEDED, CURLE_OUT_OF_MEMORY:
      // curl reports a header line beyond its own limit as lack of memory.
      return .responseTooLarge(host: host, limit: limit)
    case CURLE_URL_MALFORMAT, CURLE_SSL_CACERT_BADFILE, CURLE_BAD_FUNCTION_ARGUMENT:
      return .misconfigured("The request to \(host) cannot be made: \(reason). Check the settings.")
    default:
      return .connectionLost(host: host, reason: reason)
    }
  }

  /// The proxy's status when it answered CONNECT with anything but success.
  private var refusalByProxy: Int? {
    var status = 0
    ccurl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
    return status >= 300 ? status : nil
  }

  /// OpenSSL names what it could not understand ("error:0A00010B:…"); a broken connection during
  /// the handshake has the same code but other words.
  private var saysOpenSSLError: Bool {
    text.contains("error:")
  }
}
