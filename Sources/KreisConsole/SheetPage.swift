// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// What a search found, on as little paper as possible.
extension Console {
  private static let sheetLimit = 1_000
  private static let chunk = 200

  func sheet(_ request: ConsoleRequest) throws -> ConsoleResponse {
    let wish = Wish(request.query)
    var hits: [View] = []
    var total = 0
    repeat {
      let rows = try client.rows(
        "search", wish.arguments(offset: hits.count, limit: Self.chunk))
      total = Int(clamping: rows.first?["total"]?.unsigned ?? 0)
      hits += rows.dropFirst().map(sheetRow)
      if rows.count < 2 { break }
    } while hits.count < min(total, Self.sheetLimit)
    let time = GermanTime(now: now())
    let title = "Organisationen"
    let view: View = [
      "title": title, "back": wish.address(), "hits": hits,
      "count": total.counted("Organisation", "Organisationen"),
      "filters": try filters(wish).joined(separator: "; "),
      "when": time.instant(.integer(Int(clamping: now()))),
      "isCut": total > hits.count, "limit": hits.count,
    ]
    return try page("sheet", title: title, view, request)
  }

  /// What the list was narrowed to, in words.
  private func filters(_ wish: Wish) throws -> [String] {
    var words = wish.text.isEmpty ? [] : ["Suche: „\(wish.text)“"]
    for id in [wish.category, wish.network, wish.place] where !id.isEmpty {
      let fields = FieldViews(try client.row("show", ["id": .string(id)]))
      if let name = fields.text("name") { words.append("\(fields.kind?.label ?? ""): \(name)") }
    }
    if !wish.district.isEmpty { words.append("Stadtteil: \(wish.district)") }
    if let age = Int(wish.age) {
      words.append(
        age < 0
          ? "Alter: vor der Geburt"
          : age == 0 ? "Alter: unter 1 Jahr" : "Alter: \(age.counted("Jahr", "Jahre"))")
    }
    if wish.isOpen { words.append("geöffnet, als die Liste entstand") }
    return words.isEmpty ? ["alle Organisationen"] : words
  }

  private func sheetRow(_ row: JSONValue) -> View {
    let fields = FieldViews(row)
    let place = [fields.text("postal_code"), fields.text("city")].compactMap(\.self)
      .joined(separator: " ")
    let lines = [fields.text("street") ?? "", place].filter { !$0.isEmpty }
    return hit(row).merging([
      "where": lines.joined(separator: ", "),
      "contact": ["phone", "email", "website"].compactMap(fields.text),
    ]) { _, own in own }
  }
}
