// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisCore
import KreisInterchange
import KreisTransport

/// Why the hub did not do what was asked.
package enum HubFailure: Error, Hashable, CustomStringConvertible {
  /// Nothing answered, or something that is not the hub.
  case unavailable(reason: String, retryAfterSeconds: UInt64?)
  /// The hub's key or certificate is not what the invite says.
  case untrusted(reason: String)
  /// The hub says no, for now or for good.
  case refused(HubRefusal)

  package var description: String {
    switch self {
    case .unavailable(let reason, _), .untrusted(let reason): reason
    case .refused(let refusal): refusal.reason
    }
  }

  init(_ error: TransportError) {
    switch error {
    case .keyMismatch, .intercepted, .certificateRejected:
      self = .untrusted(reason: error.description)
    default: self = .unavailable(reason: error.description, retryAfterSeconds: nil)
    }
  }
}

/// Tells the hub's answers from those of proxies and login pages, and success from refusal.
enum HubAnswer {
  /// Bytes of an error answer that are looked at.
  static let errorBytes = 65_536

  /// - Throws: `HubFailure` unless it is the hub's and a success, or of a status in `also`.
  static func check(
    status: Int, fields: HeaderFields, body: [UInt8], also: Set<Int> = []
  ) throws(HubFailure) {
    if isHubs(fields), status == 200 || also.contains(status) { return }
    if status == 204, also.contains(status) { return }
    let type = type(of: fields)
    if type.hasPrefix(MediaType.problem) {
      throw failure(status: status, fields: fields, problem: body)
    }
    throw .unavailable(
      reason: foreign(status: status, type: type, body: body),
      retryAfterSeconds: seconds(fields["retry-after"]))
  }

  /// Whether the content is of a type that only the hub sends.
  static func isHubs(_ fields: HeaderFields) -> Bool {
    let type = type(of: fields)
    return type.hasPrefix(MediaType.message) || type.hasPrefix(MediaType.frames)
  }

  private static func type(of fields: HeaderFields) -> String {
    fields["content-type"]?.lowercased() ?? ""
  }

  /// The hub's own error (RFC 9457).
  private static func failure(
    status: Int, fields: HeaderFields, problem: [UInt8]
  ) -> HubFailure {
    let json = try? JSONParser.parse(problem, limit: errorBytes)
    let name = text(json?["type"])?.split(separator: ":").last.map(String.init) ?? ""
    let reason = text(json?["detail"]) ?? text(json?["title"]) ?? "it gives no reason"
    let seconds = seconds(fields["retry-after"])
    let isPassing = HubRefusal(
      status: status, name: name, reason: reason, retryAfterSeconds: seconds
    ).isPassing
    return .refused(
      HubRefusal(
        status: status, name: name,
        reason: isPassing ? "the hub answered \(status): \(reason)" : reason,
        retryAfterSeconds: seconds))
  }

  private static func text(_ value: JSONValue?) -> String? { value?.text.map(printable) }

  /// What answered in the hub's place, as well as it can be told.
  private static func foreign(status: Int, type: String, body: [UInt8]) -> String {
    if type.hasPrefix("text/html") {
      let title = title(of: body).map { " titled \"\($0)\"" } ?? ""
      return "a proxy or login page answered instead of the hub: \(status) with an HTML page"
        + "\(title); let connections to the hub pass there, or set the proxy to use"
    }
    return "what answered is not the hub: \(status) with "
      + (type.isEmpty ? "content of no type" : "content of the type \(printable(type))")
  }

  /// The title of an HTML page.
  static func title(of page: [UInt8]) -> String? {
    let text = String(decoding: page.prefix(16_384), as: UTF8.self)
    guard let match = try? /(?i)<title[^>]*>([^<]*)<\/title/.firstMatch(in: text) else {
      return nil
    }
    let title = printable(
      match.output.1.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    return title.isEmpty ? nil : title
  }

  /// Foreign text goes into logs and onto terminals: without control characters, and short.
  private static func printable(_ text: String) -> String {
    let clean = text.unicodeScalars.filter {
      $0.value >= 32 && !(0x7F...0x9F).contains($0.value) && !(0x202A...0x202E).contains($0.value)
        && !(0x2066...0x2069).contains($0.value)
    }
    return String(String.UnicodeScalarView(clean).prefix(500))
  }

  /// `Retry-After` in seconds; its other form, a date, is not of interest here.
  private static func seconds(_ text: String?) -> UInt64? { text.flatMap { UInt64($0) } }
}
