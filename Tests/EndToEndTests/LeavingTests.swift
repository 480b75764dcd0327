// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// A town that leaves takes its data along, destroys the rest, and proves that it said so.
@Suite struct LeavingTests {
  private func leave(
    _ kreis: Kreis, _ more: String...
  ) throws -> CommandLineTool.Result {
    try kreis("halver")(
      [
        "town", "leave", "--confirm", "halver", "--export", kreis.folder.path + "/eigene.ndjson",
        "--certificate", kreis.folder.path + "/bescheinigung.txt",
      ] + more)
  }

  @Test func `A town that leaves gets its data and a certificate that the hub can check`() throws {
    let kreis = try Kreis(towns: 2)
    let (hub, halver, balve) = (kreis("hub"), kreis("halver"), kreis("balve"))
    let own = try halver.succeed(
      "add", "organization", "name=Kita Löwenzahn", "external_id=kita", "--json"
    ).id
    try balve.succeed("add", "organization", "name=Kita Pusteblume", "external_id=pusteblume")
    try kreis.waitUntilEqual()
    try halver.succeed("edit", "key:pusteblume", "description@local=nur für uns")
    let backup = kreis.folder.path + "/sicherung.sqlite"
    try halver.succeed("backup", backup)

    let running = try leave(kreis)
    #expect(running.status == 3 && running.errors.contains("is in use by a daemon"))
    try kreis.stop("halver")
    try halver.fail(
      2, "not to the town 'balve'", "town", "leave", "--confirm", "balve", "--export",
      kreis.folder.path + "/x", "--certificate", kreis.folder.path + "/y")
    // Written last of all and not sent yet: it must reach the hub first.
    try halver.succeed("edit", own, "phone=0221 4710-316")
    try kreis.stop("hub")
    let alone = try leave(kreis)
    #expect(alone.status == 3, "\(alone.errors)")
    #expect(try halver("status").status == 0)
    let audit = try halver.succeed("audit").output.split(separator: "\n")
    #expect(audit.contains { $0.contains("town leave") && $0.contains("failed") }, "\(audit)")
    try kreis.start("hub")
    try? FileManager.default.removeItem(atPath: kreis.folder.path + "/eigene.ndjson")

    let result = try leave(kreis, "--backup", backup)
    #expect(result.status == 0, "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: kreis.state("halver")))
    #expect(!FileManager.default.fileExists(atPath: backup))

    let export = try String(contentsOfFile: kreis.folder.path + "/eigene.ndjson", encoding: .utf8)
    #expect(export.contains("Kita Löwenzahn") && export.contains("0221 4710-316"))
    #expect(export.contains("nur für uns") && !export.contains("Kita Pusteblume"))

    // The hub has all of it, and keeps it from now on.
    let shown = try hub.succeed("show", own, "--json")
    #expect(shown.output.contains("0221 4710-316"))
    try hub.succeed("edit", own, "city=Halver")
    #expect(try kreis.status("hub")["members"] == .integer(2))
    try Kreis.wait("Balve's copy") {
      try balve("show", own, "--json").output.contains("0221 4710-316")
    }

    let certificate = kreis.folder.path + "/bescheinigung.txt"
    let text = try String(contentsOfFile: certificate, encoding: .utf8)
    #expect(text.contains("LÖSCHBESCHEINIGUNG") && text.contains("kreisnetz.sqlite"))
    #expect(text.contains("keys/member-1.key") && text.contains(backup))
    #expect(try hub.succeed("hub", "check-certificate", certificate).output.contains("VALID: "))
    let forged = try kreis.file(
      "gefälscht.txt", text.replacing("Kommune:         Halver", with: "Kommune:         Balve"))
    #expect(try hub("hub", "check-certificate", forged).status == 1)
    try hub.fail(
      2, "no certificate", "hub", "check-certificate", kreis.folder.path + "/eigene.ndjson")
  }

  @Test func `Leaving that was cut off after the hub knew of it is finished by a repetition`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    // A certificate that cannot be written stops it at the very end.
    let folder = kreis.folder.path + "/voll"
    let arguments = [
      "town", "leave", "--confirm", "halver", "--export", kreis.folder.path + "/eigene.ndjson",
      "--certificate", folder + "/bescheinigung.txt",
    ]
    #expect(try kreis("halver")(arguments).status == 3)
    #expect(try kreis.status("hub")["members"] == .integer(1))
    #expect(!FileManager.default.fileExists(atPath: kreis.state("halver") + "/kreisnetz.sqlite"))
    #expect(FileManager.default.fileExists(atPath: kreis.state("halver") + "/keys/member-1.key"))

    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let again = try kreis("halver")(arguments)
    #expect(again.status == 0, "\(again.errors)")
    #expect(!FileManager.default.fileExists(atPath: kreis.state("halver")))
    let text = try String(contentsOfFile: folder + "/bescheinigung.txt", encoding: .utf8)
    #expect(text.contains("kreisnetz.sqlite") && text.contains("1 Datensätze"))
    try kreis("hub").succeed("hub", "check-certificate", folder + "/bescheinigung.txt")
  }

  @Test func `Without a hub a town leaves as well, and the certificate says what was not sent`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    try kreis.waitUntilEqual()
    try kreis.stop("hub")
    try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn")
    try kreis.stop("halver")
    let result = try leave(kreis, "--without-hub")
    #expect(result.status == 0, "\(result.errors)")
    let text = try String(
      contentsOfFile: kreis.folder.path + "/bescheinigung.txt", encoding: .utf8)
    #expect(text.contains("NICHT benachrichtigt. Nicht an ihn gesendet waren 1 Einträge"))
    #expect(!FileManager.default.fileExists(atPath: kreis.state("halver")))
  }
}
