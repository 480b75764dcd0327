// SPDX-License-Identifier: EUPL-1.2

import KreisInterchange
import KreisPages

/// Kreis, networks and towns as a drawing of three columns, and the same as a table.
///
/// A municipality that no town of the realm stands for is drawn too, as taking no part.
struct NetworkDrawing {
  private struct Place {
    let title: String
    /// `nil`: takes no part.
    let town: TownState?
    var y = 0.0
  }

  private struct Network {
    let id: String
    let name: String
    let places: [String]
    var y = 0.0
  }

  private static let (width, step, top) = (900.0, 46.0, 30.0)
  private static let (networkX, networkWidth) = (190.0, 300.0)
  private static let (placeX, placeWidth) = (600.0, 290.0)
  /// Beyond that a drawing shows nothing any more; the table has all.
  private static let limit = 60
  /// Letters in a box.
  private static let letters = 36

  private let networks: [Network]
  private let places: [(key: String, place: Place)]

  /// - Parameter row: of the command `overview`.
  init(_ row: JSONValue, _ towns: [TownState]) {
    let found = (row["networks"]?.elements ?? []).map { network in
      Network(
        id: network["id"]?.text ?? "", name: network["name"]?.text ?? "",
        places: (network["municipalities"]?.elements ?? []).compactMap(\.text))
    }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    let wanted = Set(found.flatMap(\.places))
    var places: [(key: String, place: Place)] = []
    var drawn: Set<String> = []
    let byAGS = Dictionary(towns.map { ($0.ags, $0) }) { first, _ in first }
    for municipality in row["municipalities"]?.elements ?? [] {
      let id = municipality["id"]?.text ?? ""
      let town = municipality["ags"]?.text.flatMap { byAGS[$0] }
      guard wanted.contains(id) || town != nil else { continue }
      if let town { drawn.insert(town.name) }
      places.append(
        (id, Place(title: town?.title ?? municipality["name"]?.text ?? "", town: town)))
    }
    for town in towns where !drawn.contains(town.name) {
      places.append((town.name, Place(title: town.title, town: town)))
    }
    networks = found
    self.places = places.sorted { ($0.place.title, $0.key) < ($1.place.title, $1.key) }
  }

  // MARK: - Table

  var rows: [View] {
    var ranks: [String: Int] = [:]
    for (rank, place) in places.enumerated() { ranks[place.key] = rank }
    return networks.map { network in
      let names = network.places.compactMap { ranks[$0] }.sorted()
        .map { Self.text(places[$0].place) }
      return [
        "name": network.name, "address": "/eintrag/\(network.id)",
        "places": names.isEmpty ? "keine Kommune eingetragen" : names.joined(separator: ", "),
      ]
    }
  }

  private static func text(_ place: Place) -> String {
    place.town.map { "\(place.title) (\($0.text))" } ?? "\(place.title) (nimmt nicht teil)"
  }

  // MARK: - Drawing

  /// `nil` where there is nothing to draw, or too much.
  var view: View? {
    guard !places.isEmpty, max(networks.count, places.count) <= Self.limit else { return nil }
    let count = max(networks.count, places.count, 1)
    let height = Double(count) * Self.step + Self.top
    let networks = Self.spread(networks, height) { $0.y = $1 }
    let places = Self.spread(self.places, height) { $0.place.y = $1 }
    let middle = (height + Self.top) / 2
    var lines: [String] = networks.map {
      Self.line(from: (Self.width * 0.13, middle), to: (Self.networkX, $0.y))
    }
    var linked: Set<String> = []
    for network in networks {
      for place in places where network.places.contains(place.key) {
        linked.insert(place.key)
        lines.append(
          Self.line(
            from: (Self.networkX + Self.networkWidth, network.y), to: (Self.placeX, place.place.y)))
      }
    }
    for place in places where !linked.contains(place.key) {
      lines.append(Self.line(from: (Self.width * 0.13, middle), to: (Self.placeX, place.place.y)))
    }
    return [
      "height": MeasuredTime.text(height), "kreisY": MeasuredTime.text(middle), "lines": lines,
      "kreisTextY": MeasuredTime.text(middle + 5),
      "networks": networks.map { network -> View in
        Self.box(network.name, Self.networkX, network.y, Self.networkWidth)
      },
      "places": places.map { place -> View in
        var view = Self.box(place.place.title, Self.placeX, place.place.y, Self.placeWidth)
        view["state"] = place.place.town?.state.rawValue ?? "none"
        view["textY"] = MeasuredTime.text(place.place.y - 2)
        view["more"] = place.place.town?.text ?? "nimmt nicht teil"
        view["moreY"] = MeasuredTime.text(place.place.y + 13)
        view["mark"] = Self.mark(place.place.town?.state)
        view["markX"] = MeasuredTime.text(Self.placeX + 16)
        view["textX"] = MeasuredTime.text(Self.placeX + 34)
        return view
      },
    ]
  }

  private static func spread<T>(
    _ items: [T], _ height: Double, _ set: (inout T, Double) -> Void
  ) -> [T] {
    let room = (height - top) / Double(max(1, items.count))
    return items.enumerated().map { index, item in
      var item = item
      set(&item, top + room * (Double(index) + 0.5))
      return item
    }
  }

  private static func line(from start: (Double, Double), to end: (Double, Double)) -> String {
    let bend = (start.0 + end.0) / 2
    let numbers = [start.0, start.1, bend, start.1, bend, end.1, end.0, end.1]
      .map(MeasuredTime.text)
    return "M\(numbers[0]) \(numbers[1])C" + numbers[2...].joined(separator: " ")
  }

  private static func box(_ title: String, _ x: Double, _ y: Double, _ width: Double) -> View {
    [
      "x": MeasuredTime.text(x), "y": MeasuredTime.text(y - 18),
      "boxWidth": MeasuredTime.text(width),
      "textX": MeasuredTime.text(x + 12), "textY": MeasuredTime.text(y + 5),
      "title": title.count > letters ? title.prefix(letters - 1) + "…" : title, "full": title,
    ]
  }

  /// A shape for each state, so that none shows by its colour alone.
  private static func mark(_ state: TownState.State?) -> String {
    switch state {
    case .done: "●"
    case .waiting: "◐"
    case .absent: "○"
    case .trouble: "■"
    case nil: "–"
    }
  }
}
