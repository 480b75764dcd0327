// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// A feed of the hub, and what its readers stated of it.
struct FeedView {
  private enum Result: Int {
    case disagrees, behind, earlier, agrees

    init(_ statement: JSONValue, upTo end: UInt64) {
      self =
        switch statement["agrees"] {
        case .bool(false)?: .disagrees
        case .bool(true)?: statement["position"]?.unsigned == end ? .agrees : .behind
        default: .earlier
        }
    }

    var state: String {
      switch self {
      case .disagrees: "trouble"
      case .agrees: "done"
      case .behind, .earlier: "waiting"
      }
    }
  }

  /// Statements that are shown one by one.
  private static let limit = 100

  private let feed: JSONValue
  private let end: UInt64
  private let time: GermanTime
  private let statements: [(result: Result, row: JSONValue)]

  /// All feeds; those that a member disagrees with first.
  ///
  /// - Parameter row: of the command `overview`.
  static func all(_ row: JSONValue, _ time: GermanTime) -> [FeedView] {
    let feeds = (row["feeds"]?.elements ?? []).map { FeedView($0, time) }
    return feeds.filter(\.disagrees) + feeds.filter { !$0.disagrees }
  }

  private init(_ feed: JSONValue, _ time: GermanTime) {
    self.feed = feed
    self.time = time
    let end = feed["position"]?.unsigned ?? 0
    self.end = end
    statements = (feed["statements"]?.elements ?? []).map { (Result($0, upTo: end), $0) }
  }

  private var disagrees: Bool { statements.contains { $0.result == .disagrees } }

  var view: View {
    let kind = FieldViews.scope(feed["kind"]?.text ?? "").label
    let full = statements.count { $0.result == .agrees }
    let readers = Int(clamping: feed["readers"]?.unsigned ?? 0)
    let verdict =
      disagrees
      ? "Widerspruch: mindestens eine Kommune hat hier etwas anderes geprüft"
      : full == readers
        ? "Alle Lesenden haben bis zum Ende geprüft"
        : "\(full) von \(readers) Lesenden haben bis zum Ende geprüft"
    return [
      "name": feed["town"]?.text.map { "\(kind) \($0)" } ?? kind,
      "position": Console.grouped(end),
      "hash": String((feed["hash"]?.text ?? "").prefix(16)), "verdict": verdict,
      "state": disagrees ? "trouble" : full == readers ? "done" : "waiting",
      "hasStatements": !statements.isEmpty, "statements": shown.map(statement),
      "more": statements.count > Self.limit
        ? "Weitere \(Console.grouped(UInt64(statements.count - Self.limit))) Aussagen stehen hier nicht; "
          + "die dringendsten sind oben." as Any : false,
    ]
  }

  /// By name; where there are many, what somebody should look at first.
  private var shown: [(result: Result, row: JSONValue)] {
    let isLong = statements.count > Self.limit
    let sorted = statements.map { one in
      (
        isLong ? one.result.rawValue : 0, one.row["title"]?.text ?? "", one.row["name"]?.text ?? "",
        one
      )
    }.sorted { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }
    return sorted.prefix(Self.limit).map(\.3)
  }

  private func statement(_ one: (result: Result, row: JSONValue)) -> View {
    let position = one.row["position"]?.unsigned ?? 0
    let text =
      switch one.result {
      case .disagrees: "widerspricht"
      case .agrees: "geprüft bis zum Ende"
      case .behind: "geprüft, es fehlen \(Console.grouped(end - min(end, position)))"
      case .earlier: "aus einer früheren Zeit des Hubs"
      }
    return [
      "title": one.row["title"]?.text ?? "", "position": Console.grouped(position),
      "when": time.instant(one.row["at"]), "since": one.row["at"]?.unsigned.map(time.since) ?? "",
      "hash": String((one.row["hash"]?.text ?? "").prefix(16)), "state": one.result.state,
      "result": text,
    ]
  }
}
