// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Testing

/// Who did what as an administrator.
@Suite struct AuditTests {
  private struct Folder: ~Copyable {
    let path: String
    var log: AuditLog { AuditLog(in: path) }
    var file: URL { URL(filePath: path + "/audit.log") }

    init() throws {
      path = FileManager.default.temporaryDirectory.path + "/kn-\(UInt32.random(in: 0 ... .max))"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Five acts, each with its end.
    func fill() throws {
      for number in 1...5 {
        let begun = try #require(
          try log.begin(
            "erase", about: [.init("only", .bool(true))], by: .own, at: 1_800_000_000))
        #expect(begun == 2 * number - 1)
        try log.end(begun, .done, at: 1_800_000_001)
      }
    }

    func lines() throws -> [String] {
      String(decoding: try Data(contentsOf: file), as: UTF8.self)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    func write(_ lines: [String]) throws {
      try Data(lines.joined(separator: "\n").utf8).write(to: file)
    }
  }

  @Test func `The chain holds, and shows the first line that was changed, taken out or put in`()
    throws
  {
    let folder = try Folder()
    #expect(try folder.log.read().lines == 0)
    try folder.fill()
    let report = try folder.log.read()
    #expect(report.lines == 10)
    #expect(report.broken == nil)
    #expect(report.last.count == 64)
    let lines = try folder.lines()

    // A changed line is found by what follows it; the chain of the last line, by nothing but its hash.
    for index in 0..<9 {
      var changed = lines
      changed[index] = changed[index].replacing("2027", with: "2026")
      try folder.write(changed)
      #expect(try folder.log.read().broken?.line == index + 2, "changed \(index)")
    }
    var last = lines
    last[9] = last[9].replacing("2027", with: "2026")
    try folder.write(last)
    #expect(try folder.log.read().last != report.last)

    for index in 0..<9 {
      var less = lines
      less.remove(at: index)
      try folder.write(less)
      #expect(try folder.log.read().broken?.line == index + 1, "without \(index)")
      var more = lines
      more.insert(lines[index], at: index)
      try folder.write(more)
      #expect(try folder.log.read().broken?.line == index + 2, "twice \(index)")
      var swapped = lines
      swapped.swapAt(index, (index + 4) % 9)
      try folder.write(swapped)
      #expect(try folder.log.read().broken != nil, "swapped \(index)")
      var spoilt = lines
      spoilt[index] = "x" + spoilt[index]
      try folder.write(spoilt)
      #expect(try folder.log.read().broken?.line == index + 1, "spoilt \(index)")
    }
  }

  @Test func `A line that a power cut tore at any place breaks nothing, and is named`() throws {
    let folder = try Folder()
    try folder.fill()
    let whole = try Data(contentsOf: folder.file)
    let end = whole.dropLast().lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    for cut in end..<whole.count {
      try whole.prefix(cut).write(to: folder.file)
      // Of the last line nothing, a part, or all but its end is left.
      let isPart = cut > end && cut < whole.count - 1
      #expect(try folder.log.read().broken == nil)
      #expect(try folder.log.read().torn == (isPart ? [10] : []))
      _ = try folder.log.begin("resync", by: .own, at: 1_800_000_002)
      try folder.log.end(1, .done, at: 1_800_000_003)
      let report = try folder.log.read()
      #expect(report.broken == nil, "cut at \(cut): \(String(describing: report.broken))")
      #expect(report.torn == (isPart ? [10] : []), "cut at \(cut)")
      #expect(report.lines == (cut < whole.count - 1 ? 11 : 12))
    }
    // A torn line that somebody wrote into the middle is none.
    try whole.write(to: folder.file)
    var lines = try folder.lines()
    lines.insert("{\"number\":", at: 4)
    try folder.write(lines)
    #expect(try folder.log.read().broken?.line == 5)
  }

  @Test func `What does not fit on the disk leaves no half line`() throws {
    let folder = try Folder()
    try folder.fill()
    let long = String(repeating: "x", count: 20_000)
    #expect(throws: CommandError.self) {
      try folder.log.begin("erase", about: [.init("name", .string(long))], by: .own, at: 0)
    }
    #expect(try folder.log.read().lines == 10)
  }

  @Test func `Each act leaves who, what and how it ended, and no value of the directory`()
    async throws
  {
    let replicas = try await Replicas()
    let secrets = ["Geheimkita", "Unbekannt", "schluessel-7", "Datenschutz Beispiel", "Art. 17 zu"]
    let changes = [
      FieldChange(field: "name", scope: nil, operation: .set, value: secrets[0]),
      FieldChange(field: "external_id", scope: nil, operation: .set, value: secrets[2]),
    ]
    let id = replicas.run(
      replicas.town,
      LocalRequest(
        "add", ["kind": "organization", "changes": .array(changes.map(\.json))])
    ).id
    let key: JSONValue = .string("key:" + secrets[2])
    let requests: [(Store, LocalRequest, act: String, outcome: String)] = [
      (
        replicas.hub,
        LocalRequest(
          "policy", ["protection_officer": .string(secrets[3])], reason: secrets[4]), "policy",
        "done"
      ),
      (replicas.town, LocalRequest("export", ["format": "ndjson"]), "export", "done"),
      (replicas.town, LocalRequest("log-export"), "log export", "done"),
      (
        replicas.town, LocalRequest("subject-report", ["subject": .string(secrets[0])]),
        "subject-report", "done"
      ),
      (
        replicas.town, LocalRequest("restrict", ["id": key], reason: secrets[4]), "restrict", "done"
      ),
      (
        replicas.town, LocalRequest("transfer", ["id": key, "member": "hub"], reason: secrets[4]),
        "transfer", "done"
      ),
      (
        replicas.town,
        LocalRequest(
          "erase", ["id": key, "only": .bool(true)], role: secrets[1], reason: secrets[4]),
        "erase", "done"
      ),
      (
        replicas.town, LocalRequest("erase", ["id": "key:nobody"], reason: secrets[4]), "erase",
        "no"
      ),
    ]
    for (store, request, _, _) in requests { _ = replicas.run(store, request) }
    // Shows the rules and changes none.
    _ = replicas.run(replicas.hub, LocalRequest("policy"))

    let log = AuditLog(in: replicas.root.path)
    var rows: [JSONValue] = []
    let report = try log.read { rows.append($0) }
    #expect(report.broken == nil)
    #expect(report.lines == 2 * requests.count)
    for (index, expected) in requests.enumerated() {
      #expect(rows[2 * index]["act"] == .string(expected.act))
      #expect(rows[2 * index]["by"]?["uid"] == .integer(Int(getuid())))
      #expect(rows[2 * index + 1]["ends"] == rows[2 * index]["number"])
      #expect(rows[2 * index + 1]["outcome"] == .string(expected.outcome), "\(expected.act)")
    }
    #expect(rows[0]["about"]?["rules"] == .array(["protection_officer"]))
    let erase = try #require(rows.last { $0["about"]?["records"] != nil })
    #expect(erase["about"]?["records"] == .array([.string(id)]))
    let text = String(decoding: try Data(contentsOf: URL(filePath: log.path)), as: UTF8.self)
    for secret in secrets { #expect(!text.contains(secret), "\(secret)") }
  }

  @Test func `What cannot be noted is not done, except what saves data`() async throws {
    let replicas = try await Replicas()
    try FileManager.default.createDirectory(
      atPath: replicas.root.path + "/audit.log", withIntermediateDirectories: false)
    let answer = replicas.run(
      replicas.hub, LocalRequest("policy", ["retention_days": "30"]))
    #expect(answer.outcome == .notNow)
    #expect(answer.failure?.text.contains("audit log") == true)
    #expect(
      replicas.run(replicas.hub, LocalRequest("policy")).rows.first?["retention_days"]
        != .integer(30))
    #expect(replicas.run(replicas.town, LocalRequest("list", ["kind": "contact"])).outcome == .done)
  }
}
