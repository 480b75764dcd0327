// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// What the pages of a town's console take with the whole directory: each request as a browser sends it,
/// from the connection to the last byte.
struct ConsolePages {
  private let client: PageClient

  /// Members of the network that is looked at.
  private static let members = 1_000

  /// Of a town that holds everything, wrote it itself and does not run; it is stopped again.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  static func measure(
    _ plan: BenchPlan, _ realm: BenchRealm, _ workload: Workload, town: String
  ) throws {
    let network = realm.state(town) + ".network"
    try writeNetwork(of: workload, to: network)
    _ = try realm.importFiles(town, [network])
    let port = try BenchRealm.freePort()
    let settings = realm.state(town) + ".yaml"
    try Data("console_listen: 127.0.0.1:\(port)\n".utf8).write(to: URL(filePath: settings))
    let daemon = try realm.start(town, config: settings)
    try ConsolePages(client: PageClient(port: port)).measure(plan, since: daemon.readyAt)
    try realm.stop(town)
  }

  /// A network to which the first organizations belong.
  private static func writeNetwork(of workload: Workload, to path: String) throws {
    var text =
      #"{"kind":"municipality","external_id":"bench-town","name":"Halver","ags":"05962012"}"# + "\n"
    text += #"{"kind":"network","external_id":"bench-network","name":"Frühe Hilfen","#
    text += #""municipalities":["key:bench-town"]}"# + "\n"
    let bytes = try Data(contentsOf: URL(filePath: workload.organizations))
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).prefix(members).enumerated() {
      let row = String(decoding: line, as: UTF8.self)
      guard let key = row.firstMatch(of: /"external_id":"([^"]*)"/)?.output.1 else {
        throw BenchFailure("An organization of the workload has no external id.")
      }
      text += #"{"kind":"network_membership","external_id":"bench-member-\#(index)","#
      text += #""network_id":"key:bench-network","organization_id":"key:\#(key)"}"# + "\n"
    }
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  private func measure(_ plan: BenchPlan, since start: Double) throws {
    var first: PageClient.Answer?
    try waitUntil("the console", seconds: plan.patience) {
      first = client.ask("/?q=Beratung")
      return first != nil
    }
    plan.report.add(
      Measurement(
        .console, "the first answer to a search, even if only that it is too early", "s",
        [first?.seconds ?? 0], goal: .atMost(1.2)))
    let found = try client.wait(for: "/?q=Beratung", seconds: plan.patience).text
    plan.report.add(
      Measurement(
        .console, "from the start of the daemon until it searches", "s",
        [monotonicSeconds() - start], goal: .atMost(5)))
    guard let link = found.firstMatch(of: /href="(\/eintrag\/[0-9a-f-]{36})/)?.output.1 else {
      throw BenchFailure("The console finds no organization.")
    }
    let networks = try client.wait(for: "/netzwerke", seconds: plan.patience).text
    guard let network = networks.firstMatch(of: /href="(\/netzwerke\/[0-9a-f-]{36})/)?.output.1
    else { throw BenchFailure("The console shows no network.") }
    try measureDuplicates(plan)
    let pages: [(String, String)] = [
      ("the list", "/"), ("a search", "/?q=Pflegedienst"),
      ("a search with errors", "/?q=Beratnug+Stienwald"),
      ("a search for a number", "/?q=4710772"), ("a record", String(link)),
      ("a form", "\(link)/bearbeiten"), ("a history", "\(link)/verlauf"),
      ("the networks", "/netzwerke"), ("a network", String(network)),
      ("a network's record", String(network).replacing("/netzwerke/", with: "/eintrag/")),
      ("what is due", "/faellig"), ("the duplicates", "/dubletten"),
      ("what is to be decided", "/konflikte"), ("what waits for a release", "/freigaben"),
      ("the change requests", "/rueckmeldungen"), ("what was erased", "/loeschungen"),
    ]
    for (name, path) in pages {
      let answers = try (1...20).map { _ in try client.get(path) }
      plan.report.add(
        Measurement(
          .console, name, "ms", answers.map { $0.seconds * 1_000 }, goal: .atMost(100),
          details: [("bytes", Double(answers[0].text.utf8.count))]))
    }
  }

  private func measureDuplicates(_ plan: BenchPlan) throws {
    let start = monotonicSeconds()
    let first = try client.get("/dubletten")
    try waitUntil("the duplicates", seconds: plan.patience) {
      try !client.get("/dubletten").text.contains("data-wait")
    }
    plan.report.add(
      Measurement(
        .console, "all records compared, behind the page of duplicates", "s",
        [monotonicSeconds() - start], details: [("first answer ms", first.seconds * 1_000)]))
  }
}
