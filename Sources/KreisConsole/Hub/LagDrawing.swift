// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// What a hub noted of two weeks, as numbers for lines.
struct MeasuredTime {
  struct Point {
    let at: UInt64
    let value: UInt64
  }

  /// The width and height of all drawings, in units of their own.
  static let (width, height) = (600.0, 60.0)
  static let period: UInt64 = 14 * 86_400

  let end: UInt64

  /// The path of a line that stays until the next measurement; `nil` for fewer than two points.
  func path(_ points: [Point], height: Double, top: UInt64) -> String? {
    guard points.count > 1 else { return nil }
    var out = ""
    var last: Double?
    for point in points {
      let y = level(point.value, height, top)
      // Where nothing changed, nothing is drawn but the end.
      guard last != y || point.at == points.last?.at else { continue }
      let x = Self.text(place(point.at))
      out += last == nil ? "M\(x) \(Self.text(y))" : "H\(x)" + (last == y ? "" : "V\(Self.text(y))")
      last = y
    }
    return out
  }

  private func place(_ at: UInt64) -> Double {
    let start = end > Self.period ? end - Self.period : 0
    return Double(at > start ? at - start : 0) / Double(Self.period) * Self.width
  }

  private func level(_ value: UInt64, _ height: Double, _ top: UInt64) -> Double {
    height - 1 - Double(value) / Double(max(1, top)) * (height - 3)
  }

  /// Tenths are exact enough for a drawing.
  static func text(_ number: Double) -> String {
    let tenths = Int((number * 10).rounded())
    return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(abs(tenths % 10))"
  }
}

/// How far towns were behind over time: a line for each that ever was, and the same by days as a table.
struct LagDrawing {
  /// Lines on one page, of those that were furthest behind.
  private static let limit = 12

  let views: [View]
  let days: [View]
  let note: String
  let hasMore: Bool

  /// - Parameter row: of the command `overview`.
  init(_ row: JSONValue, _ time: GermanTime) {
    let now = row["at"]?.unsigned ?? time.now
    let samples = row["samples"]?.elements ?? []
    let towns = (row["towns"]?.elements ?? []).filter { $0["revoked"] != .bool(true) }
    let drawing = MeasuredTime(end: now)
    var lines: [(title: String, top: UInt64, points: [MeasuredTime.Point])] = []
    var behind: Set<String> = []
    for sample in samples {
      if case .object(let members)? = sample["lags"] { behind.formUnion(members.map(\.name)) }
    }
    for town in towns {
      guard let name = town["name"]?.text,
        behind.contains(name) || (town["lag"]?["entries"]?.unsigned ?? 0) > 0
      else { continue }
      var points = samples.compactMap { sample in
        sample["at"]?.unsigned.map {
          MeasuredTime.Point(at: $0, value: sample["lags"]?[name]?.unsigned ?? 0)
        }
      }
      points.append(.init(at: now, value: town["lag"]?["entries"]?.unsigned ?? 0))
      let top = points.map(\.value).max() ?? 0
      if top > 0 { lines.append((town["title"]?.text ?? name, top, points)) }
    }
    lines.sort { ($1.top, $0.title) < ($0.top, $1.title) }
    hasMore = lines.count > Self.limit
    let shown = lines.prefix(Self.limit)
    let top = shown.map(\.top).max() ?? 1
    views = shown.map { line in
      let path = drawing.path(line.points, height: MeasuredTime.height, top: top)
      let now = line.points.last?.value ?? 0
      return [
        "title": line.title, "path": path as Any? ?? false,
        "text":
          "höchstens \(Self.entries(line.top)), jetzt \(now == 0 ? "keiner" : Self.entries(now))",
      ]
    }
    days = Self.days(shown.map { ($0.title, $0.points) })
    note =
      samples.isEmpty
      ? "Der Hub misst alle zehn Minuten; noch gibt es keine Messung."
      : "Gemessen alle zehn Minuten; ältere Messungen als zwei Wochen werden gelöscht."
  }

  private static func entries(_ count: UInt64) -> String {
    Int(clamping: count).counted("Eintrag", "Einträge")
  }

  /// The highest of each day.
  private static func days(_ lines: [(title: String, points: [MeasuredTime.Point])]) -> [View] {
    var highest: [Int: [String: UInt64]] = [:]
    for line in lines {
      for point in line.points {
        let day = BerlinTime.local(Int(clamping: point.at)).date.dayNumber
        highest[day, default: [:]][line.title] = max(
          highest[day]?[line.title] ?? 0, point.value)
      }
    }
    return highest.sorted { $0.key > $1.key }.map { day, values in
      let behind = values.filter { $0.value > 0 }.sorted { $0.key < $1.key }
      return [
        "day": GermanTime.day(CivilDate(dayNumber: day)),
        "text": behind.isEmpty
          ? "kein Rückstand"
          : behind.map { "\($0.key): bis zu \(entries($0.value))" }.joined(separator: "; "),
      ]
    }
  }
}

/// How the log grew.
struct GrowthDrawing {
  let view: View?
  let text: String

  /// - Parameter row: of the command `overview`.
  init(_ row: JSONValue, _ time: GermanTime) {
    let now = row["at"]?.unsigned ?? time.now
    let entries = row["entries"]?.unsigned ?? 0
    var points = (row["samples"]?.elements ?? []).compactMap { sample -> MeasuredTime.Point? in
      guard let at = sample["at"]?.unsigned, let value = sample["entries"]?.unsigned else {
        return nil
      }
      return .init(at: at, value: value)
    }
    points.append(.init(at: now, value: entries))
    let lowest = points.map(\.value).min() ?? 0
    let shifted = points.map { MeasuredTime.Point(at: $0.at, value: $0.value - lowest) }
    let path = MeasuredTime(end: now).path(
      shifted, height: 2 * MeasuredTime.height, top: shifted.map(\.value).max() ?? 0)
    view = path.map { ["path": $0] }
    let first = points[0]
    let more = entries > first.value ? entries - first.value : 0
    text =
      "\(Console.grouped(entries)) Einträge"
      + (points.count > 1 ? ", \(Console.grouped(more)) mehr \(time.since(first.at))" : "")
  }
}
