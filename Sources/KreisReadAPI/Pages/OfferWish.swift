// SPDX-License-Identifier: EUPL-1.2

import KreisPages

/// What a family looks for. Unknown fields are passed over: links from elsewhere carry such.
struct OfferWish: Equatable {
  var text = ""
  var topic = ""
  var place = ""
  /// Of the child in years.
  var age: Int?
  /// Looks for what begins before birth.
  var isPregnant = false
  var isOpen = false
  var page = 1

  /// Characters of a search.
  static let textLimit = 200
  /// Years that one can choose.
  static let ages = 0...17

  init() {}

  init(_ query: FormValues) {
    text = String((query["q"] ?? "").prefix(Self.textLimit))
    topic = String((query["thema"] ?? "").prefix(Self.textLimit))
    place = String((query["ort"] ?? "").prefix(Self.textLimit))
    isPregnant = query["alter"] == "schwanger"
    age = query["alter"].flatMap { Int($0) }.flatMap { Self.ages.contains($0) ? $0 : nil }
    isOpen = query["offen"] == "1"
    page = min(max(1, query["seite"].flatMap { Int($0) } ?? 1), 1_000_000)
  }

  var isChosen: Bool {
    !(topic + place).isEmpty || age != nil || isPregnant || isOpen
  }

  var ageKey: String { isPregnant ? "schwanger" : age.map { String($0) } ?? "" }

  func query(page: Int) -> String {
    let query = FormValues.query([
      ("q", text), ("alter", ageKey), ("thema", topic), ("ort", place),
      ("offen", isOpen ? "1" : ""), ("seite", page > 1 ? String(page) : ""),
    ])
    return query.isEmpty ? "" : "?" + query
  }
}
