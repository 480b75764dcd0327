// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// Search and list of organizations.
extension Console {
  private static let pageSize = 25

  /// What was asked for.
  private struct Wish {
    let text: String
    let category: String
    let network: String
    let place: String
    let isOpen: Bool
    let page: Int

    init(_ query: FormValues) {
      text = String((query["q"] ?? "").prefix(200))
      category = query["kategorie"] ?? ""
      network = query["netzwerk"] ?? ""
      place = query["ort"] ?? ""
      isOpen = query["offen"] == "1"
      page = min(max(1, query["seite"].flatMap { Int($0) } ?? 1), 1_000_000)
    }

    var isFiltered: Bool { !(category + network + place).isEmpty || isOpen }

    func address(page: Int) -> String {
      let query = FormValues.query([
        ("q", text), ("kategorie", category), ("netzwerk", network), ("ort", place),
        ("offen", isOpen ? "1" : ""), ("seite", page > 1 ? String(page) : ""),
      ])
      return query.isEmpty ? "/" : "/?" + query
    }

    var arguments: JSONValue {
      let optional = { (text: String) -> JSONValue in text.isEmpty ? .null : .string(text) }
      return [
        "text": .string(text), "category": optional(category), "network": optional(network),
        "municipality": optional(place), "open": .bool(isOpen),
        "offset": .integer((page - 1) * Console.pageSize), "limit": .integer(Console.pageSize),
      ]
    }
  }

  func start(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let wish = Wish(request.query)
    let rows = try client.rows("search", wish.arguments)
    let total = Int(clamping: rows.first?["total"]?.unsigned ?? 0)
    let pages = max(1, (total + Self.pageSize - 1) / Self.pageSize)
    let hits = rows.dropFirst().map(hit)
    let view: View = [
      "q": wish.text, "isSearch": !wish.text.isEmpty || wish.isFiltered,
      "isFiltered": wish.isFiltered,
      "categories": try choices("taxonomy_term", wish.category),
      "networks": try choices("network", wish.network),
      "places": try choices("municipality", wish.place), "open": wish.isOpen,
      "count": total.counted("Organisation", "Organisationen"), "isEmpty": total == 0,
      "hits": hits, "hasPages": pages > 1, "page": wish.page, "pages": pages,
      "previous": wish.page > 1 ? wish.address(page: wish.page - 1) as Any : false,
      "next": wish.page < pages ? wish.address(page: wish.page + 1) as Any : false,
    ]
    let title = wish.text.isEmpty ? "Organisationen" : "Suche nach „\(wish.text)“"
    return try page("start", title: title, view, request)
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

  private func hit(_ row: JSONValue) -> View {
    let fields = row["fields"]
    func text(_ name: String) -> String? { fields?[name]?["display"]?.text }
    let because = (row["because"]?.elements ?? []).compactMap { part -> String? in
      guard let name = part["name"]?.text, let kind = part["kind"]?.text else { return nil }
      return "\((try? Schema.directory.kind(named: kind))?.label ?? kind): \(name)"
    }
    let categories = (fields?["categories"]?["display"]?.elements ?? []).compactMap(\.text)
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
