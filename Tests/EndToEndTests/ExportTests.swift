// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Testing

/// Exports as scripts make them.
@Suite struct ExportTests {
  @Test func `Every format is written to a file that only its owner may read`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-e2e-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = CommandLineTool(state: folder.path + "/hub")
    let made = try run(
      "hub", "init", "--state", folder.path + "/hub", "--name", "Märkischer Kreis", "--ags",
      "05962", "--url", "https://127.0.0.1:8443")
    try #require(made.status == 0, "\(made.errors)")
    let office = try run(
      "add", "organization", "name=Löwenzahn", "phone=+49 221 4710-316", "city=Halver",
      "note=Leitung wechselt", "--json"
    ).id
    _ = try run(
      "add", "contact", "name=Ayla Beispiel", "organization_id=\(office)",
      "legal_basis=public_task", "source=Liste")
    _ = try run(
      "add", "schedule", "organization_id=\(office)", "rrule=FREQ=MONTHLY;BYDAY=-1MO",
      "opens_at=17:30", "closes_at=19:00")
    func read(_ name: String) throws -> String {
      let path = folder.path + "/" + name
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
      return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
    func export(_ arguments: String..., to name: String) throws -> CommandLineTool.Result {
      let result = try run(["export"] + arguments + [folder.path + "/" + name])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.isEmpty)
      return result
    }
    _ = try export("--format", "csv", to: "tables")
    #expect(try read("tables/organization.csv").contains("'+49 221 4710-316"))
    #expect(try read("tables/contact.csv").hasSuffix("\r\n"))
    let again = try run(
      "import", "--kind", "organization", folder.path + "/tables/organization.csv")
    #expect(again.output == "created 0, changed 0, unchanged 1, refused 0\n")

    _ = try export("--format", "ical", "--kind", "schedule", to: "hours.ics")
    let calendar = try read("hours.ics")
    #expect(calendar.hasPrefix("BEGIN:VCALENDAR\r\n"))
    #expect(calendar.contains("RRULE:FREQ=MONTHLY;BYDAY=-1MO\r\n"))
    #expect(calendar.hasSuffix("END:VEVENT\r\nEND:VCALENDAR\r\n"))

    _ = try export("--format", "vcard", "--scope", "kreis", to: "partners.vcf")
    #expect(try read("partners.vcf").contains("FN:Ayla Beispiel\r\nORG:Löwenzahn\r\n"))
    #expect(try !run("export", "--format", "vcard").output.contains("Ayla"))
    let nothing = try export("--format", "vcard", "--kind", "contact", to: "partners.vcf")
    #expect(nothing.errors.contains("--scope kreis"))
    #expect(try read("partners.vcf") == "")

    _ = try export("--format", "hsds", to: "hsds.json")
    let json = try JSONParser.parse(Array(read("hsds.json").utf8), limit: 1 << 20)
    guard case .array(let organizations) = json else {
      Issue.record("no array")
      return
    }
    #expect(organizations.map { $0["name"] } == ["Löwenzahn"])
    _ = try export(to: "all.ndjson")
    #expect(try read("all.ndjson").split(separator: "\n").count == 3)
    #expect(try run("export", "--format", "csv").status == 2)
    let wrong = try run("export", "--format", "xml", folder.path + "/wrong.xml")
    #expect(wrong.status == 2)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.contains { $0.hasPrefix("wrong") || $0.hasSuffix(".part") })
  }
}
