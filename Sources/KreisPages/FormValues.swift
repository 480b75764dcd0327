// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// The fields of a query or form (application/x-www-form-urlencoded).
package struct FormValues: Sendable {
  package private(set) var pairs: [(name: String, value: String)] = []

  private static let limit = 2_000

  /// - Returns: `nil` for what is not percent-encoded UTF-8, or has more than 2,000 fields.
  package init?(_ text: String) {
    for pair in text.split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0]),
        let value = Self.decoded(sides.count > 1 ? sides[1] : ""), pairs.count < Self.limit
      else { return nil }
      pairs.append((name, value))
    }
  }

  package init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

  private static func decoded(_ text: Substring) -> String? {
    text.replacing("+", with: " ").removingPercentEncoding
  }

  /// The first value of this name; set, it is the only one.
  package subscript(name: String) -> String? {
    get { pairs.first { $0.name == name }?.value }
    set {
      pairs.removeAll { $0.name == name }
      if let newValue { pairs.append((name, newValue)) }
    }
  }

  package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

  /// As a query, without fields that are empty.
  package static func query(_ pairs: [(String, String)]) -> String {
    pairs.filter { !$0.1.isEmpty }.map { "\($0.0)=\(encoded($0.1))" }.joined(separator: "&")
  }

  package static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
