// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore

/// What is asked for: an address, and parameters that are all known.
struct ReadRequest {
  enum Target: Equatable {
    case about, description
    case list(Catalogue.Sort)
    case single(Catalogue.Sort, id: String)
  }

  static let pageLimit = 100
  /// Characters (code points) that a text may have.
  static let textLimit = 100

  let target: Target
  private(set) var page = 1
  private(set) var perPage = 50
  private(set) var search = ""
  private(set) var modifiedAfter: UInt64?
  /// Objects with all that they list.
  private(set) var isFull = false
  private(set) var organization: String?
  private(set) var term: String?
  private(set) var taxonomy: String?
  private(set) var parent: String?
  private(set) var isTopOnly = false

  /// The parameters of an address, for its description too.
  static func parameters(of target: Target) -> [String] {
    guard case .list(let sort) = target else { return [] }
    let common = ["page", "per_page", "search"]
    return switch sort {
    case .services, .serviceAtLocations:
      common + ["modified_after", "full", "organization_id", "taxonomy_term_id", "taxonomy_id"]
    case .organizations: common + ["modified_after", "full", "taxonomy_term_id", "taxonomy_id"]
    case .taxonomies: common
    case .taxonomyTerms: common + ["modified_after", "taxonomy_id", "parent_id", "top_only"]
    }
  }

  /// - Parameter target: path and query as sent.
  /// - Throws: `Problem`.
  init(_ target: String) throws(Problem) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.target = try Self.target(String(parts[0]))
    let known = Self.parameters(of: self.target)
    var seen: Set<String> = []
    for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(sides[0]),
        let value = Self.decoded(sides.count > 1 ? sides[1] : "")
      else { throw .malformed("The query is not percent-encoded UTF-8.") }
      guard known.contains(name) else {
        throw .malformed(
          "There is no parameter „\(name.prefix(40))“ here"
            + (known.isEmpty ? "." : "; there are \(known.joined(separator: ", "))."))
      }
      guard seen.insert(name).inserted else { throw .malformed("„\(name)“ is given twice.") }
      try take(name, value)
    }
  }

  private static func target(_ path: String) throws(Problem) -> Target {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if path == "/" || path.isEmpty { return .about }
    if path == "/openapi.json" { return .description }
    guard let first = parts.first, let sort = Catalogue.Sort(rawValue: String(first)) else {
      throw .notFound
    }
    let rest = parts.dropFirst()
    if rest.isEmpty { return .list(sort) }
    guard rest.count == 1, let id = rest.first, let plain = decoded(id), !plain.isEmpty else {
      throw .notFound
    }
    return .single(sort, id: plain.lowercased())
  }

  private mutating func take(_ name: String, _ value: String) throws(Problem) {
    switch name {
    case "page": page = try Self.number(name, value, in: 1...1_000_000_000)
    case "per_page": perPage = try Self.number(name, value, in: 1...Self.pageLimit)
    case "modified_after": modifiedAfter = try Self.instant(value)
    case "full": isFull = try Self.flag(name, value)
    case "top_only": isTopOnly = try Self.flag(name, value)
    default:
      guard value.unicodeScalars.count <= Self.textLimit else {
        throw .malformed("\(name) may have \(Self.textLimit) characters.")
      }
      switch name {
      case "search": search = value.lowercased()
      case "organization_id": organization = try Self.id(name, value)
      case "taxonomy_term_id": term = try Self.id(name, value)
      case "taxonomy_id": taxonomy = try Self.id(name, value)
      default: parent = try Self.id(name, value)
      }
    }
  }

  // MARK: - Values

  private static func decoded(_ text: Substring) -> String? {
    text.replacing("+", with: " ").removingPercentEncoding
  }

  private static func number(
    _ name: String, _ value: String, in range: ClosedRange<Int>
  ) throws(Problem) -> Int {
    guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(value),
      range.contains(number)
    else {
      throw .malformed(
        "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  private static func flag(_ name: String, _ value: String) throws(Problem) -> Bool {
    guard value == "true" || value == "false" else {
      throw .malformed("\(name) must be true or false.")
    }
    return value == "true"
  }

  private static func id(_ name: String, _ value: String) throws(Problem) -> String {
    guard value.count == 36, let id = UUID(uuidString: value) else {
      throw .malformed("\(name) must be an id, like 4f9f4a51-….")
    }
    return id.uuidString.lowercased()
  }

  /// A day or an instant (RFC 3339, section 5.6).
  private static func instant(_ value: String) throws(Problem) -> UInt64 {
    let form =
      /([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2})))?/
    guard let parts = value.wholeMatch(of: form), let date = day(parts.1),
      // A second of 60 is a leap second.
      let hour = number(parts.2, upTo: 23), let minute = number(parts.3, upTo: 59),
      let second = number(parts.4, upTo: 60), let aheadHours = number(parts.6, upTo: 23),
      let aheadMinutes = number(parts.7, upTo: 59)
    else {
      throw .malformed(
        "modified_after must be a time like 2026-11-22T08:00:00Z, or a day. A + in it is %2B.")
    }
    let ahead = (aheadHours * 60 + aheadMinutes) * (parts.5 == "-" ? -60 : 60)
    let seconds = date.dayNumber * 86_400 + hour * 3_600 + minute * 60 + second - ahead
    return UInt64(max(0, seconds))
  }

  /// Of any year: the directory's own dates go not so far back.
  private static func day(_ text: Substring) -> CivilDate? {
    let numbers = text.split(separator: "-").compactMap { Int($0) }
    guard numbers.count == 3 else { return nil }
    let day = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
    let parts = day.parts
    return [parts.year, parts.month, parts.day] == numbers ? day : nil
  }

  /// What is left out is 0.
  private static func number(_ text: Substring?, upTo limit: Int) -> Int? {
    guard let text else { return 0 }
    return Int(text).flatMap { $0 <= limit ? $0 : nil }
  }
}
