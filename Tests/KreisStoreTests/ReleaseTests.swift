// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

@Suite final class `What a release left behind` {
  private let directory: StateDirectory
  private let random = Seeded(7)

  init() throws {
    let path = FileManager.default.temporaryDirectory.path + "/kreisnetz-\(UUID().uuidString)"
    directory = try StateDirectory.prepare(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.path) }

  private func open(_ release: Release, _ machine: String) throws -> Store {
    let random = random
    return try Store.open(
      at: directory.database, key: release.key(machine), random: { random.next() })
  }

  /// The files of the state directory, by name.
  private func files() throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    return try Dictionary(
      uniqueKeysWithValues: names.filter { $0 != "keys" }.map {
        ($0, try Data(contentsOf: URL(filePath: "\(directory.path)/\($0)")))
      })
  }

  @Test(arguments: Release.all, Release.machines)
  func `is opened, brought up to date and folds to the same as then`(
    release: Release, machine: String
  ) throws {
    try release.make(machine, at: directory.database)
    let store = try open(release, machine)
    let expected = try release.text("fold.txt").split(separator: "\n")
      .filter { $0.hasPrefix(machine + " ") }
    let found = try Release.fold(machine, store)
    #expect(found.split(separator: "\n") == expected, "\(found)")
    // It is closed in good order, and opens again as what it has become.
    try store.close()
    #expect(try Release.fold(machine, open(release, machine)).split(separator: "\n") == expected)
  }

  @Test(arguments: Release.all)
  func `is read message by message, and folds to the same as then`(release: Release) async throws {
    let members = directory.path + "/members.sqlite"
    try release.make("hub", at: members)
    let random = random
    let hub = try Store.createGathering(
      at: directory.database, identity: try Store.identity(at: members), key: SigningKey(),
      random: { random.next() })
    for bundle in try release.bundles() {
      guard case .gathered = try await hub.accept(bundle, from: hub.identity.member) else {
        Issue.record("\(bundle.log) from \(bundle.first) on is not taken")
        continue
      }
    }
    let expected = try release.text("fold.txt").split(separator: "\n")
      .filter { $0.hasPrefix("hub ") }
    let found = try Release.fold("hub", hub)
    #expect(found.split(separator: "\n") == expected, "\(found)")
  }

  // MARK: - Migration

  @Test func `is kept beside the database before that is brought up to date, once`() throws {
    let release = Release(schema: 1)
    try release.make("town", at: directory.database)
    // An attempt that was cut off.
    _ = FileManager.default.createFile(
      atPath: "\(directory.path)/kreisnetz-20260101T000000Z-schema1.sqlite.new", contents: Data())
    try directory.keepOlderVersion(at: 1_800_000_000)
    try directory.keepOlderVersion(at: 1_800_000_060)
    #expect(directory.setAside.map(\.at) == [1_800_000_060])
    #expect(try files().keys.filter { $0.contains(".new") }.isEmpty)
    let kept = try #require(directory.setAside.first)
    let before = try Release.dump(kept.path)
    let store = try open(release, "town")
    #expect(try Release.dump(kept.path) == before)
    try store.close()
    // What is up to date is not copied.
    try directory.keepOlderVersion(at: 1_800_000_120)
    #expect(directory.setAside == [kept])

    // The way back: the older version finds what it left.
    try FileManager.default.removeItem(atPath: directory.database)
    try FileManager.default.moveItem(atPath: kept.path, toPath: directory.database)
    let expected = try release.text("fold.txt").split(separator: "\n")
      .filter { $0.hasPrefix("town ") }
    #expect(try Release.fold("town", open(release, "town")).split(separator: "\n") == expected)
  }

  @Test(arguments: Release.all.dropLast())
  func `destroys in the copy kept what is erased later`(release: Release) throws {
    try release.make("hub", at: directory.database)
    try directory.keepOlderVersion(at: 1_800_000_000)
    let store = try open(release, "hub")
    let record = try #require(
      try store.blockingRead { snapshot -> (id: RecordID, kind: UInt32, value: String)? in
        var found: (RecordID, UInt32, String)?
        try snapshot.foldAll { state in
          let values = state.scopes[.public]?.registers.values.compactMap { $0.first?.value } ?? []
          if let kind = state.kind, let value = values.max(by: { $0.count < $1.count }),
            value.count > 8
          {
            found = (state.record, kind, value)
          }
        }
        return found
      })
    let kept = try #require(directory.setAside.first)
    let isThere = {
      try Data(contentsOf: URL(filePath: kept.path)).range(of: Data(record.value.utf8)) != nil
    }
    #expect(try isThere())
    try store.blockingWrite {
      _ = try $0.append(
        EntryBody(
          recordedAt: 1_800_000_000, kind: .erase, recordKind: record.kind, record: record.id,
          writes: []), values: Values(values: [], reason: "Art. 17"), to: .public)
    }
    #expect(kept.obey(store) == .obeyed)
    #expect(try !isThere())
  }

  @Test func `of a later version is refused, and not a byte of it is changed`() throws {
    let release = Release(schema: 2)
    try release.make("town", at: directory.database)
    try DatabaseQueue(path: directory.database).writeWithoutTransaction { db in
      try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')")
      try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: directory.database + suffix)
    }
    let before = try files()
    for _ in 1...2 {
      let error = try #require(throws: StoreError.self) { try open(release, "town") }
      guard case .rejected(let text, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(text.contains("newer version"))
    }
    #expect(throws: StoreError.self) { try directory.keepOlderVersion(at: 1_800_000_000) }
    #expect(try files()["kreisnetz.sqlite"] == before["kreisnetz.sqlite"])
    #expect(try files()["kreisnetz.sqlite-wal"]?.isEmpty ?? true)
  }

  // MARK: - The next release

  @Test(.enabled(if: ProcessInfo.processInfo.environment["KREISNETZ_TEST_GOLDEN"] != nil))
  func `of the present version, a release is kept`() async throws {
    let next = Release(schema: Store.schemaVersion)
    if !next.has("keys.txt") {
      let net = try await SampleRealm.make()
      var keys = ""
      for (machine, store) in [("hub", net.hub), ("town", net.towns[0])] {
        let key = try net.requiredKey(store.identity.name)
        keys += "\(machine) \(Hex.encode(Array(key.rawRepresentation)))\n"
        let path = "\(directory.path)/\(machine).sqlite"
        try store.blockingBackup(to: path) { _ in }
        try next.write("\(machine).sql", Release.dump(path))
      }
      try next.write("keys.txt", keys)
    }
    // What it folds to is settled once.
    for release in Release.all where !release.has("fold.txt") {
      var fold = ""
      for machine in Release.machines {
        SetAsideDatabase.deleteFiles(directory.database)
        try release.make(machine, at: directory.database)
        let store = try open(release, machine)
        fold += try Release.fold(machine, store)
        if machine == "hub" { try release.write("log.txt", Release.log(of: store)) }
        try store.close()
      }
      try release.write("fold.txt", fold)
    }
  }
}

/// A realm in which a little of everything happened.
private enum SampleRealm {
  static func make() async throws -> Federation {
    let net = try await Federation(towns: 2)
    let kind = try Schema.directory.kind(named: "organization")
    let fields = try ["name", "description", "languages", "phone"].map { try kind.field(named: $0) }
    let id = try net.add("Kita Löwenzahn", to: net.towns[0])
    let edits = [
      Edit(fields[1], .value("intern"), in: .coordination),
      Edit(fields[1], .value("nur hier"), in: .local),
      Edit(fields[2], .insert(element: "tr")), Edit(fields[3], .value("0221 4710-301")),
    ]
    try net.towns[0].blockingWrite { _ = try $0.change(id, edits, net.occasion()) }
    let deleted = try net.add("Beratungsstelle", to: net.towns[0])
    let erased = try net.add("Hebamme Beispiel", to: net.towns[0])
    try await net.syncAll()
    // Two at once, and one who narrows what he had said to all.
    try net.edit(id, "name", "Kita Löwenzahn e. V.", in: net.towns[0])
    try net.edit(id, "name", "Kita am Markt", in: net.hub)
    try net.towns[0].blockingWrite {
      _ = try $0.delete(deleted, net.occasion())
      _ = try $0.append(later(id, kind: kind.tag), values: Values(values: ["später"]), to: .public)
    }
    try net.hub.blockingWrite {
      _ = try $0.append(
        EntryBody(
          recordedAt: net.now, kind: .erase, recordKind: kind.tag, record: erased, writes: []),
        values: Values(values: [], reason: "Art. 17"), to: .public)
    }
    try await net.syncAll()
    try await net.openNextGeneration(0)
    try net.edit(id, "email", "kita@example.org", in: net.towns[0])
    try await net.settle()
    // Not pushed.
    try net.edit(id, "email", "buero@example.org", in: net.towns[0])
    return net
  }

  /// A field that this version does not know.
  private static func later(_ id: RecordID, kind: UInt32) -> EntryBody {
    EntryBody(
      recordedAt: 1_800_000_100, kind: .write, recordKind: kind, record: id,
      writes: [Write(register: Register(tag: 901), content: .value)])
  }
}
