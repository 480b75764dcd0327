// SPDX-License-Identifier: EUPL-1.2

/// Where a hub is and how it is trusted and reached.
package struct HubEndpoint: Sendable {
  /// What makes the server's TLS key the hub's.
  package enum Trust: Sendable, Equatable {
    /// The SHA-256 of the key's SubjectPublicKeyInfo (RFC 7469, section 2.4), 32 bytes. Nothing
    /// else about the certificate counts: neither name nor dates.
    case pinned(sha256: [UInt8])
    /// A certificate for the URL's host by an authority in the PEM file and no other, or, without a
    /// file, by one that this machine trusts.
    ///
    /// With `keys` (SHA-256 as above) the certificate's key must be one of them as well.
    case authorities(caFile: String?, keys: [[UInt8]] = [])
  }

  /// Which proxy, if any, is asked for a tunnel.
  package enum Proxy: Sendable, Equatable {
    /// What `https_proxy`, `all_proxy` and `no_proxy` say.
    case fromEnvironment
    case none
    /// For this hub always that one: http, https, socks5 or socks5h, without user and password.
    case url(String)
  }

  /// How the proxy learns who asks.
  package enum ProxyLogin: Sendable {
    /// By the safest scheme the proxy offers: Negotiate, Digest, NTLM or Basic.
    case password(user: String, password: String)
    /// By the Kerberos ticket of the process's user.
    case kerberos
  }

  /// The base of all requests: "https://host[:port][/prefix]", without a slash at the end.
  package let url: String
  /// Host and port as messages name them.
  package let host: String
  package let trust: Trust
  package let proxy: Proxy
  package let proxyLogin: ProxyLogin?

  /// Describes a hub.
  ///
  /// - Throws: `TransportError.misconfigured` when the URL is not an https URL without user, query
  ///   and fragment, or the pin is not 32 bytes.
  package init(
    url: String, trust: Trust, proxy: Proxy = .fromEnvironment, proxyLogin: ProxyLogin? = nil
  ) throws(TransportError) {
    let base = String(url.reversed().drop { $0 == "/" }.reversed())
    guard base.hasPrefix("https://") else {
      throw .misconfigured("The hub's address \"\(url)\" must start with https://.")
    }
    let rest = base.dropFirst("https://".count)
    let host = rest.prefix { $0 != "/" }
    guard !host.isEmpty, !host.contains("@"), !rest.contains(where: { "?#".contains($0) }),
      rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw .misconfigured(
        "The hub's address \"\(url)\" must be https://host[:port][/path], without user or query.")
    }
    if case .pinned(let sha256) = trust, sha256.count != 32 {
      throw .misconfigured("The hub's pinned key is \(sha256.count) bytes long instead of 32.")
    }
    self.url = base
    self.host = String(host)
    self.trust = trust
    self.proxy = proxy
    self.proxyLogin = proxyLogin
  }
}
