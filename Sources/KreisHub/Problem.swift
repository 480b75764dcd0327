// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisCore
import NIOCore

/// An error answer (RFC 9457): `application/problem+json` with a stable type.
struct Problem: Error, Equatable {
  let status: HTTPResponse.Status
  /// The end of the type `urn:kreisnetz:problem:NAME`, which programs may rely on.
  let name: String
  /// The same for every occurrence.
  let title: String
  /// For the person who reads it: what happened, to what, what to do.
  let detail: String
  /// Seconds after which the same request may succeed.
  let retryAfter: UInt64?

  init(
    _ status: HTTPResponse.Status, _ name: String, _ title: String, _ detail: String,
    retryAfter: UInt64? = nil
  ) {
    self.status = status
    self.name = name
    self.title = title
    self.detail = detail
    self.retryAfter = retryAfter
  }

  var response: Response {
    var fields: HTTPFields = [.contentType: MediaType.problem]
    if let retryAfter { fields[.retryAfter] = "\(retryAfter)" }
    if status == .unauthorized { fields[.wwwAuthenticate] = "Signature realm=\"kreisnetz\"" }
    return Response(
      status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
  }

  private var json: [UInt8] {
    let members = [
      ("type", Self.quote("urn:kreisnetz:problem:" + name)), ("title", Self.quote(title)),
      ("status", "\(status.code)"), ("detail", Self.quote(detail)),
    ]
    return Array("{\(members.map { "\"\($0)\":\($1)" }.joined(separator: ","))}\n".utf8)
  }

  /// A JSON string (RFC 8259 §7).
  private static func quote(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}

extension Problem {
  static func malformed(_ detail: String) -> Problem {
    Problem(.badRequest, "malformed", "The request cannot be read", detail)
  }

  static let notTheMessage = malformed("The content is not the message that belongs here.")

  static func tooLarge(limit: Int) -> Problem {
    Problem(
      .contentTooLarge, "too-large", "The content is too large",
      "At most \(limit) bytes are accepted here. Send less at once.")
  }

  static func tooManyRequests(retryAfter: UInt64) -> Problem {
    Problem(
      .tooManyRequests, "too-many-requests", "Too many requests",
      "This member sends more requests than the hub answers. Go on in \(retryAfter) seconds.",
      retryAfter: retryAfter)
  }

  static let badDigest = Problem(
    .unauthorized, "bad-digest", "The content was changed",
    "It does not hash to what its Content-Digest says.")

  static let notFound = Problem(
    .notFound, "not-found", "There is nothing here",
    "The hub has no such address. See the protocol's description for those it has.")

  static let methodNotAllowed = Problem(
    .methodNotAllowed, "method-not-allowed", "The method is not allowed here",
    "The address exists, but not for this method.")

  static let stopping = Problem(
    .serviceUnavailable, "stopping", "The hub is stopping",
    "It takes no more requests, usually because it is about to start again.", retryAfter: 5)

  static let gathering = Problem(
    .serviceUnavailable, HubRefusal.Name.gathering, "The hub gathers",
    "The hub was lost or restored and collects from its members what they hold. It serves again when "
      + "its admin has closed the gathering: kreisnetz hub gather --close", retryAfter: 10)

  static let hubRestored = Problem(
    .serviceUnavailable, HubRefusal.Name.hubRestored, "The hub was restored from a backup",
    "The hub was restored from a backup: a member showed it its own signature on what it does not hold. It "
      + "serves again when its admin has let it gather from the members: kreisnetz hub init --recover",
    retryAfter: 60)

  /// The details are in the hub's log: they are not for the other side.
  static let unavailable = Problem(
    .serviceUnavailable, "unavailable", "The hub cannot answer now",
    "Something failed inside the hub; its log says what. The request can be repeated.",
    retryAfter: 30)
}
