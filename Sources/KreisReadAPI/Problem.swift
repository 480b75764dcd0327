// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisInterchange
import NIOCore

/// An error answer (RFC 9457).
struct Problem: Error {
  let status: HTTPResponse.Status
  let title: String
  let detail: String
  var fields: HTTPFields = [:]

  var response: Response {
    var fields = fields
    fields[.contentType] = "application/problem+json"
    let json: JSONValue = [
      "type": "about:blank", "title": .string(title), "status": .integer(status.code),
      "detail": .string(detail),
    ]
    return Response(
      status: status, headers: fields,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: json))))
  }

  static let notFound = Problem(
    status: .notFound, title: "There is nothing here",
    detail: "The address names nothing that is public. /openapi.json lists the addresses.")

  static let methodNotAllowed = Problem(
    status: .methodNotAllowed, title: "The method is not allowed here",
    detail: "This API is only read: GET and HEAD.", fields: [.allow: "GET, HEAD"])

  static func malformed(_ detail: String) -> Problem {
    Problem(status: .badRequest, title: "The request cannot be read", detail: detail)
  }

  static func tooMany(retryAfter: UInt64) -> Problem {
    Problem(
      status: .tooManyRequests, title: "Too many requests",
      detail: "Go on in \(retryAfter) seconds; a page can have 100 objects.",
      fields: [.retryAfter: "\(retryAfter)"])
  }

  static let unavailable = Problem(
    status: .serviceUnavailable, title: "The directory cannot be read now",
    detail: "Something failed inside; the daemon's log says what. The request can be repeated.",
    fields: [.retryAfter: "30"])

  static let preparing = Problem(
    status: .serviceUnavailable, title: "The directory is being read",
    detail: "After a start or many changes that takes a while. The request can be repeated.",
    fields: [.retryAfter: "5"])

  static let restored = Problem(
    status: .serviceUnavailable, title: "The directory was restored from a backup",
    detail: "It shows nothing before it knows what was erased since.",
    fields: [.retryAfter: "60"])
}
