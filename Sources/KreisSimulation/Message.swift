// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisTransport

/// A member of the simulated realm.
enum Node: Hashable, Sendable, CustomStringConvertible {
  case hub
  case town(Int)

  var description: String {
    switch self {
    case .hub: "hub"
    case .town(let index): "town\(index)"
    }
  }
}

/// A signed request, as it arrives at the hub.
struct Request {
  var method: String
  var path: String
  var query: String
  var body: [UInt8]
  var fields: [String: String]

  /// The content as it was before compression; `nil` if it cannot be read, or there is none.
  var content: [UInt8]? {
    if body.isEmpty { return nil }
    guard fields["Content-Encoding"] == "zstd" else { return body }
    return try? Zstd.decompress(body, limit: Limits.messageBytes)
  }
}

extension Request {
  init(_ request: ClientRequest) {
    let target = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.init(
      method: request.method.rawValue, path: String(target[0]),
      query: target.count > 1 ? String(target[1]) : "", body: request.body,
      fields: Dictionary(
        request.fields.all.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }
}

/// The hub's answer to anything but the feed.
struct Response {
  let status: Int
  var body: [UInt8] = []
  /// The last part of a problem's type, and why, where the answer is no.
  var problem = ""
  var reason = ""
  var retryAfterSeconds: UInt64?
  /// The hub's time when it answered: the field `Date`.
  let date: UInt64

  /// As it travels.
  var wire: ClientResponse {
    ClientResponse(status: status, fields: fields, body: problem.isEmpty ? body : problemBytes)
  }

  var fields: HeaderFields {
    var fields: HeaderFields = ["Date": HTTPDate.text(date)]
    if status != 204 {
      fields.append("Content-Type", problem.isEmpty ? MediaType.message : MediaType.problem)
    }
    if let retryAfterSeconds { fields.append("Retry-After", "\(retryAfterSeconds)") }
    return fields
  }

  private var problemBytes: [UInt8] {
    JSONWriter.bytes(
      of: ["type": .string("urn:kreisnetz:problem:" + problem), "detail": .string(reason)])
  }
}

/// What comes of a request.
enum Answer {
  case response(Response)
  /// The connection broke, or nothing came in time.
  case failed(String)
}
