// SPDX-License-Identifier: EUPL-1.2

import Foundation
import HTTPTypes

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
    query = try FormValues(parts.count > 1 ? String(parts[1]) : "")
    guard let text = String(validating: body, as: UTF8.self) else { throw .malformed }
    form = try FormValues(text)
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

/// The fields of a query or form (application/x-www-form-urlencoded).
struct FormValues: Sendable {
  private var pairs: [(name: String, value: String)] = []

  private static let limit = 2_000

  init(_ text: String) throws(Refusal) {
    for pair in text.split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0]),
        let value = Self.decoded(sides.count > 1 ? sides[1] : ""), pairs.count < Self.limit
      else { throw .malformed }
      pairs.append((name, value))
    }
  }

  private static func decoded(_ text: Substring) -> String? {
    text.replacing("+", with: " ").removingPercentEncoding
  }

  /// The first value of this name.
  subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// As a query, without fields that are empty.
  static func query(_ pairs: [(String, String)]) -> String {
    pairs.filter { !$0.1.isEmpty }.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
  }

  static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
