// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisInterchange
import Testing

/// A hub that shows two towns different histories.
@Suite struct SplitViewTests {
  @Test func `Two histories of the hub are found by the towns' statements and proven offline`()
    throws
  {
    let kreis = try Kreis(towns: 2)
    try kreis("halver").succeed("add", "organization", "name=Gemeinsam")
    try kreis.waitUntilEqual()
    for replica in ["halver", "balve", "hub"] { try kreis.stop(replica) }
    try kreis.copy("hub", to: "hub-for-balve")

    // One history for Halver …
    try kreis.start("hub")
    try kreis.start("halver")
    try kreis("halver").succeed("add", "organization", "name=Nur für Halver")
    try kreis.wait(forStatementOf: "halver", at: "hub")
    // It would show the other hub that it lacks something.
    try kreis.stop("halver")
    try kreis.stop("hub")
    // … and another for Balve.
    try kreis.start("hub-for-balve")
    try kreis.start("balve")
    try kreis("balve").succeed("add", "organization", "name=Nur für Balve")
    try kreis.wait(forStatementOf: "balve", at: "hub-for-balve")
    for replica in ["balve", "hub-for-balve"] { try kreis.stop(replica) }

    // The hub cannot keep a town's statement from the other for ever.
    try kreis.copyStatements(from: "hub-for-balve", to: "hub")
    try kreis.start("hub")
    try kreis.start("halver")
    try Kreis.wait("the alarm") { try kreis.status("halver")["alarms"] != .array([]) }
    let told = try kreis("halver")("status")
    #expect(told.status == 1 && told.output.contains("the hub signed two histories"))

    let folder = kreis.state("halver") + "/evidence"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files.count >= 2)
    for file in files {
      let mode = try FileManager.default.attributesOfItem(atPath: folder + "/" + file)
      #expect(mode[.posixPermissions] as? Int == 0o600)
    }
    let pair = files.prefix(2).map { folder + "/" + $0 }
    // Without any replica.
    let outside = CommandLineTool(state: nil)
    let verdict = try outside("log", "compare", pair[0], pair[1], "--json")
    #expect(verdict.status == 1, "\(verdict.errors)")
    #expect(verdict.rows.first?["verdict"] == "CONTRADICTION")
    #expect(verdict.rows.first?["realm"] == (try kreis.status("halver")["realm"]))
    #expect(try outside("log", "compare", pair[0], pair[0]).status == 0)
    var forged = try String(contentsOfFile: pair[1], encoding: .utf8)
    let digit = try #require(forged.range(of: "\"hash\":\"")).upperBound
    forged.replaceSubrange(digit...digit, with: forged[digit] == "0" ? "1" : "0")
    #expect(try outside("log", "compare", pair[0], kreis.file("forged", forged)).status == 2)
    #expect(try outside("log", "compare", pair[0], "/dev/null").status == 2)
  }
}

extension Kreis {
  fileprivate func wait(forStatementOf town: String, at hub: String) throws {
    try Kreis.wait("\(town)'s statement at \(hub)") {
      let position = try self(hub).succeed("status", "--json").rows.first?["feeds"]
      guard case .array(let feeds)? = position else { return false }
      let end = feeds.first { $0["scope"] == "public" }?["position"]
      return try stated(by: town, at: hub)
        == end.flatMap { value in
          guard case .number(let text) = value else { return nil }
          return Int64(text)
        }
    }
  }

  private func stated(by town: String, at hub: String) throws -> Int64? {
    guard case .string(let text)? = try status(town)["member"], let member = Int64(text, radix: 16)
    else { return nil }
    let queue = try DatabaseQueue(path: state(hub) + "/kreisnetz.sqlite")
    return try queue.read {
      try Int64.fetchOne(
        $0, sql: "SELECT position FROM statement WHERE member = ? AND scope = 1",
        arguments: [member])
    }
  }

  fileprivate func copyStatements(from: String, to: String) throws {
    let queue = try DatabaseQueue(path: state(to) + "/kreisnetz.sqlite")
    try queue.writeWithoutTransaction { db in
      try db.execute(
        sql: "ATTACH ? AS other", arguments: [state(from) + "/kreisnetz.sqlite"])
      try db.execute(sql: "INSERT OR REPLACE INTO statement SELECT * FROM other.statement")
    }
    try queue.close()
  }
}
