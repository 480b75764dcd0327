// SPDX-License-Identifier: EUPL-1.2

import HTTPTypes
import HummingbirdCore
import KreisInterchange
import KreisLocal
import KreisStore
import NIOCore

/// An answer before it is sent.
struct ConsoleResponse {
  enum Body {
    case text(String)
    case bytes([UInt8])
    case events(EventStream)
    case file(KeptInput)
  }

  var status: HTTPResponse.Status = .ok
  var fields: HTTPFields = [:]
  var body: Body = .text("")

  static func page(_ html: String, _ status: HTTPResponse.Status = .ok) -> ConsoleResponse {
    ConsoleResponse(
      status: status,
      fields: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
      body: .text(html))
  }

  /// After a form was taken: what comes next is fetched anew, so that reloading sends nothing twice.
  static func seeOther(_ path: String) -> ConsoleResponse {
    ConsoleResponse(status: .seeOther, fields: [.location: path, .cacheControl: "no-store"])
  }

  /// Has the browser keep or forget a cookie.
  mutating func set(_ cookie: String) {
    fields.append(HTTPField(name: .setCookie, value: cookie))
  }

  static func json(_ json: JSONValue) -> ConsoleResponse {
    ConsoleResponse(
      fields: [.contentType: "application/json", .cacheControl: "no-store"],
      body: .bytes(JSONWriter.bytes(of: json)))
  }

  static func file(_ bytes: [UInt8], _ type: String) -> ConsoleResponse {
    ConsoleResponse(
      fields: [.contentType: type, .cacheControl: "max-age=31536000, immutable"],
      body: .bytes(bytes))
  }

  /// A file to be kept by whoever asked.
  ///
  /// - Parameter name: plain ASCII.
  static func download(_ file: KeptInput, type: String, name: String) -> ConsoleResponse {
    var fields: HTTPFields = [
      .contentType: type, .cacheControl: "no-store", .contentLength: String(file.size),
    ]
    if let disposition = HTTPField.Name("Content-Disposition") {
      fields[disposition] = "attachment; filename=\"\(name)\""
    }
    return ConsoleResponse(fields: fields, body: .file(file))
  }

  private static func body(of file: KeptInput) -> ResponseBody {
    ResponseBody(contentLength: file.size) { writer in
      var offset = 0
      while true {
        let start = offset
        let chunk = try await onOwnThread { try file.chunk(at: start) }
        guard !chunk.isEmpty else { break }
        offset += chunk.count
        try await writer.write(ByteBuffer(bytes: chunk))
      }
      try await writer.finish(nil)
    }
  }

  /// What each answer says to the browser: nothing is loaded, run, sent or framed but what is this
  /// console's own, and no other page learns anything.
  static let protection: HTTPFields = {
    var fields: HTTPFields = [
      .contentSecurityPolicy: """
      default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
      form-action 'self'; base-uri 'none'; frame-ancestors 'none'
      """,
      .xContentTypeOptions: "nosniff",
    ]
    for (name, value) in [
      ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin"),
      ("Cross-Origin-Opener-Policy", "same-origin"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    ] {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    return fields
  }()

  var response: Response {
    var fields = fields
    for field in Self.protection { fields[field.name] = field.value }
    let body: ResponseBody =
      switch body {
      case .text(let text): ResponseBody(byteBuffer: ByteBuffer(string: text))
      case .bytes(let bytes): ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
      case .events(let stream): stream.body
      case .file(let file): Self.body(of: file)
      }
    return Response(status: status, headers: fields, body: body)
  }
}
