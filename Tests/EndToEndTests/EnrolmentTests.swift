// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisStore
import Testing

/// Invites, keys and their custody, and the end of a membership, as an admin does it.
@Suite struct EnrolmentTests {
  private func invites(_ kreis: Kreis) throws -> [String: JSONValue] {
    let rows = try kreis("hub").succeed("hub", "invites", "--json").rows
    return rows.reduce(into: [:]) { invites, row in
      if case .string(let name)? = row["name"] { invites[name] = row["state"] }
    }
  }

  @Test func `Invites are listed without secrets, withdrawn, and made again`() throws {
    let kreis = try Kreis(towns: 1)
    let hub = kreis("hub")
    let withdrawn = try kreis.invite("balve")
    _ = try kreis.invite("kierspe")
    #expect(
      try invites(kreis) == ["halver": .string("used"), "balve": "open", "kierspe": "open"])
    let listed = try hub.succeed("hub", "invites")
    let secret = try Invite(text: withdrawn).secret
    #expect(!listed.output.contains(Hex.encode(secret)))
    #expect(!listed.output.contains("kreisnetz1:"))

    try hub.succeed("hub", "withdraw", "balve")
    #expect(try invites(kreis)["balve"] == "withdrawn")
    let metrics = try hub.succeed("metrics").output
    #expect(metrics.contains("\"kierspe\"") && !metrics.contains("\"balve\""))
    let town = CommandLineTool(state: kreis.state("balve"))
    try town.fail(2, "withdrew the invite for 'balve'", "town", "join", "-", input: withdrawn)
    // An empty secret opens nothing.
    let read = try Invite(text: withdrawn)
    let empty = try Invite(
      realm: read.realm, url: read.url, trust: read.trust, name: read.name, title: read.title,
      secret: [UInt8](repeating: 0, count: 32), expiresAt: read.expiresAt, kreis: read.kreis
    ).text()
    try town.fail(2, "withdrew the invite for 'balve'", "town", "join", "-", input: empty)
    try hub.fail(2, "has joined with the invite", "hub", "withdraw", "halver")
    try hub.fail(2, "no invite for 'niemand'", "hub", "withdraw", "niemand")

    // Made again by its name alone; the one before is worthless.
    let first = try hub.succeed("hub", "invite", "--name", "balve").output
    let second = try hub.succeed("hub", "invite", "--name", "balve").output
    try town.fail(2, "was replaced by a newer one", "town", "join", "-", input: first)
    try town.succeed("town", "join", "-", input: second)
    #expect(try invites(kreis)["balve"] == "used")
    try hub.fail(2, "is a member already", "hub", "invite", "--name", "balve")
    try hub.fail(2, "no earlier invite for 'neuenrade'", "hub", "invite", "--name", "neuenrade")
  }

  @Test func `The sheet for a second custodian replaces a lost hub, and goes into no log`() throws {
    let kreis = try Kreis(towns: 1)
    let hub = kreis("hub")
    let file = kreis.folder.path + "/blatt.txt"
    try hub.fail(
      2, "does not open the root key", "hub", "recovery-sheet", "--output", file,
      input:
        "0000-0000-0000-0000-0000-0000-0000-0000\n")
    #expect(!FileManager.default.fileExists(atPath: file))
    // A file that others may read is as good as a log.
    try hub.fail(
      2, "a log or a file that others can read", "hub", "recovery-sheet", input: kreis.phrase)
    try hub.succeed("hub", "recovery-sheet", "--output", file, input: kreis.phrase)
    #expect(try !String(contentsOfFile: file, encoding: .utf8).contains(kreis.phrase))
    try FileManager.default.removeItem(atPath: file)
    try hub.succeed(
      "hub", "recovery-sheet", "--with-phrase", "--output", file, input: kreis.phrase)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(!kreis.errors("hub").contains(kreis.phrase))

    // All that is left of the hub is the sheet, typed in again.
    let sheet = try String(contentsOfFile: file, encoding: .utf8)
    let lines = sheet.split(separator: "\n").map(String.init)
    let phrase = try #require(lines.first { RecoveryPhraseShape.fits($0) })
    let begin = try #require(lines.firstIndex(of: "kreisnetz root key v2"))
    let typed = try kreis.file("typed.key", lines[begin..<begin + 8].joined(separator: "\n") + "\n")
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    kreis.kill("hub")
    try FileManager.default.removeItem(atPath: kreis.state("hub"))
    try hub.succeed(
      "hub", "init", "--recover", "--root-key", typed, "--url", "https://127.0.0.1:\(kreis.port)",
      input: phrase.trimmingCharacters(in: .whitespaces))
    try kreis.start("hub")
    try Kreis.wait("Halver's offer") {
      try hub("hub", "gather", "--json").rows.contains {
        $0["name"] == "halver" && $0["offered_at"] != .null && $0["missing"] == .integer(0)
      }
    }
    try hub.succeed("hub", "gather", "--close", input: phrase.trimmingCharacters(in: .whitespaces))
    try kreis.waitUntilEqual()
  }

  @Test func `The hub changes its key by plan, and towns follow without a visit`() throws {
    let kreis = try Kreis(towns: 2)
    let hub = kreis("hub")
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try hub.fail(3, "is in use by a daemon", "hub", "rotate", input: kreis.phrase)
    // Written while the hub is away, and by a town that sleeps through all of it.
    try kreis.stop("balve")
    try kreis.stop("hub")
    try kreis("halver").succeed("add", "organization", "name=Kita Pusteblume")
    try hub.fail(2, "no recovery phrase", "hub", "rotate", input: "falsch\n")
    let result = try hub.succeed("hub", "rotate", "--json", input: kreis.phrase)
    #expect(result.rows.first?["generation"] == .integer(2))
    try kreis.start("hub")
    // What comes while somebody compares makes a difference.
    try Kreis.wait("what was written meanwhile") {
      try kreis.status("halver")["unsent"] == .integer(0)
    }
    // Without a daemon, an admin's comparison follows as well, and again where it has followed.
    for _ in 1...2 {
      #expect(try kreis("balve").succeed("resync").output.contains("EQUAL"))
    }
    try kreis.start("balve")
    try kreis.waitUntilEqual()
    #expect(try kreis("halver").succeed("resync", "--verify").output.contains("EQUAL"))
    #expect(try kreis.status("hub")["generation"] == .integer(2))
    #expect(try kreis("balve").succeed("list", "organization", "--json").rows.count == 2)
    try hub.succeed("add", "organization", "name=Jugendamt")
    try kreis.waitUntilEqual()
  }
}

/// What a recovery phrase looks like on paper.
enum RecoveryPhraseShape {
  static func fits(_ line: String) -> Bool {
    let groups = line.trimmingCharacters(in: .whitespaces).split(separator: "-")
    return groups.count == 8 && groups.allSatisfy { $0.count == 4 }
  }
}
