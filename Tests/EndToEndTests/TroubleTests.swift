// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import KreisInterchange
import Testing

/// Bad input and surroundings that are not as they should be: each says what is wrong.
@Suite struct TroubleTests {
  @Test func `Invites that cannot be used say why, and the right one works afterwards`() throws {
    let kreis = try Kreis(towns: 1)
    let town = CommandLineTool(state: kreis.folder.path + "/other")
    let invite = try kreis.invite("kierspe")
    let balve = try kreis.invite("balve")
    let join = { (status: Int32, text: String, invite: String) in
      try town.fail(status, text, "town", "join", "-", input: invite)
    }

    try join(2, "not an invite", "hello")
    var damaged = invite
    damaged.remove(at: damaged.index(damaged.startIndex, offsetBy: 40))
    try join(2, "damaged", damaged)

    // Kierspe's secret under Balve's name.
    let mine = try Invite(text: invite)
    let other = try Invite(text: balve)
    let mixed = try Invite(
      realm: mine.realm, url: mine.url, trust: mine.trust, name: other.name, title: other.title,
      secret: mine.secret, expiresAt: mine.expiresAt, kreis: mine.kreis
    ).text()
    try join(2, "does not fit the invite for 'balve'", mixed)

    try change(kreis, "UPDATE invite SET expires_at = 1 WHERE name = 'kierspe'")
    try join(2, "has expired", invite)

    // A hub that is away is another matter: later.
    let fresh = try kreis.invite("kierspe")
    try kreis.stop("hub")
    try join(3, "repeat the same command later", fresh)
    try kreis.start("hub")

    try town.succeed("town", "join", "-", input: fresh)
    try join(2, "holds a replica already", fresh)
    try CommandLineTool(state: kreis.folder.path + "/third").fail(
      2, "was used by another key", "town", "join", "-", input: fresh)
    // Nobody joined but who should.
    #expect(try kreis.status("hub")["members"] == .integer(3))
  }

  @Test
  func `A database of an older version is kept when it is brought up to date, a newer one refused`()
    throws
  {
    let folder = FileManager.default.temporaryDirectory.path + "/kreisnetz-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let database = folder + "/kreisnetz.sqlite"
    let release = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/releases/schema-1").standardizedFileURL
    let text = { (file: String) in
      try String(contentsOf: release.appending(path: file), encoding: .utf8)
    }
    let key = try #require(try text("keys.txt").split(separator: "\n").last).dropFirst(5)
    try FileManager.default.createDirectory(
      atPath: folder + "/keys", withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    #expect(
      FileManager.default.createFile(
        atPath: folder + "/keys/member-1.key", contents: Data(key.utf8),
        attributes: [.posixPermissions: 0o600]))
    let change = { (sql: String) in
      let queue = try DatabaseQueue(path: database)
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        try db.execute(sql: sql)
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      }
      try queue.close()
    }
    try change(try text("town.sql"))

    let town = CommandLineTool(state: folder)
    try town.fail(3, "an older version", "list", "organization")
    try town.succeed("add", "organization", "name=Kita Neu")
    #expect(try town.succeed("list", "organization").output.contains("Kita Neu"))
    let kept = {
      try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("-schema1") }
    }
    #expect(try kept().count == 1)
    try town.succeed("add", "organization", "name=Noch eine")
    #expect(try kept().count == 1)

    try change("INSERT INTO grdb_migrations VALUES ('99')")
    let before = try Data(contentsOf: URL(filePath: database))
    try town.fail(2, "newer version", "list", "organization")
    try town.fail(2, "newer version", "add", "organization", "name=Nein")
    try town.fail(2, "newer version", "town", "run")
    #expect(try Data(contentsOf: URL(filePath: database)) == before)
  }

  @Test func `A hub with another key is an alarm, and its own daemon does not start with it`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis.stop("hub")
    // Somebody else answers at the hub's address.
    let other = CommandLineTool(state: kreis.folder.path + "/other")
    try other.succeed(
      "hub", "init", "--name", "Anderer", "--ags", "05962", "--url",
      "https://127.0.0.1:\(kreis.port)")
    let stranger = try Daemon("hub", state: kreis.folder.path + "/other")
    try stranger.waitUntilReady()
    try kreis("halver").succeed("add", "organization", "name=Unterwegs")
    try kreis.waitForLink("halver", "alarmed") {
      guard $0["hub"] == "alarmed", case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("does not have the TLS key that the invite names")
    }
    try kreis("halver").fail(3, "TLS key that the invite names", "resync")
    #expect(try kreis.status("halver")["unsent"] == .integer(1))
    #expect(try other.succeed("log", "export").output.contains("Unterwegs") == false)
    stranger.kill()

    let tls = kreis.state("hub") + "/tls"
    try FileManager.default.moveItem(atPath: tls, toPath: tls + ".kept")
    try FileManager.default.copyItem(atPath: kreis.folder.path + "/other/tls", toPath: tls)
    try kreis("hub").fail(2, "another key than the one that the towns' invites pin", "hub", "run")

    // The right hub is back: an admin's resync ends the alarm.
    try FileManager.default.removeItem(atPath: tls)
    try FileManager.default.moveItem(atPath: tls + ".kept", toPath: tls)
    try kreis.start("hub")
    try kreis("halver").succeed("resync")
    try kreis.waitForLink("halver", "connected") { $0["hub"] == "connected" }
    try kreis.waitUntilEqual()
  }

  @Test func `A login page in the hub's place is named as what it is`() throws {
    let kreis = try Kreis(towns: 1)
    try kreis.stop("hub")
    let page = try LoginPage(
      port: kreis.port, certificate: kreis.state("hub") + "/tls/cert.pem",
      key: kreis.state("hub") + "/tls/key.pem")
    defer { page.stop() }
    try kreis("halver").succeed("add", "organization", "name=Unterwegs")
    try kreis.waitForLink("halver", "waiting for a proxy") {
      guard $0["hub"] == "waiting", case .string(let reason)? = $0["reason"] else { return false }
      return reason.contains("a proxy or login page answered instead of the hub")
        && reason.contains("titled \"Anmeldung im Kreisnetz-Proxy\"")
    }
    try kreis("halver").fail(3, "a proxy or login page answered", "resync")
    page.stop()
    try kreis.start("hub")
    try kreis.waitUntilEqual()
  }

  @Test func `State directories that cannot be used say why`() throws {
    let kreis = try Kreis(towns: 0)
    try kreis.stop("hub")
    let hub = kreis("hub")
    let key = URL(filePath: kreis.state("hub") + "/keys/member-1.key")
    let content = try Data(contentsOf: key)
    let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]

    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key.path)
    try hub.fail(2, "can be read by others than its owner", "add", "organization", "name=x")
    try hub.fail(2, "can be read by others than its owner", "hub", "run")
    try FileManager.default.setAttributes(attributes, ofItemAtPath: key.path)

    try Data("no key\n".utf8).write(to: key)
    try FileManager.default.setAttributes(attributes, ofItemAtPath: key.path)
    try hub.fail(2, "is damaged", "hub", "run")
    try FileManager.default.removeItem(at: key)
    try hub.fail(2, "is missing", "hub", "run")
    #expect(try hub("list", "organization").status == 0)
    try content.write(to: key)
    try FileManager.default.setAttributes(attributes, ofItemAtPath: key.path)
    try hub.succeed("add", "organization", "name=x")
    try hub.fail(2, "Run it with: kreisnetz hub run", "town", "run")

    try change(kreis, "INSERT INTO grdb_migrations VALUES ('99')")
    for command in [["status"], ["add", "organization", "name=y"], ["hub", "run"]] {
      let result = try hub(command)
      // Trying again does not help, and the units do not restart a daemon that ends so.
      #expect(result.status == 2, "\(command): \(result.errors)")
      #expect(result.errors.contains("was written by a newer version"), "\(result.errors)")
    }
    for unit in ["kreisnetz-hub", "kreisnetz-town@"] {
      let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../deploy/\(unit).service")
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(text.contains("\nRestart=on-failure\n"))
      #expect(text.contains("\nRestartPreventExitStatus=2\n"))
    }
    try change(kreis, "DELETE FROM grdb_migrations WHERE identifier = '99'")

    // As another command that takes its time.
    let lock = open(kreis.state("hub") + "/lock", O_RDWR | O_CLOEXEC)
    defer { close(lock) }
    try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
    try hub.fail(3, "is in use by a daemon or another command", "add", "organization", "name=z")
    #expect(try hub("list", "organization").status == 0)
  }

  private func change(_ kreis: Kreis, _ sql: String) throws {
    let queue = try DatabaseQueue(path: kreis.state("hub") + "/kreisnetz.sqlite")
    try queue.write { try $0.execute(sql: sql) }
    try queue.close()
  }
}
