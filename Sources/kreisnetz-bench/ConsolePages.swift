// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// What the pages of a town's console take with the whole directory: each request as a browser sends it,
/// from the connection to the last byte.
struct ConsolePages {
  private let client: PageClient

  /// Of a town that holds everything and does not run; it is stopped again.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  static func measure(_ plan: BenchPlan, _ realm: BenchRealm, town: String) throws {
    let port = try BenchRealm.freePort()
    let settings = realm.state(town) + ".yaml"
    try Data("console_listen: 127.0.0.1:\(port)\n".utf8).write(to: URL(filePath: settings))
    _ = try realm.catchUp(town, config: settings, seconds: plan.patience)
    plan.pause(3)
    try ConsolePages(client: PageClient(port: port)).measure(plan)
    try realm.stop(town)
  }

  private func measure(_ plan: BenchPlan) throws {
    let first = try client.get("/?q=Beratung")
    plan.report.add(
      Measurement(
        .console, "first search, which makes the index", "s", [first.seconds], goal: .atMost(1)))
    guard let link = first.text.firstMatch(of: /href="(\/eintrag\/[0-9a-f-]{36})/)?.output.1 else {
      throw BenchFailure("The console finds no organization.")
    }
    let pages = [
      ("the list", "/"), ("a search", "/?q=Pflegedienst"),
      ("a search with errors", "/?q=Beratnug+Stienwald"),
      ("a search for a number", "/?q=4710772"), ("a record", String(link)),
      ("a form", "\(link)/bearbeiten"), ("a history", "\(link)/verlauf"),
    ]
    for (name, path) in pages {
      let answers = try (1...20).map { _ in try client.get(path) }
      plan.report.add(
        Measurement(
          .console, name, "ms", answers.map { $0.seconds * 1_000 }, goal: .atMost(100),
          details: [("bytes", Double(answers[0].text.utf8.count))]))
    }
  }
}
