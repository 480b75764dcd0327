// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// What scripts rely on: exit codes, shapes of `--json`, messages.
@Suite struct DirectoryContractTests {
  /// A hub's state directory, without a daemon.
  private final class Hub {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-e2e-\(UInt32.random(in: 0 ... .max))")
    let run: CommandLineTool

    init() throws {
      run = CommandLineTool(state: folder.path + "/hub")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      let made = try run(
        "hub", "init", "--state", folder.path + "/hub", "--name", "Märkischer Kreis", "--ags",
        "05962", "--url", "https://127.0.0.1:8443")
      try #require(made.status == 0, "\(made.errors)")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func file(_ name: String, _ text: String) throws -> String {
      let url = folder.appending(path: name)
      try Data(text.utf8).write(to: url)
      return url.path
    }
  }

  @Test func `A record's life in commands, each with exit code 0`() throws {
    let hub = try Hub()
    let added = try hub.run(
      "add", "organization", "name=Kita Löwenzahn", "external_id=kita", "--json")
    #expect(added.status == 0, "\(added.errors)")
    #expect(added.rows.first?["kind"] == "organization")
    let id = added.id
    #expect(id.utf8.count == 36)
    #expect(try hub.run("add", "organization", "name=Zwei").output.utf8.count == 37)

    let text = try hub.file("text.txt", "Erste Zeile\nZweite Zeile\n")
    let edited = try hub.run(
      "edit", "key:kita", "description=@\(text)", "sectors+=health", "--role", "Koordination",
      "--reason", "Neu", "--json")
    #expect(edited.rows == [["id": .string(id), "written": .integer(2)]])
    let shown = try #require(try hub.run("show", id, "--json").rows.first)
    #expect(shown["fields"]?["description"]?["value"] == "Erste Zeile\nZweite Zeile")
    #expect(shown["fields"]?["sectors"]?["value"] == .array(["health"]))
    #expect(try hub.run("show", "key:kita").output.contains("Bereiche"))

    let listed = try hub.run("list", "organization", "sectors=health", "--json")
    #expect(listed.rows.map { $0["id"] } == [.string(id)])
    #expect(try hub.run("list", "organization").output.contains("Kita Löwenzahn"))
    let history = try hub.run("history", id, "--json")
    #expect(history.rows.map { $0["reason"] } == ["", "Neu"])
    #expect(try hub.run("delete", id).status == 0)
    #expect(try hub.run("list", "organization", "--json").rows.count == 1)
    #expect(try hub.run("undelete", "key:kita").status == 0)
    #expect(try hub.run("delete", id).status == 0)
    #expect(try hub.run("restore", id).status == 1)
    #expect(try hub.run("import", "paket.zip").errors.contains("Unpack it"))
    #expect(try hub.run("undelete", id).output.contains("restored"))
    #expect(try hub.run("conflicts", "--json").output.isEmpty)
    #expect(try hub.run("status", "--json").rows.first?["records"]?["organization"] == .integer(2))
    #expect(try hub.run("log", "verify", "--json").rows.first?["sound"] == .bool(true))
  }

  @Test func `What is not there is answered with 1, wrong use with 2`() throws {
    let hub = try Hub()
    for (arguments, status, text) in [
      (["show", "key:nobody"], 1, "no record"),
      (["history", "ffffffff"], 1, "no record"),
      (["edit", "key:nobody", "name=x"], 1, "no record"),
      (["delete", "key:nobody"], 1, "no record"),
      (["add", "organisation", "name=x"], 2, "did you mean „organization“"),
      (["add", "organization", "nmae=x"], 2, "did you mean „name“"),
      (["add", "organization", "name"], 2, "field=value"),
      (["add", "organization", "name=x", "carrier=state"], 2, "freier Träger"),
      (["add", "organization", "name=@/no/such/file"], 2, "cannot be read"),
      (["list", "organization", "nmae=x"], 2, "did you mean „name“"),
      (["import", "/no/such/file"], 2, "cannot be read"),
      (["export", "--format", "xml"], 2, "ndjson"),
      (["edit"], 2, "Usage"),
      (["frobnicate"], 2, "Usage"),
      (["show", "x", "--state", "/no/such/directory"], 2, "no state directory"),
    ] as [([String], Int32, String)] {
      let result = try hub.run(arguments)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(text), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty, "\(arguments)")
    }
    #expect(try CommandLineTool(state: nil)("status").status == 2)
  }

  @Test func `What cannot be done now is answered with 3`() throws {
    let hub = try Hub()
    let watch = try hub.run("watch")
    #expect(watch.status == 3)
    #expect(watch.errors.contains("No daemon runs"))
  }

  @Test func `A malformed import names the line and takes nothing`() throws {
    let hub = try Hub()
    let file = try hub.file(
      "rows.ndjson",
      """
      {"kind":"organization","external_id":"a","name":"Kita A"}
      {"kind":"organization","external_id":"b","name":
      {"kind":"organization","external_id":"c","name":"Kita C","carrier":"state"}
      """)
    let refused = try hub.run("import", file)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("line 2:"))
    #expect(refused.errors.contains("line 3: carrier"))
    #expect(refused.output.contains("Nothing was imported."))
    #expect(try hub.run("list", "organization", "--json").rows.isEmpty)

    let kept = try hub.run("import", file, "--keep-going", "--json")
    #expect(kept.status == 2)
    #expect(kept.rows.first?["created"] == .integer(1))
    #expect(kept.rows.first?["refused"] == .integer(2))
    #expect(try hub.run("list", "organization", "--json").rows.count == 1)

    let table = try hub.file("rows.csv", "external_id;name\r\na;Kita A\r\nz;Kita Z\r\n")
    let csv = try hub.run("import", "--kind", "organization", table)
    #expect(csv.output == "created 1, changed 0, unchanged 1, refused 0\n")
    let export = try hub.run("export", "--format", "ndjson")
    #expect(export.rows.count == 2)
    let again = try hub.run("import", "-", "--json", input: export.output)
    #expect(again.rows.first?["unchanged"] == .integer(2))
  }

  @Test func `An oversized line and a file that is no text are refused with the line`() throws {
    let hub = try Hub()
    let long = try hub.file(
      "long.ndjson", "{\"kind\":\"organization\"}\n" + String(repeating: "x", count: 1_100_000))
    let result = try hub.run("import", long)
    #expect(result.status == 2)
    #expect(result.errors.contains("line 2: longer than"))
    let binary = hub.folder.appending(path: "binary.ndjson")
    try Data([0x7B, 0x22, 0xFF, 0xFE, 0x0A]).write(to: binary)
    #expect(try hub.run("import", binary.path).status == 2)
  }

  @Test func `What looks like a case is taken with a warning on standard error`() throws {
    let hub = try Hub()
    let note = "note=Lena Beispiel, geb. 12.03.2015"
    let added = try hub.run("add", "organization", "name=Kita", note)
    #expect(added.status == 0)
    #expect(added.errors.hasPrefix("warning: note: das sieht nach dem Geburtstag"))
    #expect(!added.errors.contains("Lena"))
    let json = try hub.run("add", "organization", "name=Kita", note, "--json")
    #expect(json.errors.isEmpty && json.output.contains("Geburtstag"))
    let file = try hub.file(
      "rows.ndjson",
      #"{"kind":"organization","external_id":"a","name":"A","description":"Az. 51-12/19"}"#)
    let imported = try hub.run("import", file, "--role", "Sekretariat", "--reason", "Jahresliste")
    #expect(imported.status == 0)
    #expect(imported.errors.hasPrefix("line 1: warning: description:"))
    let history = try hub.run("history", "key:a", "--json")
    #expect(history.rows.first?["role"] == "Sekretariat")
    #expect(history.rows.first?["reason"] == "Jahresliste")
    #expect(try hub.run("history", "key:a").output.contains("als Sekretariat  „Jahresliste“"))
  }

  @Test func `Due, confirm, review, merge and the categories in commands`() throws {
    let hub = try Hub()
    let vocabulary = try hub.run("vocabulary", "import")
    #expect(vocabulary.output.hasSuffix("categories created, 0 were there.\n"))
    let keep = try hub.run(
      "add", "organization", "name=Kita Löwenzahn", "city=Halver", "categories=Kita", "--json"
    ).id
    let other = try hub.run(
      "add", "organization", "name=Kindergarten Löwenzahn", "city=Halver", "--json"
    ).id
    #expect(try hub.run("due").output.contains("nie bestätigt"))
    #expect(try hub.run("confirm", keep, other, "--role", "Leitung").status == 0)
    #expect(try hub.run("due", "--kind", "organization", "--json").rows.isEmpty)
    #expect(try hub.run("review").output.contains("Wahrscheinlich doppelt (Organisation)"))
    #expect(
      try hub.run("merge", keep, other, "--reason", "doppelt").output.contains(
        "is merged into \(keep)"))
    #expect(try hub.run("review").output == "Nichts zu prüfen.\n")
    #expect(try hub.run("history", keep).output.contains("(zusammengeführt: \(other))"))
    #expect(try hub.run("merge", keep, keep).status == 2)
  }

  @Test func `The fold is one canonical object, the export one entry a line`() throws {
    let hub = try Hub()
    let id = try hub.run("add", "organization", "name=Kita", "sectors=health", "--json").id
    let fold = try hub.run("log", "fold")
    let json = try JSONParser.parse(Array(fold.output.utf8), limit: 1 << 20)
    #expect(JSONWriter.text(of: json, style: .canonical) + "\n" == fold.output)
    let name = try #require(json[id]?["public"]?["name"])
    guard case .array(let heads) = name else {
      Issue.record("no heads")
      return
    }
    #expect(heads.first?["value"] == "Kita")
    #expect(json[id]?["public"]?["sectors/health"] != nil)
    let entries = try hub.run("log", "export")
    #expect(entries.rows.count == entries.output.split(separator: "\n").count)
    #expect(entries.rows.first?["control"]?["act"] == "root")
    #expect(entries.rows.last?["values"] == .array(["Kita"]))
    #expect(entries.rows.last?["hash"] == heads.first?["hash"])
  }

  @Test func `Verifying finds a flipped byte and ends with 1`() throws {
    let hub = try Hub()
    _ = try hub.run("add", "organization", "name=Kita Unverwechselbar")
    let database = hub.folder.appending(path: "hub/kreisnetz.sqlite")
    var bytes = try Data(contentsOf: database)
    let place = try #require(bytes.range(of: Data("Unverwechselbar".utf8)))
    bytes[place.lowerBound] = UInt8(ascii: "V")
    try bytes.write(to: database)
    let result = try hub.run("log", "verify")
    #expect(result.status == 1)
    #expect(result.output.contains("NOT SOUND"))
  }

  @Test func `Every command explains itself with an example`() throws {
    let run = CommandLineTool(state: nil)
    for command in [
      "add", "edit", "show", "list", "delete", "undelete", "restore", "history", "conflicts",
      "resolve", "import", "export", "status", "watch", "due", "confirm", "review", "merge",
    ] {
      let help = try run(command, "--help")
      #expect(help.status == 0)
      #expect(help.output.contains("Example"), "\(command)")
      #expect(help.output.contains("kreisnetz \(command)"), "\(command)")
    }
    for command in ["verify", "export", "fold"] {
      #expect(try run("log", command, "--help").output.contains("kreisnetz log \(command)"))
    }
  }
}
