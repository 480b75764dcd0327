// SPDX-License-Identifier: EUPL-1.2

import Foundation
import HTTPTypes
import KreisPages

/// What a browser asks for.
struct ConsoleRequest: Sendable {
  let method: HTTPRequest.Method
  /// The parts of the path, decoded.
  let path: [String]
  let query: FormValues
  let form: FormValues
  let cookies: [String: String]

  /// The name of the cookie that a form's token must equal.
  static let tokenCookie = "kreisnetz_formular"

  /// - Throws: `Refusal` for what is not percent-encoded UTF-8, or has too many fields.
  init(_ head: HTTPRequest, body: [UInt8]) throws(Refusal) {
    method = head.method
    let parts = (head.path ?? "/").split(
      separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var path: [String] = []
    for part in parts[0].split(separator: "/") {
      guard let text = String(part).removingPercentEncoding else { throw .malformed }
      path.append(text)
    }
    self.path = path
    guard let text = String(validating: body, as: UTF8.self),
      let query = FormValues(parts.count > 1 ? String(parts[1]) : ""), let form = FormValues(text)
    else { throw .malformed }
    (self.query, self.form) = (query, form)
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
}
