// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import KreisInterchange
import KreisSimulation
import Testing

@testable import KreisStore

/// The proof that an erased person is gone: every file of every node is searched in every form.
@Suite(.serialized) struct ErasureProofTests {
  /// Occurs nowhere else.
  private static let marker = "Kormoranfeder"

  private struct Found {
    let contact: String
    let phone: String
    let meeting: String
    let foreign: String
  }

  /// Daemons whose temporary files lie where they are scanned.
  private func restartWithTemporaryDirectory(_ kreis: Kreis) throws -> [String: String] {
    let temporary = kreis.folder.path + "/tmp"
    try FileManager.default.createDirectory(
      atPath: temporary, withIntermediateDirectories: false)
    let environment = ["TMPDIR": temporary, "SQLITE_TMPDIR": temporary]
    for replica in kreis.replicas {
      try kreis.stop(replica)
      try kreis.start(replica, environment: environment)
    }
    return environment
  }

  /// A person in every scope, written by several, in texts of others, and in old values.
  private func fill(_ kreis: Kreis) throws -> Found {
    let halver = kreis("halver")
    // So many that pages are split.
    let rows = (0..<400).map { number in
      #"{"kind":"organization","external_id":"o\#(number)","name":"Haus \#(number)","#
        + #""description":"\#(String(repeating: "Beschreibung ", count: 1 + number % 40))"}"#
    }
    try halver.succeed("import", try kreis.file("haus.ndjson", rows.joined(separator: "\n")))
    let contact = try halver.succeed(
      "add", "contact", "name=Ottilie \(Self.marker)", "legal_basis=consent",
      "consent_date=2026-01-01", "source=Liste \(Self.marker)", "external_id=k-\(Self.marker)",
      "phone=0221 4710-777", "memo=\(Self.marker) mag Tee", "--json"
    ).id
    let phone = try halver.succeed(
      "add", "phone", "number=0221 4710-778", "contact_id=\(contact)",
      "description=Durchwahl \(Self.marker)", "--json"
    ).id
    let meeting = try halver.succeed(
      "add", "network_meeting", "name=Herbsttreffen",
      "results=Es sprach Ottilie \(Self.marker)", "--json"
    ).id
    let foreign = try kreis("kierspe").succeed(
      "add", "organization", "name=Verein", "description=Vorsitz: Ottilie \(Self.marker)", "--json"
    ).id
    for number in 0..<20 {
      try halver.succeed("edit", contact, "title=Funktion \(number) \(Self.marker)")
    }
    try kreis.waitUntilEqual()
    try kreis("hub").succeed("edit", contact, "room=Zimmer \(Self.marker)")
    try kreis("balve").succeed("edit", contact, "memo@local=\(Self.marker) rief an")
    try kreis.waitUntilEqual()
    return Found(contact: contact, phone: phone, meeting: meeting, foreign: foreign)
  }

  /// The salts of all blocks that name the person.
  private func salts(_ kreis: Kreis) throws -> [[UInt8]] {
    var salts: Set<[UInt8]> = []
    for replica in kreis.replicas {
      var configuration = Configuration()
      configuration.readonly = true
      let queue = try DatabaseQueue(
        path: kreis.state(replica) + "/kreisnetz.sqlite", configuration: configuration)
      try queue.read { db in
        for row in try Row.fetchAll(db, sql: "SELECT block FROM entry WHERE block IS NOT NULL") {
          let block = try row.block(0) ?? []
          guard Data(block).range(of: Data(Self.marker.utf8)) != nil else { continue }
          salts.insert(Array(block.prefix(16)))
        }
      }
      try queue.close()
    }
    return Array(salts)
  }

  private func scan(_ kreis: Kreis, _ salts: [[UInt8]]) -> MarkerScan {
    var scan = MarkerScan([Self.marker], salts: salts)
    scan.scan(tree: kreis.folder.path)
    for daemon in kreis.daemons.values { scan.scan(openFilesOf: daemon.id) }
    return scan
  }

  /// Every form in a file of its own, to see that the scan finds them.
  private func plant(_ kreis: Kreis, _ salt: [UInt8]) throws {
    let folder = kreis.folder.path + "/control"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let text = "vorher \(Self.marker) nachher, und noch einmal: vorher und nachher"
    let utf8 = Array(text.utf8)
    var forms: [String: [UInt8]] = [
      "utf16le": utf8.flatMap { [$0, 0] }, "utf16be": utf8.flatMap { [0, $0] },
      "zstd": [1, 2, 3] + Zstd.compress(utf8) + [4],
      "block": [0] + PackedBlock.pack(Values(values: [text, text, text]).block(salt: (1, 2))) + [4],
      "salt": [0] + salt, "salt64": Array(Data([7] + salt).base64EncodedString().utf8),
    ]
    for offset in 0..<3 {
      forms["base64-\(offset)"] = Array(
        Data([UInt8](repeating: 9, count: offset) + utf8).base64EncodedString().utf8)
    }
    for (name, bytes) in forms { try Data(bytes).write(to: URL(filePath: folder + "/" + name)) }
    var scan = MarkerScan([Self.marker], salts: [salt])
    scan.scan(tree: folder)
    #expect(scan.frames == 2)
    let found = Set(scan.findings.map { URL(filePath: $0.place).lastPathComponent })
    #expect(found == Set(forms.keys), "\(scan.findings)")
    try FileManager.default.removeItem(atPath: folder)
  }

  private func state(_ kreis: Kreis, _ id: String) throws -> JSONValue? {
    try kreis("hub").succeed("erasures", "--json").rows.first { $0["id"] == .string(id) }?["state"]
  }

  @Test func `An erased person is in no file of any node, in no form, and does not come back`()
    throws
  {
    let kreis = try Kreis(towns: 3)
    let outside = FileManager.default.temporaryDirectory
      .appending(path: "kn-outside-\(UInt32.random(in: 0 ... .max))").path
    try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: outside) }
    let environment = try restartWithTemporaryDirectory(kreis)
    let found = try fill(kreis)
    let backup = outside + "/halver.sqlite"
    try kreis("halver").succeed("backup", backup)
    try kreis.stop("balve")
    try kreis("balve").succeed("resync", "--from-scratch")
    try kreis.start("balve", environment: environment)

    let salts = try salts(kreis)
    #expect(salts.count > 25)
    try plant(kreis, salts[0])
    let before = scan(kreis, salts)
    for replica in kreis.replicas {
      #expect(
        before.findings.contains {
          $0.place.contains("/\(replica)/kreisnetz.sqlite") && $0.form == .utf8
        }, "\(replica)")
    }
    #expect(before.findings.contains { $0.place.contains("/balve/kreisnetz-") })

    try erase(kreis, found, environment)
    try restoreBackup(kreis, backup, found, salts, environment)
    let after = try cleanScan(kreis, salts)
    print(
      "marker scan: before \(before.findings.count) findings in "
        + "\(Set(before.findings.map(\.place)).count) of \(before.files) files; after "
        + "\(after.findings.count) in \(after.files) files, \(after.bytes) bytes, "
        + "\(after.frames) frames, \(MarkerScan.Form.allCases.count) forms, \(salts.count) salts")
  }

  /// One town is away meanwhile.
  private func erase(_ kreis: Kreis, _ found: Found, _ environment: [String: String]) throws {
    try kreis.stop("kierspe")
    let halver = kreis("halver")
    try halver.fail(2, "Nothing was erased", "erase", found.contact, "--reason", "Art. 17")
    try halver.succeed("edit", found.meeting, "results=Es sprach jemand", "--forget")
    try kreis("hub").succeed("edit", found.foreign, "description=Verein", "--forget")
    let erased = try halver.succeed(
      "erase", found.contact, "--all-shown", "--reason", "Art. 17", "--role", "Koordination",
      "--json")
    let ids = erased.rows.filter { $0["erased"] == .bool(true) }.compactMap { $0["id"] }
    #expect(Set(ids) == [.string(found.contact), .string(found.phone)])
    try Kreis.wait("the hub's answer and Balve's receipt", seconds: 90) {
      let row = try kreis("hub").succeed("erasures", "--certificate", found.contact, "--json")
        .rows.first
      guard case .array(let members) = row?["members"] else { return false }
      let late = members.filter { $0["confirmed_at"] == .null }.map { $0["name"] }
      return late == ["kierspe"]
    }
    #expect(try state(kreis, found.contact) == "waiting")
    try kreis.start("kierspe", environment: environment)
    try Kreis.wait("everybody's receipts", seconds: 90) {
      let states = try [found.contact, found.phone].map { try state(kreis, $0) }
      return states == ["confirmed", "confirmed"]
    }
    let certificate = try kreis("halver").succeed("erasures", "--certificate", found.contact).output
    for text in ["LÖSCHBESTÄTIGUNG", "Kierspe", "Außer Reichweite", "Art. 17"] {
      #expect(certificate.contains(text), "\(certificate)")
    }
  }

  /// Waits for the last clean-up.
  private func cleanScan(_ kreis: Kreis, _ salts: [[UInt8]]) throws -> MarkerScan {
    var last = scan(kreis, salts)
    let end = Date(timeIntervalSinceNow: 60)
    while !last.findings.isEmpty, Date() < end {
      usleep(500_000)
      last = scan(kreis, salts)
    }
    let places = Set(last.findings.map { "\($0.place): \($0.form) \($0.marker.prefix(20))" })
    #expect(last.findings.isEmpty, "\(places.sorted().prefix(12))")
    return last
  }

  private func restoreBackup(
    _ kreis: Kreis, _ backup: String, _ found: Found, _ salts: [[UInt8]],
    _ environment: [String: String]
  ) throws {
    _ = try cleanScan(kreis, salts)
    try kreis.stop("halver")
    try kreis("halver").succeed("restore", backup)
    try kreis("halver").fail(3, "restored from a backup", "show", found.contact)
    #expect(!scan(kreis, salts).findings.isEmpty, "the backup holds what was erased since")
    try kreis.start("halver", environment: environment)
    try Kreis.wait("the restored town to be up to date", seconds: 120) {
      let status = try kreis.status("halver")
      let listed = try kreis("halver")("list", "organization", "--json").status
      return status["link"]?["hub"] == "connected" && status["link"]?["recovery"] == .null
        && status["unsent"] == .integer(0) && listed == 0
    }
  }
}
