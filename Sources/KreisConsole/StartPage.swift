// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// Search and list of organizations.
extension Console {
  private static let pageSize = 25
  /// Districts that the page proposes; any other can be typed.
  private static let districtLimit = 40

  /// What was asked for.
  struct Wish {
    let text: String
    let category: String
    let network: String
    let place: String
    let district: String
    let age: String
    let isOpen: Bool
    let page: Int

    init(_ query: FormValues) {
      text = String((query["q"] ?? "").prefix(200))
      category = query["kategorie"] ?? ""
      network = query["netzwerk"] ?? ""
      place = query["ort"] ?? ""
      district = String((query["stadtteil"] ?? "").prefix(200))
      age = query["alter"].flatMap { Int($0) }.map { String(min(max(-1, $0), 120)) } ?? ""
      isOpen = query["offen"] == "1"
      page = Console.pageNumber(query["seite"])
    }

    var isFiltered: Bool { !(category + network + place + district + age).isEmpty || isOpen }

    func address(_ path: String = "/", page: Int = 1) -> String {
      let query = FormValues.query([
        ("q", text), ("kategorie", category), ("netzwerk", network), ("ort", place),
        ("stadtteil", district), ("alter", age),
        ("offen", isOpen ? "1" : ""), ("seite", page > 1 ? String(page) : ""),
      ])
      return query.isEmpty ? path : path + "?" + query
    }

    func arguments(offset: Int, limit: Int) -> JSONValue {
      let optional = { (text: String) -> JSONValue in text.isEmpty ? .null : .string(text) }
      return [
        "text": .string(text), "category": optional(category), "network": optional(network),
        "municipality": optional(place), "district": optional(district),
        "age": Int(age).map { .integer($0) } ?? .null, "open": .bool(isOpen),
        "offset": .integer(offset), "limit": .integer(limit),
      ]
    }
  }

  func start(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let wish = Wish(request.query)
    let rows = try client.rows(
      "search", wish.arguments(offset: (wish.page - 1) * Self.pageSize, limit: Self.pageSize))
    let total = Int(clamping: rows.first?["total"]?.unsigned ?? 0)
    let pages = max(1, (total + Self.pageSize - 1) / Self.pageSize)
    let hits = rows.dropFirst().map(hit)
    let view: View = [
      "q": wish.text, "isSearch": !wish.text.isEmpty || wish.isFiltered,
      "isFiltered": wish.isFiltered,
      "categories": try choices("taxonomy_term", wish.category),
      "networks": try choices("network", wish.network),
      "places": try choices("municipality", wish.place), "open": wish.isOpen,
      "districts": try client.rows("districts", ["limit": .integer(Self.districtLimit)])
        .map { $0["name"]?.text ?? "" }, "district": wish.district,
      "ages": Self.ages(wish.age), "sheet": wish.address("/druck"),
      "count": total.counted("Organisation", "Organisationen"), "isEmpty": total == 0,
      "hits": hits,
    ]
    let links = Self.pageLinks(wish.page, of: pages) { wish.address(page: $0) }
    let title = wish.text.isEmpty ? "Organisationen" : "Suche nach „\(wish.text)“"
    return try page("start", title: title, view.merging(links) { own, _ in own }, request)
  }

  private static func ages(_ chosen: String) -> [View] {
    // Whom networks for early help and child protection are for (§ 7 SGB VIII: up to 26).
    (-1...27).map { age in
      let text =
        age < 0
        ? "vor der Geburt" : age == 0 ? "unter 1 Jahr" : age == 1 ? "1 Jahr" : "\(age) Jahre"
      return ["key": String(age), "text": text, "chosen": String(age) == chosen]
    }
  }

  /// All records of a kind as choices of a form.
  func choices(_ kind: String, _ chosen: String) throws -> [View] {
    var out: [View] = []
    while true {
      let rows = try client.rows(
        "choices", ["kind": .string(kind), "offset": .integer(out.count)])
      out += rows.map { row in
        let id = row["id"]?.text ?? ""
        return ["id": id, "name": row["name"]?.text ?? id, "chosen": id == chosen]
      }
      if rows.isEmpty || out.count >= 5_000 { return out }
    }
  }

  func hit(_ row: JSONValue) -> View {
    let fields = row["fields"]
    func text(_ name: String) -> String? { fields?[name]?["display"]?.text }
    let because = (row["because"]?.elements ?? []).compactMap { part -> String? in
      guard let name = part["name"]?.text, let kind = part["kind"]?.text else { return nil }
      return "\((try? Schema.directory.kind(named: kind))?.label ?? kind): \(name)"
    }
    // Often its only category is what it is.
    let categories = (fields?["categories"]?["display"]?.elements ?? []).compactMap(\.text)
      .filter { $0 != text("organization_type") }
    let place = [text("city"), text("district")].compactMap(\.self).joined(separator: ", ")
    let opening = row["opening"]
    return [
      "address": "/eintrag/\(row["id"]?.text ?? "")", "name": row["name"]?.text ?? "Ohne Namen",
      "type": text("organization_type") as Any? ?? false,
      "place": place.isEmpty ? false : place as Any, "phone": text("phone") as Any? ?? false,
      "categories": categories.isEmpty ? false : categories.joined(separator: " · ") as Any,
      "isOpen": opening?["now"] == .bool(true),
      "opening": opening?["text"]?.text as Any? ?? false,
      "because": because.isEmpty ? false : because.joined(separator: " · ") as Any,
      "hasConflicts": !(row["conflicts"]?.elements ?? []).isEmpty,
      "owner": row["owner_title"]?.text ?? "",
    ]
  }
}
