// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal
import KreisStore
import Logging
import Testing

/// A folder whose files are imported.
@Suite struct DropFolderTests {
  private let row = #"{"kind":"organization","external_id":"a","name":"Kita A"}"# + "\n"

  private struct Folder {
    let path: String
    let replicas: Replicas

    init(_ replicas: Replicas) throws {
      self.replicas = replicas
      path = replicas.root.path + "/import"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(chmod(path, 0o770) == 0)
    }

    func watch() throws -> DropFolder {
      try DropFolder(
        path, executor: replicas.executor(of: replicas.town), now: { 1_800_000_000 },
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Writes a file elsewhere and moves it in.
    func put(_ text: String, _ name: String, mode: mode_t = 0o640) throws {
      let other = path + "-" + name
      try Data(text.utf8).write(to: URL(filePath: other))
      #expect(chmod(other, mode) == 0)
      #expect(rename(other, path + "/" + name) == 0)
    }

    func names(_ place: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + place)) ?? []).sorted()
    }

    /// Waits until a sub-folder has so many files.
    func wait(_ place: String, _ count: Int) async -> [String] {
      let end = ContinuousClock.now + .seconds(20)
      while names(place).count < count, ContinuousClock.now < end {
        try? await Task.sleep(for: .milliseconds(10))
      }
      return names(place)
    }

    func report(_ place: String, _ name: String) -> String {
      let data = FileManager.default.contents(atPath: "\(path)/\(place)/\(name)") ?? Data()
      return String(decoding: data, as: UTF8.self)
    }
  }

  @Test func `A file is imported when it is there, and its report lies beside it`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    // One that was there before.
    try folder.put(row, "vorher.ndjson")
    let watch = try folder.watch()
    defer { watch.stop() }
    #expect(
      await folder.wait("done", 2) == [
        "20270115-080000-vorher.ndjson", "20270115-080000-vorher.ndjson.report.txt",
      ])
    #expect(replicas.list(replicas.town, "organization").map { $0["name"] } == ["Kita A"])
    // Again, under the same name.
    try folder.put(row, "vorher.ndjson")
    let names = await folder.wait("done", 4)
    let report = folder.report(
      "done", try #require(names.first { $0.hasPrefix("20270115-080000-2") && $0.hasSuffix("txt") })
    )
    #expect(report.contains("created 0, changed 0, unchanged 1, refused 0"))
    var status = stat()
    #expect(stat("\(folder.path)/done/\(names[0])", &status) == 0)
    for name in names where name.hasSuffix(".txt") {
      #expect(stat("\(folder.path)/done/\(name)", &status) == 0)
      #expect(status.st_mode & 0o777 == 0o640)
    }
  }

  @Test func `A table's mapping lies beside it and stays there`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    try folder.put("kind: organization\nkey: Kita\nfields: { name: Kita }\n", "liste.yaml")
    let watch = try folder.watch()
    defer { watch.stop() }
    try folder.put("Kita;Farbe\nLöwenzahn;gelb\n", "liste.csv", mode: 0o600)
    let done = await folder.wait("done", 2)
    #expect(done.count == 2 && folder.names("").contains("liste.yaml"))
    let report = folder.report("done", try #require(done.last))
    #expect(report.contains("„Farbe“") && report.contains("created 1"))
    var status = stat()
    let last = folder.path + "/done/" + (done.last ?? "")
    #expect(stat(last, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func `What is refused changes nothing and goes to failed`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    let watch = try folder.watch()
    defer { watch.stop() }
    try folder.put(row + "{\"kind\":\"organization\"}\n", "falsch.ndjson")
    try folder.put("PK", "tabelle.xlsx")
    let failed = await folder.wait("failed", 4)
    let report = try #require(failed.first { $0.hasSuffix("falsch.ndjson.report.txt") })
    #expect(folder.report("failed", report).contains("line 2: neither external_id nor id"))
    let sheet = try #require(failed.first { $0.hasSuffix("tabelle.xlsx.report.txt") })
    #expect(folder.report("failed", sheet).contains("CSV UTF-8"))
    #expect(replicas.list(replicas.town, "organization").isEmpty)
  }

  @Test func `A file that would make something public is refused, and its report says what to do`()
    async throws
  {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    let watch = try folder.watch()
    defer { watch.stop() }
    try folder.put(
      row + #"{"kind":"phone","external_id":"t","number@public":"0221 4710-001"}"# + "\n",
      "neu.ndjson")
    let failed = await folder.wait("failed", 2)
    let report = folder.report("failed", try #require(failed.last))
    #expect(report.contains("line 2: Everybody could read this"))
    #expect(report.contains("kreisnetz import FILE --publish"))
    #expect(replicas.list(replicas.town, "organization").isEmpty)
    #expect(replicas.list(replicas.town, "phone").isEmpty)
  }

  @Test func `A file is not taken while somebody writes to it`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    let descriptor = open(folder.path + "/a.ndjson", O_WRONLY | O_CREAT, 0o600)
    let half = Array(row.utf8.prefix(20))
    #expect(write(descriptor, half, half.count) == half.count)
    let watch = try folder.watch()
    defer { watch.stop() }
    // Another file after it is taken meanwhile.
    try folder.put(row.replacing("\"a\"", with: "\"b\""), "b.ndjson")
    #expect(await folder.wait("done", 2).count == 2)
    #expect(folder.names("").contains("a.ndjson"))
    let rest = Array(row.utf8.dropFirst(20))
    #expect(write(descriptor, rest, rest.count) == rest.count)
    close(descriptor)
    #expect(await folder.wait("done", 4).count == 4)
    #expect(replicas.list(replicas.town, "organization").count == 2)
  }

  @Test func `Links are left alone, and what an interruption left is done`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    let secret = replicas.root.path + "/secret.ndjson"
    try Data(row.replacing("Kita A", with: "Geheim").utf8).write(to: URL(filePath: secret))
    #expect(symlink(secret, folder.path + "/link.ndjson") == 0)
    #expect(link(secret, folder.path + "/hard.ndjson") == 0)
    // A process that was killed in the middle leaves its file in working.
    mkdir(folder.path + "/working", 0o700)
    try Data(row.utf8).write(to: URL(filePath: folder.path + "/working/halb.ndjson"))
    let watch = try folder.watch()
    defer { watch.stop() }
    #expect(await folder.wait("done", 2).count == 2)
    try folder.put(row, "weiter.ndjson")
    #expect(await folder.wait("done", 4).count == 4)
    #expect(replicas.list(replicas.town, "organization").map { $0["name"] } == ["Kita A"])
    #expect(folder.names("working").isEmpty)
    #expect(FileManager.default.fileExists(atPath: secret))
  }

  @Test func `A folder that everybody may write to is refused`() async throws {
    let replicas = try await Replicas()
    let folder = try Folder(replicas)
    #expect(chmod(folder.path, 0o777) == 0)
    let error = try #require(throws: CommandError.self) { try folder.watch() }
    #expect(error.text.contains("writable for everybody"))
    #expect(chmod(folder.path, 0o700) == 0)
    let link = replicas.root.path + "/link"
    #expect(symlink(folder.path, link) == 0)
    #expect(throws: CommandError.self) {
      try DropFolder(
        link, executor: replicas.executor(of: replicas.town), now: { 0 },
        logger: Logger(label: "test"))
    }
  }
}
