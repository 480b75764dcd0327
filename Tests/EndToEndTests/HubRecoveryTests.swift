// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// A hub that is lost or restored, and the towns that bring everything back.
@Suite struct HubRecoveryTests {
  private func fold(_ kreis: Kreis, _ replica: String) throws -> String {
    try kreis(replica).succeed("log", "fold").output
  }

  /// Waits until every town has offered what it holds, and closes the gathering.
  private func gather(_ kreis: Kreis, from towns: [String]) throws {
    try Kreis.wait("what the towns offer", seconds: 90) {
      let rows = try kreis("hub").succeed("hub", "gather", "--json").rows
      return towns.allSatisfy { town in
        rows.contains { $0["name"] == .string(town) && $0["offered_at"] != .null }
      }
    }
    try kreis("hub").fail(
      2, "does not open the root key", "hub", "gather", "--close",
      input: "0000-0000-0000-0000-0000-0000-0000-0000\n")
    try kreis("hub").succeed("hub", "gather", "--close", input: kreis.phrase + "\n")
  }

  @Test func `A lost hub is rebuilt from its members, with the root key alone`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis("balve").succeed("add", "organization", "name=Hebammen")
    try kreis.waitUntilEqual()
    try kreis("hub").succeed("edit", id, "phone=0221 4710-110")
    try kreis.waitUntilEqual()
    let before = try fold(kreis, "hub")
    try kreis.stop("hub")
    let saved = kreis.folder.path + "/root.key"
    try FileManager.default.copyItem(atPath: kreis.state("hub") + "/keys/root.key", toPath: saved)
    try FileManager.default.removeItem(atPath: kreis.state("hub"))

    let url = "https://127.0.0.1:\(kreis.port)"
    try kreis("hub").fail(
      2, "does not open the root key", "hub", "init", "--recover", "--root-key", saved, "--url",
      url,
      input: "0000-0000-0000-0000-0000-0000-0000-0000\n")
    try kreis("hub").succeed(
      "hub", "init", "--recover", "--root-key", saved, "--url", url, input: kreis.phrase + "\n")
    try kreis.start("hub")
    try gather(kreis, from: ["halver", "balve"])
    #expect(try fold(kreis, "hub") == before)
    try kreis.waitUntilEqual()
    #expect(try kreis.status("hub")["generation"] == .integer(2))
    #expect(try kreis.status("halver")["link"]?["hub"] == "connected")
    try kreis("hub").fail(2, "does not gather", "hub", "gather")

    // It goes on, and nobody had to visit a town.
    try kreis("halver").succeed("edit", id, "phone=0221 4710-111")
    try Kreis.wait("the edit at Balve") {
      try kreis("balve").succeed("show", id).output.contains("0221 4710-111")
    }
    let third = CommandLineTool(state: kreis.state("kierspe"))
    try third.succeed("town", "join", "-", input: kreis.invite("kierspe"))
    // The root key's file knows the new generation.
    #expect(
      try String(contentsOfFile: kreis.state("hub") + "/keys/root.key", encoding: .utf8)
        .contains("generation 2"))
  }

  @Test func `A hub restored from a backup notices, stops serving, and gathers what it lost`()
    throws
  {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.copy("hub", to: "hub-backup")
    try kreis.start("hub")
    try kreis("halver").succeed("edit", id, "phone=0221 4710-112")
    let late = try kreis("balve").succeed("add", "organization", "name=Hebammen", "--json").id
    try kreis("hub").succeed("edit", id, "email=kita@example.org")
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.replace("hub", with: "hub-backup")
    try kreis.start("hub")
    try Kreis.wait("the hub to notice", seconds: 60) {
      try kreis.status("hub")["link"]?["halted"] ?? .null != .null
    }
    try kreis("hub").fail(3, "restored from a backup", "add", "organization", "name=Nein")
    try kreis.waitForLink("halver", "told so") {
      guard case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("restored from a backup")
    }
    try kreis.stop("hub")
    try kreis("hub").succeed("hub", "init", "--recover")
    try kreis.start("hub")
    try gather(kreis, from: ["halver", "balve"])
    try kreis.waitUntilEqual()
    for replica in ["hub", "halver", "balve"] {
      let shown = try kreis(replica).succeed("show", id).output
      #expect(shown.contains("0221 4710-112") && shown.contains("kita@example.org"))
      #expect(try kreis(replica)("show", late).status == 0)
    }
  }

  @Test func `A hub set back to before its own next generation notices, and opens the one after`()
    throws
  {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis.copy("hub", to: "hub-backup")
    try kreis("hub").succeed("hub", "rotate", input: kreis.phrase + "\n")
    try kreis.start("hub")
    try kreis("hub").succeed("edit", id, "email=kita@example.org")
    let late = try kreis("hub").succeed("add", "organization", "name=Kreisstelle", "--json").id
    try kreis.waitUntilEqual()
    #expect(try kreis.status("hub")["generation"] == .integer(2))

    // With all its files, that of the root key among them.
    try kreis.stop("hub")
    try kreis.replace("hub", with: "hub-backup")
    try kreis.start("hub")
    try Kreis.wait("the hub to notice", seconds: 60) {
      guard case .string(let reason)? = try kreis.status("hub")["link"]?["halted"] else {
        return false
      }
      return reason.contains("generation 2")
    }
    #expect(try kreis("hub")("check").status == 2)
    try kreis.waitForLink("halver", "told so") {
      guard case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("restored from a backup")
    }
    try kreis.stop("hub")
    try kreis("hub").fail(2, "restored from a backup", "hub", "rotate", input: kreis.phrase + "\n")
    try kreis("hub").succeed("hub", "init", "--recover")
    try kreis("hub").fail(
      3, "--without-generation 2", "hub", "gather", "--close", input: kreis.phrase + "\n")
    #expect(try kreis("hub").succeed("hub", "gather").output.contains("key generation 2"))
    try kreis.start("hub")
    try gather(kreis, from: ["halver", "balve"])
    try kreis.waitUntilEqual()
    #expect(try kreis.status("hub")["generation"] == .integer(3))
    for replica in ["hub", "halver", "balve"] {
      #expect(try kreis(replica).succeed("show", id).output.contains("kita@example.org"))
      #expect(try kreis(replica)("show", late).status == 0)
    }
    #expect(
      try String(contentsOfFile: kreis.state("hub") + "/keys/root.key", encoding: .utf8)
        .contains("generation 3"))
  }

  @Test func `A hub put back by restore gathers at once, and nothing of later is lost`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    let backup = kreis.folder.path + "/hub-backup"
    try kreis("hub").succeed("backup", backup)
    try kreis("halver").succeed("edit", id, "phone=0221 4710-113")
    let late = try kreis("hub").succeed("add", "organization", "name=Kreisstelle", "--json").id
    try kreis.waitUntilEqual()
    let before = try fold(kreis, "hub")
    try kreis.stop("hub")
    #expect(try kreis("hub").succeed("restore", backup).output.contains("hub init --recover"))
    try kreis("hub").succeed("hub", "init", "--recover")
    try kreis.start("hub")
    try gather(kreis, from: ["halver", "balve"])
    try kreis.waitUntilEqual()
    #expect(try fold(kreis, "hub") == before)
    #expect(try kreis("hub")("show", late).status == 0)
    let members = try kreis("hub").succeed("hub", "members", "--json").rows
    #expect(members.allSatisfy { $0["missing"] == .integer(0) })
    #expect(members.first { $0["name"] == "halver" }?["entries"] == .integer(2))
  }

  @Test func `What a town brings after the gathering was closed is taken up, whoever wrote it`()
    throws
  {
    let kreis = try Kreis(towns: 3)
    let first = try kreis("balve").succeed("add", "organization", "name=Hebammen", "--json").id
    try kreis.waitUntilEqual()
    try kreis.stop("balve")
    // Only Halver and the hub learn of it, and then its author and the hub are lost.
    let id = try kreis("kierspe").succeed("add", "organization", "name=Beratung", "--json").id
    try Kreis.wait("it at Halver") { try kreis("halver")("show", id).status == 0 }
    for replica in ["halver", "kierspe", "hub"] { try kreis.stop(replica) }
    let saved = kreis.folder.path + "/root.key"
    try FileManager.default.copyItem(atPath: kreis.state("hub") + "/keys/root.key", toPath: saved)
    for replica in ["kierspe", "hub"] {
      try FileManager.default.removeItem(atPath: kreis.state(replica))
    }
    try kreis("hub").succeed(
      "hub", "init", "--recover", "--root-key", saved, "--url", "https://127.0.0.1:\(kreis.port)",
      input: kreis.phrase + "\n")
    try kreis.start("hub")
    try kreis.start("balve")
    try gather(kreis, from: ["balve"])
    try Kreis.wait("Balve's record") { try kreis("hub")("show", first).status == 0 }
    #expect(try kreis("hub")("show", id).status == 1)
    try kreis.start("halver")
    for replica in ["hub", "balve"] {
      try Kreis.wait("what Halver brings, at \(replica)", seconds: 60) {
        try kreis(replica)("show", id).output.contains("Beratung")
      }
    }
    // Its author comes back as a member, and the record is its own again.
    let invite = try kreis("hub").succeed("hub", "invite", "--member", "kierspe").output
    try kreis("kierspe").succeed("town", "join", "-", input: invite)
    try kreis.start("kierspe")
    try kreis("kierspe").succeed("edit", id, "phone=0221 4710-114")
    try kreis.waitUntilEqual()
  }
}
