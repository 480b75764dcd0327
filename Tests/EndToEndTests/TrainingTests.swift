// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import Testing

/// A training realm says everywhere that it is one, and has nothing to do with a live one.
@Suite struct TrainingTests {
  @Test func `A training realm is marked in status, lists, exports, the read API and invites`()
    throws
  {
    let kreis = try Kreis(towns: 1, isTraining: true)
    let (hub, halver) = (kreis("hub"), kreis("halver"))
    for replica in kreis.replicas {
      #expect(try kreis.status(replica)["training"] == .bool(true))
      let text = try kreis(replica)("status").output
      #expect(text.hasPrefix(TrainingRealm.heading) && text.contains("SCHULUNG Märkischer Kreis"))
    }
    #expect(try kreis.invite("balve").hasPrefix("SCHULUNG-kreisnetz1:"))
    let id = try halver.succeed(
      "add", "organization", "name=Kita Löwenzahn", "external_id=kita", "--json"
    ).id
    try halver.succeed(
      "add", "contact", "name=Petra Beispiel", "legal_basis=public_task", "source=Haus",
      "external_id=p")
    for command in [["list", "organization"], ["show", id], ["due"]] {
      #expect(try halver(command).output.hasPrefix(TrainingRealm.heading), "\(command)")
    }
    // Programs read rows without it.
    #expect(try halver("list", "organization", "--json").rows.count == 1)

    let rows = try halver.succeed("export").output
    #expect(rows.contains("\"training\":true"))
    let table = try halver.succeed("export", "--format", "csv", "--kind", "organization").output
    #expect(table.contains("Schulung [training]"))
    for format in ["vcard", "hsds"] {
      let text = try halver.succeed("export", "--format", format, "--scope", "kreis").output
      #expect(text.contains("SCHULUNG: Kita Löwenzahn"), "\(format)")
    }
    #expect(try hub.succeed("processing-record").output.contains("SCHULUNG Märkischer Kreis"))
    let port = try Kreis.freePort()
    try kreis.stop("halver")
    try kreis.start("halver", environment: ["KREISNETZ_READ_API_LISTEN": "127.0.0.1:\(port)"])
    try Kreis.wait("the read API") { Loopback.get("/", port).status == 200 }
    for (path, mark) in [
      ("/organizations", "SCHULUNG: Kita Löwenzahn"), ("/openapi.json", "SCHULUNG: Halver"),
    ] {
      let (status, body) = Loopback.get(path, port)
      #expect(status == 200)
      #expect(String(decoding: body, as: UTF8.self).contains(mark), "\(path)")
    }

    // What was exported goes back into a training realm, and never into a live one.
    let file = try kreis.file("rows.ndjson", rows)
    let csv = try kreis.file("rows.csv", table)
    try halver.succeed("import", file)
    try halver.succeed("import", csv, "--kind", "organization")
    let live = try Kreis(towns: 1)
    for arguments in [[file], [file, "--keep-going"], [csv, "--kind", "organization"]] {
      let result = try live("halver")(["import"] + arguments)
      #expect(result.status == 2 && (result.output + result.errors).contains("training realm"))
    }
    #expect(try live("halver")("list", "organization", "--json").rows.isEmpty)
    #expect(try live.status("halver")["training"] == .bool(false))
    #expect(try !live("halver")("status").output.contains("SCHULUNG"))
  }

  @Test func `A training invite joins no live realm's state, and no live invite a training one's`()
    throws
  {
    let (training, live) = (try Kreis(towns: 1, isTraining: true), try Kreis(towns: 1))
    try training.stop("halver")
    try live.stop("halver")
    try live("halver").fail(
      2, "is a replica of a live one", "town", "join", "-", input: training.invite("balve"))
    try training("halver").fail(
      2, "is a replica of a training realm", "town", "join", "-", input: live.invite("balve"))
    // Nor does changing its first word help.
    let disguised = try training.invite("balve").replacing("SCHULUNG-", with: "")
    try CommandLineTool(state: live.folder.path + "/other").fail(
      2, "makes no sense", "town", "join", "-", input: disguised)
    try CommandLineTool(state: live.folder.path + "/third").fail(
      2, "would be taken for a training realm", "hub", "init", "--name", "Schulung Kreis", "--ags",
      "05962", "--url", "https://127.0.0.1:8443")
  }
}
