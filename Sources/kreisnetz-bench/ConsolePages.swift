// SPDX-License-Identifier: EUPL-1.2

import Foundation

/// What the pages of a town's console take with the whole directory: each request as a browser sends it,
/// from the connection to the last byte.
struct ConsolePages {
  private let port: Int

  /// Of a town that holds everything and does not run; it is stopped again.
  ///
  /// - Throws: `BenchFailure`, `StoreError`.
  static func measure(_ plan: BenchPlan, _ realm: BenchRealm, town: String) throws {
    let port = try BenchRealm.freePort()
    let settings = realm.state(town) + ".yaml"
    try Data("console_listen: 127.0.0.1:\(port)\n".utf8).write(to: URL(filePath: settings))
    _ = try realm.catchUp(town, config: settings, seconds: plan.patience)
    plan.pause(3)
    try ConsolePages(port: port).measure(plan)
    try realm.stop(town)
  }

  private func measure(_ plan: BenchPlan) throws {
    let first = try get("/?q=Beratung")
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
      let answers = try (1...20).map { _ in try get(path) }
      plan.report.add(
        Measurement(
          .console, name, "ms", answers.map { $0.seconds * 1_000 }, goal: .atMost(100),
          details: [("bytes", Double(answers[0].text.utf8.count))]))
    }
  }

  /// - Throws: `BenchFailure` unless the answer is a page.
  private func get(_ path: String) throws -> (seconds: Double, text: String) {
    let start = monotonicSeconds()
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in.loopback(port)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    let request = Array(
      "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
    guard isConnected, write(descriptor, request, request.count) == request.count else {
      throw BenchFailure("The console does not answer.")
    }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(descriptor, &part, part.count)
      guard count > 0 else { break }
      bytes += part[..<count]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.1 200 ") else {
      throw BenchFailure("The console answers \(path) with: \(text.prefix(200))")
    }
    return (monotonicSeconds() - start, text)
  }
}
