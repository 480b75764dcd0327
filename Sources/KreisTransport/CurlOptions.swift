// SPDX-License-Identifier: EUPL-1.2

import CCurl

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A curl handle set up for one request, and the memory that it refers to.
final class CurlOptions {
  let easy: UnsafeMutableRawPointer

  private var fields: UnsafeMutablePointer<curl_slist>?
  private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  /// Sets up a handle.
  ///
  /// - Throws: `TransportError.misconfigured` when curl or HTTP does not allow what is asked for.
  init(_ request: ClientRequest, to endpoint: HubEndpoint, isStream: Bool) throws(TransportError) {
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    guard let easy = curl_easy_init() else {
      errorBuffer.deallocate()
      throw .misconfigured("libcurl has no memory left.")
    }
    self.easy = easy
    try set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorBuffer))
    try setCommon()
    try setTrust(endpoint.trust)
    try setProxy(endpoint)
    try setRequest(request, endpoint)
    try setVersion(isStream: isStream)
  }

  deinit {
    curl_easy_cleanup(easy)
    curl_slist_free_all(fields)
    errorBuffer.deallocate()
  }

  /// Makes the handle shake hands and no more, whoever is at the other end: nothing is sent.
  func showCertificateOnly(seconds: Int) throws(TransportError) {
    try Self.check(ccurl_set_string(easy, CURLOPT_PINNEDPUBLICKEY, nil))
    try set(CURLOPT_SSL_VERIFYPEER, 0)
    try set(CURLOPT_SSL_VERIFYHOST, 0)
    try set(CURLOPT_CERTINFO, 1)
    try set(CURLOPT_CONNECT_ONLY, 1)
    try set(CURLOPT_TIMEOUT_MS, seconds * 1_000)
  }

  /// What curl says about a failure, empty when it says nothing.
  var errorText: String { String(cString: errorBuffer) }

  static func check(_ code: CURLcode) throws(TransportError) {
    guard code == CURLE_OK else {
      throw .misconfigured(
        "libcurl refuses a setting: \(String(cString: curl_easy_strerror(code))). "
          + "Check the settings and that it is version 7.85 or later.")
    }
  }

  private func setCommon() throws(TransportError) {
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_PROTOCOLS_STR, "https")
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    try set(CURLOPT_TCP_NODELAY, 1)
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_TCP_KEEPIDLE, 30)
    try set(CURLOPT_TCP_KEEPINTVL, 10)
    // A proxy's answer to CONNECT is not the hub's.
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Ending a transfer must not wait for its name look-up to return.
    try set(CURLOPT_QUICK_EXIT, 1)
  }

  private func setTrust(_ trust: HubEndpoint.Trust) throws(TransportError) {
    switch trust {
    case .pinned(let sha256):
      // The key is the whole trust; curl compares it before it sends a request.
      try pin([sha256])
      try set(CURLOPT_SSL_VERIFYPEER, 0)
      try set(CURLOPT_SSL_VERIFYHOST, 0)
    case .authorities(let caFile, let keys):
      if !keys.isEmpty { try pin(keys) }
      try set(CURLOPT_SSL_VERIFYPEER, 1)
      try set(CURLOPT_SSL_VERIFYHOST, 2)
      if let caFile {
        try set(CURLOPT_CAINFO, caFile)
        try Self.check(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
      }
    }
  }

  private func pin(_ keys: [[UInt8]]) throws(TransportError) {
    let texts = keys.map { "sha256//" + Data($0).base64EncodedString() }
    try set(CURLOPT_PINNEDPUBLICKEY, texts.joined(separator: ";"))
  }

  private func setProxy(_ endpoint: HubEndpoint) throws(TransportError) {
    switch endpoint.proxy {
    case .fromEnvironment: break
    case .none: try set(CURLOPT_PROXY, "")
    case .url(let url):
      try set(CURLOPT_PROXY, url)
      // Otherwise `no_proxy` of the environment would count.
      try set(CURLOPT_NOPROXY, "")
    }
    switch endpoint.proxyLogin {
    case .password(let user, let password):
      try set(CURLOPT_PROXYUSERNAME, user)
      try set(CURLOPT_PROXYPASSWORD, password)
      try set(CURLOPT_PROXYAUTH, ccurl_auth_any)
    case .kerberos:
      // An empty name makes GSS-API take the ticket of the process's user.
      try set(CURLOPT_PROXYUSERPWD, ":")
      try set(CURLOPT_PROXYAUTH, ccurl_auth_negotiate)
    case nil: break
    }
  }

  private func setRequest(
    _ request: ClientRequest, _ endpoint: HubEndpoint
  ) throws(TransportError) {
    guard request.path.hasPrefix("/"),
      request.path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
    else {
      throw .misconfigured("The path \"\(request.path)\" cannot be requested.")
    }
    try set(CURLOPT_URL, endpoint.url + request.path)
    // Signatures cover the path: it must arrive as it was signed.
    try set(CURLOPT_PATH_AS_IS, 1)
    for (name, value) in request.fields.all { try append(name, value) }
    switch request.method {
    case .get: try set(CURLOPT_HTTPGET, 1)
    case .post:
      try Self.check(
        request.body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress, $0.count) })
      // Without a value curl leaves a field out; it would add these by itself.
      try append(line: "Expect:")
      if request.fields["content-type"] == nil { try append(line: "Content-Type:") }
    }
    try Self.check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, fields))

    let (seconds, attoseconds) = request.deadlines.connect.components
    try set(
      CURLOPT_CONNECTTIMEOUT_MS,
      max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)))
  }

  private func setVersion(isStream: Bool) throws(TransportError) {
    let atLeast = Int(CURL_SSLVERSION_TLSv1_3)
    if isStream {
      // Once a host speaks HTTP/2, curl 7.88 takes every busy connection to it for one that can be
      // shared, a stream's too. It never shares between different TLS settings, so this says "at
      // most 1.3" here only.
      try set(CURLOPT_SSLVERSION, atLeast | Int(CURL_SSLVERSION_MAX_TLSv1_3))
      try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
      try set(CURLOPT_FRESH_CONNECT, 1)
      try set(CURLOPT_FORBID_REUSE, 1)
    } else {
      try set(CURLOPT_SSLVERSION, atLeast)
      try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    }
  }

  private func append(_ name: String, _ value: String) throws(TransportError) {
    let isToken =
      !name.isEmpty
      && name.utf8.allSatisfy {
        (0x21...0x7E).contains($0) && !"()<>@,;:\\\"/[]?={}".utf8.contains($0)
      }
    guard isToken, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
      throw .misconfigured(
        "The header field \"\(name)\" cannot be sent: it has forbidden characters.")
    }
    // curl writes an empty field for a semicolon and none for a colon.
    try append(line: value.isEmpty ? "\(name);" : "\(name): \(value)")
  }

  private func append(line: String) throws(TransportError) {
    guard let list = curl_slist_append(fields, line) else {
      throw .misconfigured("libcurl has no memory left.")
    }
    fields = list
  }

  private func set(_ option: CURLoption, _ value: Int) throws(TransportError) {
    try Self.check(ccurl_set_long(easy, option, value))
  }

  private func set(_ option: CURLoption, _ value: String) throws(TransportError) {
    try Self.check(ccurl_set_string(easy, option, value))
  }

  private func set(
    _ option: CURLoption, _ value: UnsafeMutableRawPointer
  ) throws(TransportError) {
    try Self.check(ccurl_set_pointer(easy, option, value))
  }
}
