// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// An HSDS object of the catalogue, as pages read it. They have nothing else to read: what the API does
/// not serve, no page can show.
struct ServedObject {
  let json: JSONValue

  init(_ json: JSONValue) { self.json = json }

  /// A text; `nil` if it is missing or empty.
  func text(_ name: String) -> String? {
    guard let text = json[name]?.text, !text.isEmpty else { return nil }
    return text
  }

  func number(_ name: String) -> Int? {
    guard case .number(let digits)? = json[name] else { return nil }
    return Int(digits)
  }

  func list(_ name: String) -> [ServedObject] {
    (json[name]?.elements ?? []).map(ServedObject.init)
  }

  func object(_ name: String) -> ServedObject? {
    if case .object? = json[name] { json[name].map(ServedObject.init) } else { nil }
  }

  /// What the directory has and HSDS has no field for.
  struct Attribute {
    let value: String
    /// How it reads.
    let label: String
    let term: String
  }

  /// - Parameter field: the directory's name of it.
  func attributes(_ field: String) -> [Attribute] {
    list("attributes").compactMap { attribute in
      guard attribute.text("link_type") == field, let value = attribute.text("value") else {
        return nil
      }
      let term = attribute.object("taxonomy_term")
      // The directory's own terms name the field, all others the value.
      let isField = term?.text("taxonomy") == "kreisnetz"
      return Attribute(
        value: value, label: isField ? value : term?.text("name") ?? value,
        term: term?.text("id") ?? "")
    }
  }

  func attribute(_ field: String) -> String? { attributes(field).first?.value }
  func label(_ field: String) -> String? { attributes(field).first?.label }

  // MARK: - Schedules

  /// Its own, and those of a service at its places.
  var schedules: [ServedObject] {
    list("schedules") + list("service_at_locations").flatMap { $0.list("schedules") }
  }

  /// Of a schedule; `nil` for what cannot be computed here.
  var hours: OfficeHours? {
    var values: [String: String] = [:]
    for name in ["opens_at", "closes_at", "valid_from", "valid_to", "dtstart"] {
      values[name] = text(name)
    }
    for name in ["rrule", "exdates", "closed_in_school_holidays", "timezone"] {
      values[name] = attribute(name)
    }
    return OfficeHours(values, offset: BerlinTime.offset)
  }

  // MARK: - Places

  /// The towns that its places are in.
  func places(in locations: [ServedObject]) -> [String] {
    var out: [String] = []
    for location in locations {
      let cities = location.list("addresses").compactMap { $0.text("city") }
      for place in location.attributes("municipality_id").map(\.label) + cities
      where !out.contains(place) {
        out.append(place)
        break
      }
    }
    return out
  }
}
