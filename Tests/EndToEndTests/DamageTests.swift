// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisInterchange
import Testing

/// What a damaged disk does to real daemons, and the ways back from it.
@Suite(.serialized) struct DamageTests {
  private func damage(_ kreis: Kreis, _ replica: String, _ sql: String) throws {
    let queue = try DatabaseQueue(path: kreis.state(replica) + "/kreisnetz.sqlite")
    try queue.write { db in
      try db.execute(sql: sql)
      try #require(db.totalChangesCount > 0)
    }
  }

  /// A bit of the values of every entry about a record of that name flips.
  private static func flip(_ name: String) -> String {
    """
    UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)
    WHERE block IS NOT NULL AND record = (SELECT record FROM organization WHERE name = '\(name)')
    """
  }

  private func filled() throws -> Kreis {
    let kreis = try Kreis(towns: 2)
    for (index, town) in kreis.names.enumerated() {
      for number in 0..<5 {
        try kreis(town).succeed(
          "add", "organization", "name=Haus \(index)-\(number)", "external_id=h\(index)\(number)")
      }
    }
    try kreis.waitUntilEqual()
    return kreis
  }

  @Test func `A damaged entry is not shown, stands in the status, and comes back from the hub`()
    throws
  {
    let kreis = try filled()
    try kreis.stop("balve")
    try damage(kreis, "balve", Self.flip("Haus 0-3"))
    try kreis.start("balve")
    let town = kreis("balve")
    try town.fail(3, "Damaged on disk: entry", "show", "key:h03")
    try town.fail(3, "kreisnetz resync", "list", "organization")
    #expect(try town.succeed("show", "key:h04").output.contains("Haus 0-4"))
    // Found by the look over everything as well, without anybody reading it.
    try Kreis.wait("the damage in the status") {
      guard case .array(let damages) = try kreis.status("balve")["damage"] else { return false }
      return !damages.isEmpty
    }
    let report = try town.succeed("resync").output
    #expect(report.contains("damaged: entry"), "\(report)")
    #expect(report.contains("EQUAL"))
    #expect(try town.succeed("show", "key:h03").output.contains("Haus 0-3"))
    #expect(try kreis.status("balve")["damage"] == .array([]))
    #expect(try town.succeed("resync").output.contains("damaged") == false)
    try kreis.waitUntilEqual()
  }

  @Test func `A town's database is fetched again, and what only it has goes with it`() throws {
    let kreis = try filled()
    try kreis.stop("hub")
    let town = kreis("halver")
    try town.succeed("add", "organization", "name=Ungesendet", "external_id=neu")
    try town.succeed("edit", "key:h00", "street@local=Hintereingang 5")
    try town.fail(3, "Stop it first", "resync", "--from-scratch")
    try kreis.stop("halver")
    try kreis.start("hub")
    // A page of the file is gone.
    let path = kreis.state("halver") + "/kreisnetz.sqlite"
    try damage(kreis, "halver", Self.flip("Haus 1-2"))
    try damage(kreis, "halver", "DELETE FROM feed WHERE position = 2")
    let report = try town.succeed("resync", "--from-scratch").output
    #expect(report.contains("set aside: \(kreis.state("halver"))/kreisnetz-"), "\(report)")
    #expect(try town.succeed("show", "key:neu").output.contains("Ungesendet"))
    #expect(try town.succeed("show", "key:h00").output.contains("Hintereingang 5"))
    #expect(try town.succeed("show", "key:h12").output.contains("Haus 1-2"))
    #expect(FileManager.default.fileExists(atPath: path))
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    #expect(try kreis("balve").succeed("show", "key:neu").output.contains("Ungesendet"))
  }

  @Test func `A killed fetch from scratch leaves the old database, and can be repeated`() throws {
    let kreis = try filled()
    try kreis.stop("halver")
    let town = kreis("halver")
    for step in 1...6 {
      _ = try town.runAndKill(["resync", "--from-scratch"], after: Double(step) * 0.05)
      #expect(try town.succeed("show", "key:h01").output.contains("Haus 0-1"))
    }
    try town.succeed("resync", "--from-scratch")
    try kreis.start("halver")
    try kreis.waitUntilEqual()
  }

  @Test func `A backup is written beside a running daemon, and refuses to overwrite`() throws {
    let kreis = try filled()
    let file = kreis.folder.path + "/halver.backup"
    let town = kreis("halver")
    try town.succeed("backup", file)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try town.fail(2, "exists already", "backup", file)
    try town.succeed("backup", file, "--force")
    try kreis("hub").succeed("backup", kreis.folder.path + "/hub.backup")
    let key = try Data(contentsOf: URL(filePath: kreis.state("halver") + "/keys/member-1.key"))
    let hex = String(decoding: key.prefix(64), as: UTF8.self)
    let bytes = try Data(contentsOf: URL(filePath: file))
    #expect(bytes.range(of: Data(hex.utf8)) == nil)
    // A damaged replica gives no backup.
    try kreis.stop("halver")
    try damage(kreis, "halver", Self.flip("Haus 0-1"))
    try town.fail(2, "damaged", "backup", file, "--force")
    #expect(try Data(contentsOf: URL(filePath: file)) == bytes)
  }

  @Test func `A restored town shows nothing before it heard from its hub, and then everything`()
    throws
  {
    let kreis = try filled()
    let file = kreis.folder.path + "/halver.backup"
    let town = kreis("halver")
    try town.succeed("backup", file)
    try town.succeed("add", "organization", "name=Nach der Sicherung", "external_id=spaeter")
    try kreis.waitUntilEqual()
    try town.fail(3, "Stop it first", "restore", file)
    try kreis.stop("halver")
    try kreis.stop("hub")
    let report = try town.succeed("restore", file).output
    #expect(report.contains("was set aside"), "\(report)")
    try town.fail(3, "restored from a backup", "show", "key:h01")
    try town.fail(3, "restored from a backup", "list", "organization")
    try kreis.start("halver")
    try town.fail(3, "restored from a backup", "show", "key:h01")
    try kreis.start("hub")
    try Kreis.wait("the restored town to be up to date", seconds: 120) {
      try town("show", "key:spaeter").status == 0
    }
    #expect(try town.succeed("show", "key:h01").output.contains("Haus 0-1"))
    // And it goes on: in its next key generation.
    try town.succeed("add", "organization", "name=Danach", "external_id=danach")
    try Kreis.wait("the new entry at the other town", seconds: 60) {
      try kreis("balve")("show", "key:danach").status == 0
    }
    try kreis.waitUntilEqual()
  }

  @Test func `A backup goes onto an empty machine, and says what is missing there`() throws {
    let kreis = try filled()
    let file = kreis.folder.path + "/halver.backup"
    try kreis("halver").succeed("backup", file)
    let empty = CommandLineTool(state: kreis.folder.path + "/neu")
    let report = try empty.succeed("restore", file).output
    #expect(report.contains("member-1.key is missing"), "\(report)")
    #expect(report.contains("hub invite --member halver"), "\(report)")
    // Another member's replica is left alone.
    try kreis.stop("balve")
    try kreis("balve").fail(2, "belongs to Balve", "restore", file)
    // A damaged backup as well.
    var bytes = try Data(contentsOf: URL(filePath: file))
    let name = try #require(bytes.range(of: Data("Haus 0-2".utf8)))
    bytes[name.lowerBound] ^= 1
    let broken = kreis.folder.path + "/broken.backup"
    try bytes.write(to: URL(filePath: broken))
    try empty.fail(2, "Nothing was changed", "restore", broken)
  }

  @Test func `Nothing is stated about destructions while damage may hide one`() throws {
    let kreis = try filled()
    func lag() throws -> JSONValue? {
      try kreis("hub").succeed("hub", "members", "--json").rows.first { $0["name"] == "balve" }?[
        "lag"]
    }
    try Kreis.wait("Balve's statement") { try lag() == .integer(0) }
    try kreis.stop("balve")
    try damage(kreis, "balve", Self.flip("Haus 0-3"))
    try kreis("hub").succeed("edit", "key:h03", "phone=0221 4710-130")
    try kreis("hub").succeed("edit", "key:h04", "phone=0221 4710-131")
    try kreis.start("balve")
    try Kreis.wait("the edit behind the damaged record") {
      try kreis("balve").succeed("show", "key:h04").output.contains("0221 4710-131")
    }
    #expect(try kreis("balve")("status").status == 1)
    #expect(try lag() == .integer(2))
    try kreis("balve").succeed("resync")
    #expect(try kreis("balve")("status").status == 0)
    try kreis("hub").succeed("edit", "key:h03", "phone=0221 4710-132")
    try Kreis.wait("Balve's next statement") { try lag() == .integer(0) }
  }

  @Test func `Whole pages that are gone are named, and everything is fetched again`() throws {
    let kreis = try filled()
    try kreis.stop("balve")
    try DatabaseQueue(path: kreis.state("balve") + "/kreisnetz.sqlite")
      .writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    try kreis.copy("balve", to: "sound")
    let right = try kreis("balve").succeed("list", "organization", "--json").output
    let path = kreis.state("balve") + "/kreisnetz.sqlite"
    let size = try Data(contentsOf: URL(filePath: path)).count
    var named = 0
    for page in stride(from: 1, to: size / 4_096, by: 5) {
      try kreis.replace("balve", with: "sound")
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes.replaceSubrange(
        page * 4_096..<(page + 1) * 4_096, with: Data(repeating: 0x5A, count: 4_096))
      try bytes.write(to: URL(filePath: path))
      // What is shown is right, or the command says that something is damaged.
      let shown = try kreis("balve")("list", "organization", "--json")
      #expect(
        shown.status == 0 ? shown.output == right : shown.status == 3, "page \(page): \(shown)")
      let verified = try kreis("balve")("log", "verify")
      #expect(verified.status != 0, "page \(page)")
      if verified.status != 0 { named += 1 }
    }
    #expect(named > 5)
    let report = try kreis("balve").succeed("resync", "--from-scratch").output
    #expect(report.contains("set aside") || report.contains("too damaged"), "\(report)")
    #expect(try kreis("balve").succeed("list", "organization", "--json").rows.count == 10)
    try kreis.start("balve")
    try kreis.waitUntilEqual()
  }

  @Test func `A database that was set aside is deleted when its time is over`() throws {
    let kreis = try filled()
    try kreis.stop("halver")
    try kreis("halver").succeed("resync", "--from-scratch")
    let folder = kreis.state("halver")
    func aside() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix("kreisnetz-") }.sorted()
    }
    let kept = try #require(try aside().first)
    try kreis.start("halver")
    try kreis.waitUntilEqual()
    #expect(try aside().first == kept)
    try kreis.stop("halver")
    // As if it had been done a month earlier.
    let old = "kreisnetz-20200101T000000Z.sqlite"
    try FileManager.default.moveItem(atPath: "\(folder)/\(kept)", toPath: "\(folder)/\(old)")
    try kreis.start("halver")
    try Kreis.wait("its deletion") { try aside().isEmpty }
    try Kreis.wait("word of it in the log") {
      kreis.errors("halver").contains("deleted a database that was set aside")
    }
  }
}
