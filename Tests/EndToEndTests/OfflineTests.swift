// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisInterchange
import Testing

/// A hub that is away, two writers, and the forced resync.
@Suite struct OfflineTests {
  private func phone(_ kreis: Kreis, _ replica: String, _ id: String) throws -> JSONValue? {
    try kreis(replica).succeed("show", id, "--json").rows.first?["fields"]?["phone"]?["value"]
  }

  @Test func `Edits made without the hub arrive when it is back`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.waitForLink("halver", "waiting") { $0["hub"] == "waiting" && $0["reason"] != .null }
    try kreis("halver").succeed("edit", id, "phone=0221 4710-101")
    let other = try kreis("balve").succeed("add", "organization", "name=Hebammen", "--json").id
    #expect(try kreis.status("halver")["unsent"] == .integer(1))

    // The resync cannot be done, and loses nothing.
    try kreis("halver").fail(3, "The hub could not be asked", "resync")
    try kreis("halver").fail(3, "The hub could not be asked", "resync", "--verify")
    #expect(try kreis.status("halver")["unsent"] == .integer(1))
    try kreis.stop("halver")
    try kreis("halver").fail(3, "The hub could not be asked", "resync")
    #expect(try kreis.status("halver")["unsent"] == .integer(1))
    try kreis.start("halver")

    try kreis.start("hub")
    try kreis.waitUntilEqual()
    #expect(try phone(kreis, "balve", id) == "0221 4710-101")
    #expect(try kreis("halver").succeed("show", other).output.contains("Hebammen"))
    try Kreis.wait("Halver's statement at the hub") {
      try kreis("hub").succeed("hub", "members", "--json").rows.contains {
        $0["name"] == "halver" && $0["last_contact"] != .null && $0["lag"] == .integer(0)
      }
    }
  }

  @Test func `Two writers of one field are a conflict until one resolves it`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try kreis("halver").succeed("edit", id, "phone=0221 4710-201")
    try kreis("hub").succeed("edit", id, "phone=0221 4710-202")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    for replica in kreis.replicas {
      let rows = try kreis(replica).succeed("conflicts", "--json").rows
      #expect(rows.count == 1, "\(replica)")
      #expect(rows.first?["field"] == "phone", "\(replica): \(rows)")
    }
    try kreis("halver").succeed("resolve", id, "phone", "--value", "0221 4710-203")
    try kreis.waitUntilEqual()
    for replica in kreis.replicas {
      #expect(try kreis(replica).succeed("conflicts", "--json").rows.isEmpty, "\(replica)")
      #expect(try phone(kreis, replica, id) == "0221 4710-203", "\(replica)")
    }
    try kreis("halver").succeed("delete", id)
    try kreis.waitUntilEqual()
    #expect(try kreis("balve").succeed("list", "organization", "--json").rows.isEmpty)
    try kreis("halver").succeed("undelete", id)
    try kreis.waitUntilEqual()
    #expect(try kreis("balve").succeed("list", "organization", "--json").rows.count == 1)
  }

  @Test func `A resync proves equality and repairs a damaged table, --verify only tells`() throws {
    let kreis = try Kreis(towns: 1)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Echt", "--json").id
    try kreis.waitUntilEqual()
    for options in [[], ["--verify"]] {
      let report = try kreis("halver")(["resync"] + options)
      #expect(report.status == 0, "\(report.errors)")
      #expect(report.output.hasSuffix("EQUAL\n"))
    }
    try kreis.stop("halver")
    try damage(kreis.state("halver"))

    let found = try kreis("halver")("resync", "--verify", "--json")
    #expect(found.status == 1)
    #expect(differences(found, "differences").contains { $0.contains(id) }, "\(found.output)")
    #expect(differences(found, "repaired").isEmpty)
    #expect(try names(kreis.state("halver")) == ["Kita Falsch"])

    // By the daemon this time.
    try kreis.start("halver")
    let repaired = try kreis("halver")("resync", "--json")
    #expect(repaired.status == 0, "\(repaired.errors)\(repaired.output)")
    #expect(repaired.rows.first?["equal"] == .bool(true))
    #expect(differences(repaired, "repaired").contains { $0.contains(id) }, "\(repaired.output)")
    #expect(differences(repaired, "differences").isEmpty)
    #expect(try names(kreis.state("halver")) == ["Kita Echt"])
    #expect(try kreis("halver")("resync", "--verify").output.hasSuffix("EQUAL\n"))
  }

  private func damage(_ state: String) throws {
    let queue = try DatabaseQueue(path: state + "/kreisnetz.sqlite")
    try queue.write { try $0.execute(sql: "UPDATE organization SET name = 'Kita Falsch'") }
    try queue.close()
  }

  /// As an admin reads them with sqlite3.
  private func names(_ state: String) throws -> [String] {
    let queue = try DatabaseQueue(path: state + "/kreisnetz.sqlite")
    defer { try? queue.close() }
    return try queue.read { try String.fetchAll($0, sql: "SELECT name FROM organization") }
  }

  private func differences(_ result: CommandLineTool.Result, _ name: String) -> [String] {
    guard case .array(let values) = result.rows.first?[name] else { return [] }
    return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }
}
