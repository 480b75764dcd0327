// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Restored and copied towns, lost keys, rotation, and the end of a membership.
@Suite struct GenerationTests {
  private func add(_ kreis: Kreis, _ replica: String, _ name: String) throws -> String {
    try kreis(replica).succeed("add", "organization", "name=\(name)", "--json").id
  }

  private func shows(_ kreis: Kreis, _ replica: String, _ id: String, _ text: String) throws -> Bool
  {
    let result = try kreis(replica)("show", id)
    return result.status == 0 && result.output.contains(text)
  }

  private func waitFor(
    _ kreis: Kreis, _ replica: String, _ id: String, _ text: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    try Kreis.wait("\(text) at \(replica)", location: location) {
      try shows(kreis, replica, id, text)
    }
  }

  private func generation(_ kreis: Kreis, _ replica: String) throws -> JSONValue? {
    try kreis.status(replica)["generation"]
  }

  @Test
  func `A town restored from a backup loses nothing, not even what it wrote before it noticed`()
    throws
  {
    let kreis = try Kreis(towns: 2)
    let first = try add(kreis, "halver", "Vor der Sicherung")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try kreis.copy("halver", to: "backup")
    try kreis.start("halver")
    let second = try add(kreis, "halver", "Nach der Sicherung")
    try kreis("halver").succeed("edit", first, "phone=0221 4710-101")
    try kreis.waitUntilEqual()

    try kreis.stop("halver")
    try kreis.replace("halver", with: "backup")
    let third = try add(kreis, "halver", "Noch nicht bemerkt")
    try kreis("halver").succeed("edit", first, "email=kita@example.org")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    #expect(try generation(kreis, "halver") == .integer(2))
    for replica in ["halver", "balve", "hub"] {
      #expect(try shows(kreis, replica, second, "Nach der Sicherung"))
      #expect(try shows(kreis, replica, third, "Noch nicht bemerkt"))
      #expect(try shows(kreis, replica, first, "0221 4710-101"))
      #expect(try shows(kreis, replica, first, "kita@example.org"))
    }
    try kreis("halver").succeed("edit", third, "name=Bemerkt")
    try waitFor(kreis, "balve", third, "Bemerkt")
  }

  @Test func `A copy of a town is refused and told why, and neither loses an entry`() throws {
    let kreis = try Kreis(towns: 2)
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try kreis.copy("halver", to: "copy")
    try kreis.start("halver")
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    let mine = try add(kreis, "copy", "Von der Kopie")
    try kreis.start("copy")
    try kreis.waitForLink("copy", "alarmed") {
      guard $0["hub"] == "alarmed", case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("stop the other") && reason.contains("its directory")
    }
    let theirs = try add(kreis, "halver", "Vom Original")
    try waitFor(kreis, "balve", theirs, "Vom Original")
    #expect(try kreis.status("copy")["unsent"] == .integer(1))
    #expect(try kreis("balve")("show", mine).status == 1)

    // The admin decides for the copy. What the original writes after that is not lost either.
    try kreis.stop("halver")
    let late = try add(kreis, "halver", "Zu spät am Original")
    _ = try kreis("copy")("resync")
    try waitFor(kreis, "balve", mine, "Von der Kopie")
    try waitFor(kreis, "copy", theirs, "Vom Original")
    try kreis.start("halver")
    try kreis.waitForLink("halver", "alarmed") {
      guard $0["hub"] == "alarmed", case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("hub invite --member halver")
    }

    // The admin changes his mind.
    try kreis.stop("copy")
    try kreis.stop("halver")
    let invite = try kreis("hub").succeed("hub", "invite", "--member", "halver").output
    try kreis.stop("balve")
    try kreis("balve").fail(2, "is the replica of Balve", "town", "join", "-", input: invite)
    try kreis.start("balve")
    try kreis("halver").succeed("town", "join", "-", input: invite)
    try kreis.start("halver")
    try waitFor(kreis, "balve", late, "Zu spät am Original")
    try kreis.waitUntilEqual()
    #expect(try generation(kreis, "halver") == .integer(3))
    #expect(try shows(kreis, "halver", mine, "Von der Kopie"))
  }

  @Test func `Two machines that run on with one key fork its log, and neither branch is lost`()
    throws
  {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver", "Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try kreis.copy("halver", to: "copy")
    try kreis.stop("hub")
    let both = ["halver", "copy"]
    for machine in both {
      try kreis.start(machine)
      try kreis(machine).succeed("edit", id, "phone=0221 4710-\(machine == "copy" ? 106 : 107)")
      try kreis(machine).succeed(
        "edit", id,
        "\(machine == "copy" ? "email=kita@example.org" : "website=https://kita.example.org")")
    }
    try kreis.start("hub")
    // The hub serves the one that came first, the other is told of it.
    try Kreis.wait("one that is served and one that is not", seconds: 60) {
      let links = try both.map { try kreis.status($0)["link"]?["hub"] }
      return links.contains("connected") && links.contains("alarmed")
    }
    let first = try #require(
      try both.first { try kreis.status($0)["link"]?["hub"] == "connected" })
    let other = first == "halver" ? "copy" : "halver"
    try Kreis.wait("what the first wrote") { try kreis.status(first)["unsent"] == .integer(0) }
    try kreis.stop(first)
    _ = try kreis(other)("resync")
    try Kreis.wait("the other's next key generation", seconds: 150) {
      try generation(kreis, other) == .integer(2) && kreis.status(other)["unsent"] == .integer(0)
    }
    guard case .array(let forks)? = try kreis.status("hub")["forks"] else { return }
    #expect(forks.count == 1 && "\(forks[0])".contains("halver signed two histories"))
    for replica in ["hub", "balve", other] {
      try Kreis.wait("both branches at \(replica)") {
        let row = try kreis(replica).succeed("show", id, "--json").output
        return row.contains("4710-106") && row.contains("4710-107")
          && row.contains("email") && row.contains("website")
      }
      #expect(
        try kreis(replica).succeed("log", "verify", "--json").rows.first?["sound"] == .bool(true))
    }
  }

  @Test func `A town that lost its machine joins again and owns its records`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver", "Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try FileManager.default.removeItem(atPath: kreis.state("halver"))
    try kreis("hub").fail(2, "There is no member 'nowhere'", "hub", "invite", "--member", "nowhere")
    let invite = try kreis("hub").succeed("hub", "invite", "--member", "halver").output
    try kreis("halver").succeed("town", "join", "-", input: invite)
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    #expect(try generation(kreis, "halver") == .integer(2))
    try kreis("halver").succeed("edit", id, "phone=0221 4710-102")
    try waitFor(kreis, "balve", id, "0221 4710-102")
  }

  @Test func `A key is rotated while the daemon runs, and while it does not`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "halver", "Kita Löwenzahn")
    try kreis.waitUntilEqual()
    #expect(
      try kreis("halver").succeed("town", "rotate", "--json").rows.first?["generation"]
        == .integer(2))
    try kreis("halver").succeed("edit", id, "phone=0221 4710-103")
    try waitFor(kreis, "balve", id, "0221 4710-103")
    try kreis.stop("halver")
    try kreis("halver").succeed("edit", id, "phone=0221 4710-104")
    try kreis("halver").succeed("town", "rotate")
    try kreis.start("halver")
    try waitFor(kreis, "balve", id, "0221 4710-104")
    try kreis.waitUntilEqual()
    #expect(try generation(kreis, "halver") == .integer(3))
    try kreis.stop("hub")
    try kreis("halver").fail(3, "Repeat the command", "town", "rotate")
  }

  @Test func `A revoked town is cut off, and its records pass to the Kreis`() throws {
    let kreis = try Kreis(towns: 2)
    let id = try add(kreis, "balve", "Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis("hub").fail(2, "There is no member 'nowhere'", "hub", "revoke", "nowhere")
    try kreis("hub").succeed("hub", "revoke", "balve")
    try kreis.waitForLink("balve", "alarmed") {
      guard $0["hub"] == "alarmed", case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("revoked")
    }
    try kreis("hub").succeed("edit", id, "phone=0221 4710-105")
    try waitFor(kreis, "halver", id, "0221 4710-105")
    let late = try kreis("balve")("add", "organization", "name=Zu spät", "--json").id
    #expect(try kreis("hub")("show", late.isEmpty ? "none" : late).status != 0)
    try kreis("hub").fail(2, "is revoked already", "hub", "revoke", "balve")
    try kreis("hub").fail(2, "was revoked", "hub", "invite", "--member", "balve")
  }
}
