// SPDX-License-Identifier: EUPL-1.2

/// Why a request got no usable answer, for the person who reads it.
package enum TransportError: Error, Equatable, CustomStringConvertible {
  /// A limit of time, see `Deadlines`.
  package enum Deadline: String, Sendable {
    case connect, idle, whole
  }

  /// No connection came about: name unknown, refused, no route.
  case unreachable(host: String, reason: String)
  /// The connection broke before the answer was complete. The hub may have acted on the request.
  case connectionLost(host: String, reason: String)
  /// The proxy answered the request for a tunnel with this HTTP status.
  case proxyRefused(host: String, status: Int)
  case timedOut(Deadline, after: Duration, host: String)
  /// The server's TLS key is not the pinned one. Nothing was sent.
  case keyMismatch(host: String)
  /// The server's TLS key is none that the hub states as its own. Nothing was sent or fetched.
  case intercepted(host: String)
  /// The server's certificate was not accepted. Nothing was sent.
  case certificateRejected(host: String, reason: String)
  /// The answer's content, or its header fields, exceeded so many bytes.
  case responseTooLarge(host: String, limit: Int)
  /// What answers there does not speak HTTP over TLS 1.3.
  case notHTTP(host: String, reason: String)
  /// The caller gave up, or the transport was shut down.
  case cancelled
  /// The request or the settings cannot be used.
  case misconfigured(String)

  /// True when the same request may succeed later without anyone doing anything.
  package var isWorthRetrying: Bool {
    switch self {
    case .unreachable, .connectionLost, .timedOut, .notHTTP: true
    case .proxyRefused(_, let status): status >= 500
    case .keyMismatch, .intercepted, .certificateRejected, .responseTooLarge, .cancelled,
      .misconfigured:
      false
    }
  }

  package var description: String {
    switch self {
    case .unreachable(let host, let reason):
      "\(host) cannot be reached: \(reason). Check the network, the proxy setting and whether the hub runs."
    case .connectionLost(let host, let reason):
      "The connection to \(host) broke off: \(reason). Nothing is lost; the request can be repeated."
    case .proxyRefused(let host, 407):
      "The proxy wants a login for \(host) (407). Set or correct the proxy's user and password; with "
        + "Kerberos, see that this user has a valid ticket: klist."
    case .proxyRefused(let host, let status):
      "The proxy does not let connections to \(host) pass (\(status)). Ask its administrator to allow them."
    case .timedOut(.connect, let after, let host):
      "No connection to \(host) within \(after). Check the network, the firewall and the proxy setting."
    case .timedOut(.idle, let after, let host):
      "\(host) sent nothing for \(after). It may be overloaded; the request can be repeated."
    case .timedOut(.whole, let after, let host):
      "\(host) did not complete its answer within \(after). The request can be repeated."
    case .keyMismatch(let host):
      """
      The server at \(host) does not have the TLS key that the invite names, so nothing was sent. \
      Either the connection is intercepted or the hub has a new key: ask the hub's administrator.
      """
    case .intercepted(let host):
      """
      The TLS key of the server at \(host) is none that the hub's statement names, although an \
      authority vouches for it: the connection is intercepted. Nothing was sent or fetched. Ask the \
      hub's administrator by another way, and whoever runs the proxy in between.
      """
    case .certificateRejected(let host, let reason):
      """
      The certificate of \(host) was rejected, so nothing was sent: \(reason). Ask the hub's \
      administrator, or name the certificate authority's file in the settings.
      """
    case .responseTooLarge(let host, let limit):
      "The answer of \(host) exceeds \(limit) bytes and was dropped. Check that it is the hub that answers."
    case .notHTTP(let host, let reason):
      "What answers at \(host) is not a hub: \(reason). Check the address and whether a proxy is needed."
    case .cancelled:
      "The request was cancelled."
    case .misconfigured(let what):
      what
    }
  }
}
