// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// What the hub's pages take with the whole directory of several towns: those of the Kreis, and those for
/// families.
struct HubPages {
  let plan: BenchPlan
  let workload: Workload

  private static let towns = 4
  /// Requests of each page.
  private static let requests = 20

  /// - Throws: `BenchFailure`, `StoreError`.
  func run() throws {
    let realm = try BenchRealm(in: plan.place.path("pages"), program: plan.place.program)
    let offers = try OfferWorkload(workload, towns: Self.towns, in: plan.place)
    plan.report.progress("Importing organizations, offers and hours in \(Self.towns) towns …")
    try realm.command("hub", ["import", offers.common])
    for (town, _) in offers.parts {
      try realm.join(town)
      // Their rows name what the hub imported; what the other towns import is none of it.
      _ = try realm.catchUp(town, seconds: plan.patience)
      try realm.stop(town)
    }
    for (town, file) in offers.parts {
      plan.report.progress("\(town) …")
      _ = try realm.importFiles(town, [file])
      try realm.pushAll(town, seconds: 3 * plan.patience)
    }
    try measure(realm, town: offers.parts[0].town)
    try plan.end(realm)
  }

  private func measure(_ realm: BenchRealm, town: String) throws {
    let (console, families) = (
      PageClient(port: try BenchRealm.freePort()), PageClient(port: try BenchRealm.freePort())
    )
    let settings = realm.state("hub") + ".yaml"
    try Data(
      """
      console_listen: 127.0.0.1:\(console.port)
      read_api_listen: 127.0.0.1:\(families.port)
      read_api_requests_per_second: 10000
      public_page: true

      """.utf8
    ).write(to: URL(filePath: settings))
    try realm.stop("hub")
    let hub = try realm.start("hub", config: settings)
    let start = monotonicSeconds()
    let first = try families.wait(for: "/angebote", seconds: plan.patience)
    plan.report.add(
      Measurement(
        .hubPages, "families: from the start to the first page", "s", [monotonicSeconds() - start],
        details: [("of which the page", first.seconds)]))
    let peak = Double(hub.figures.peakKilobytes) / 1_000
    try realm.start(town)
    try measureFamilies(families, peak: peak, hub)
    try measureChanges(realm, families)
    try measureKreis(console, "Kreis")
    try measureMembers(realm, console, families, settings, town)
  }

  /// The hub's pages once more, with very many towns.
  private func measureMembers(
    _ realm: BenchRealm, _ console: PageClient, _ families: PageClient, _ settings: String,
    _ town: String
  ) throws {
    try realm.stop(town)
    try realm.stop("hub")
    plan.report.progress("\(plan.followers) towns join …")
    _ = try ManyFollowers.enrol(plan.followers, in: realm.state("hub"))
    try realm.start("hub", config: settings)
    // What it makes for families after its start is no part of what these pages take.
    _ = try families.wait(for: "/angebote", seconds: plan.patience)
    try measureKreis(console, "\(plan.followers) members")
  }

  private func measureFamilies(
    _ pages: PageClient, peak: Double, _ hub: RunningDaemon
  ) throws {
    let list = try pages.get("/angebote?thema=").text
    guard let topic = list.firstMatch(of: /<option value="([0-9a-f-]{36})"/)?.output.1,
      let offer = list.firstMatch(of: /href="(\/angebot\/[0-9a-f-]{36})"/)?.output.1
    else { throw BenchFailure("The page for families has no offer.") }
    let shown = try pages.get(String(offer)).text
    guard let owner = shown.firstMatch(of: /href="(\/einrichtung\/[0-9a-f-]{36})"/)?.output.1 else {
      throw BenchFailure("The offer has no organization.")
    }
    try measure(
      pages, "families",
      [
        ("start page", "/angebote"), ("last page", "/angebote?seite=1000000"),
        ("by topic", "/angebote?thema=\(topic)"), ("by age", "/angebote?alter=3"),
        ("by place", "/angebote?ort=Balve"), ("open now", "/angebote?offen=1"),
        ("search", "/angebote?q=Beratung"), ("search without hit", "/angebote?q=gibtsnicht"),
        ("all at once", "/angebote?q=gruppe&alter=3&ort=Balve&thema=\(topic)&offen=1"),
        ("offer", String(offer)), ("organization", String(owner)),
        ("list of the API", "/services?per_page=50&page=7"),
        ("search of the API", "/services?search=beratung"),
      ])
    plan.report.add(
      Measurement(
        .hubPages, "peak of a hub with pages", "MB", [peak],
        details: [("resident", Double(hub.figures.residentKilobytes) / 1_000)]))
  }

  /// The first page after somebody changed something.
  private func measureChanges(_ realm: BenchRealm, _ pages: PageClient) throws {
    var seconds: [Double] = []
    for number in 1...5 {
      try realm.command("hub", ["add", "organization", "name=Neue Einrichtung \(number)"])
      seconds.append(try pages.get("/angebote?q=Beratung").seconds * 1_000)
    }
    plan.report.add(
      Measurement(
        .hubPages, "families: first page after a change", "ms", seconds, goal: .atMost(100),
        details: [("worst", seconds.max() ?? 0)]))
  }

  private func measureKreis(_ console: PageClient, _ whose: String) throws {
    let pages = [
      ("overview", "/kreis"), ("proofs", "/kreis/pruefung"), ("members", "/kreis/mitglieder"),
      ("audit log", "/kreis/protokoll"), ("networks", "/netzwerke"),
    ]
    for (name, path) in pages {
      plan.report.add(
        Measurement(
          .hubPages, "\(whose): \(name), first", "ms",
          // The hub may have been started just now.
          [try console.wait(for: path, seconds: plan.patience).seconds * 1_000]))
    }
    try measure(console, whose, pages)
  }

  private func measure(_ client: PageClient, _ whose: String, _ pages: [(String, String)]) throws {
    for (name, path) in pages {
      let answers = try (0..<Self.requests).map { _ in try client.get(path) }
      let times = answers.map { $0.seconds * 1_000 }
      plan.report.add(
        Measurement(
          .hubPages, "\(whose): \(name)", "ms", times, goal: .atMost(100),
          details: [
            ("worst", times.max() ?? 0), ("bytes", Double(answers[0].text.utf8.count)),
          ]))
    }
  }
}
