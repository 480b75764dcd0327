// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import Testing

/// A recurrence rule and its days from 2018 to 2040, by python-dateutil: one line,
/// `first day|rule|days`, of the fixture that `office-hours/dates.py` writes.
struct KnownDates {
  let start: CivilDate
  let rule: String
  let dates: [CivilDate]

  init(_ line: Substring) throws {
    let parts = line.split(separator: "|", omittingEmptySubsequences: false)
    try #require(parts.count == 3)
    start = try #require(CivilDate(String(parts[0])))
    rule = String(parts[1])
    let words = parts[2].split(separator: " ")
    guard let first = words.first else {
      dates = []
      return
    }
    var dates = [try #require(CivilDate(String(first)))]
    var group: [Int] = []
    for word in words.dropFirst() {
      let halves = word.drop { $0 == "(" }.split(separator: ")x")
      if word.hasPrefix("(") { group = [] }
      group.append(try #require(Int(halves[0])))
      let isWhole = halves.count == 2 || !(word.hasPrefix("(") || group.count > 1)
      guard isWhole else { continue }
      let times = halves.count == 2 ? try #require(Int(halves[1])) : 1
      for gap in repeatElement(group, count: times).joined() {
        dates.append(dates[dates.count - 1].adding(days: gap))
      }
      group = []
    }
    self.dates = dates
  }

  /// All lines.
  static func fixture() throws -> [KnownDates] {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/office-hours/dates.txt").standardizedFileURL
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      .map { try KnownDates($0) }
  }
}
