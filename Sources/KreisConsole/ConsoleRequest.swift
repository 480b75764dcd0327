// SPDX-License-Identifier: EUPL-1.2

import Foundation
import HTTPTypes
import KreisPages

/// What a browser asks for.
struct ConsoleRequest: Sendable {
  let method: HTTPRequest.Method
  /// Path and query as they came.
  let address: String
  /// The parts of the path, decoded.
  let path: [String]
  let query: FormValues
  let form: FormValues
  let files: [String: MultipartForm.File]
  private let cookies: [String: String]
  /// Whether the browser speaks TLS, to a proxy in front.
  let isSecure: Bool
  /// Whether a person asked for this page, and not a script of it.
  let isNavigation: Bool
  /// Who asks; `nil`: nobody knows.
  var person: ConsolePerson?
  /// Whether a form came back to whoever had to sign in before it was taken: to be shown again, not
  /// carried out.
  private(set) var isReturned = false

  /// The name of the cookie that a form's token must equal.
  static let tokenCookie = "kreisnetz_formular"

  /// The name of a cookie as this browser has it. With the prefix no other host or path can set it, and
  /// it goes nowhere without TLS (RFC 6265bis, section 4.1.3).
  func cookieName(_ name: String) -> String { (isSecure ? "__Host-" : "") + name }

  func cookie(_ name: String) -> String? { cookies[cookieName(name)] }

  /// What sets a cookie that no script reads and no other site sends.
  ///
  /// - Parameter seconds: how long it lasts; `nil`: until the browser ends.
  func setCookie(_ name: String, _ value: String, seconds: UInt64? = nil) -> String {
    "\(cookieName(name))=\(value); Path=/; HttpOnly; SameSite=Strict"
      + (isSecure ? "; Secure" : "") + (seconds.map { "; Max-Age=\($0)" } ?? "")
  }

  /// - Throws: `Refusal` for what is not percent-encoded UTF-8, or has too many fields.
  init(_ head: HTTPRequest, body: [UInt8], isSecure: Bool = false) throws(Refusal) {
    method = head.method
    self.isSecure = isSecure
    let mode = head.headerFields[.secFetchMode]
    isNavigation = mode == nil || mode == "navigate"
    address = head.path ?? "/"
    (path, query) = try Self.parts(address)
    if let boundary = MultipartForm.boundary(of: head.headerFields[.contentType]), !body.isEmpty {
      guard let sent = MultipartForm(body, boundary: boundary) else { throw .malformed }
      (form, files) = (FormValues(sent.values), sent.files)
    } else {
      guard let text = String(validating: body, as: UTF8.self), let form = FormValues(text) else {
        throw .malformed
      }
      (self.form, files) = (form, [:])
    }
    var cookies: [String: String] = [:]
    for field in head.headerFields[values: .cookie] {
      for pair in field.split(separator: ";") {
        let sides = pair.split(separator: "=", maxSplits: 1)
        guard sides.count == 2 else { continue }
        cookies[sides[0].trimmingCharacters(in: .whitespaces)] = String(sides[1])
      }
    }
    self.cookies = cookies
  }

  /// The form that `request` brought along, as it was sent before somebody had to sign in.
  init(
    returning form: FormValues, to address: String, with request: ConsoleRequest,
    by person: ConsolePerson
  ) throws(Refusal) {
    method = .post
    self.address = address
    (path, query) = try Self.parts(address)
    self.form = form
    files = [:]
    cookies = request.cookies
    isSecure = request.isSecure
    isNavigation = true
    self.person = person
    isReturned = true
  }

  private static func parts(
    _ address: String
  ) throws(Refusal) -> (path: [String], query: FormValues) {
    let parts = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var path: [String] = []
    for part in parts[0].split(separator: "/") {
      guard let text = String(part).removingPercentEncoding else { throw .malformed }
      path.append(text)
    }
    guard let query = FormValues(parts.count > 1 ? String(parts[1]) : "") else { throw .malformed }
    return (path, query)
  }
}
