// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Testing

@testable import KreisStore

/// What a power cut at any write, sync, renaming or deletion of the real program leaves of a state
/// directory and of a backup (I1).
///
/// Each command runs once, while all it does to files is noted; then its work is done again on files
/// in memory up to any moment, and what a power cut leaves of them is opened as the program would.
/// If `KREISNETZ_TEST_CRASHES` is set, the power is cut at every step and comes back in all ways, in
/// the one that chance decides eight times; else at every twelfth part in one of them.
@Suite struct PowerCutTests {
  private static let isLong = ProcessInfo.processInfo.environment["KREISNETZ_TEST_CRASHES"] != nil

  /// One command, and the folder that it worked on.
  private struct Recording {
    var files: PoweredFiles
    let steps: [DiskJournal.Step]
  }

  /// Notes what `body` does to the files below `root`.
  private func record(
    _ root: String, in folder: URL, _ body: (_ environment: [String: String]) throws -> Void
  ) throws -> Recording {
    let trace = folder.appending(path: "trace-\(UUID().uuidString)")
    var recording = Recording(files: try PoweredFiles(root), steps: [])
    try body(
      Preloaded("disk-journal", in: folder).environment.merging([
        "DISK_JOURNAL": trace.path, "DISK_JOURNAL_ROOT": root,
      ]) { $1 })
    let journal = try DiskJournal(contentsOf: trace, root: root)
    recording = Recording(files: recording.files, steps: journal.steps)
    // Whatever was not noted would make the rest worthless.
    var whole = recording.files
    for step in journal.steps { whole.apply(step) }
    let unnoted = try whole.differences(from: root)
    try #require(unnoted.isEmpty, "\(unnoted)")
    try #require(journal.steps.count > 20)
    return recording
  }

  /// A moment at which the power was cut, and what is left of the folder.
  private struct Cut {
    let root: String
    /// Whether the command had come to its end.
    let isDone: Bool
    /// Whether to run the command again as well, which takes long.
    let repeats: Bool
  }

  /// Cuts the power at many moments, and looks at what is left.
  private func cut(
    _ recording: Recording, in folder: URL, _ what: String, _ check: (Cut) throws -> Void
  ) throws {
    var files = recording.files
    let count = recording.steps.count
    let part = max(1, count / 12)
    let distance = Self.isLong ? 1 : part
    let ways = PoweredFiles.Remains.allCases
    var cuts = 0
    func look(_ number: Int, _ ways: [PoweredFiles.Remains], isDone: Bool) throws {
      let chances = Self.isLong ? 8 : 1
      let all = ways.flatMap { way in (0..<(way == .torn ? chances : 1)).map { (way, $0) } }
      for (remains, chance) in all {
        let root = folder.path + "/cut-\(number)-\(remains)-\(chance)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        try files.restore(remains, seed: UInt64(number * 8 + chance), to: root)
        let last = number > 0 ? "after \(recording.steps[number - 1])" : "before all"
        let cut = Cut(
          root: root, isDone: isDone,
          repeats: !isDone && number.isMultiple(of: part) && chance == 0)
        do { try check(cut) } catch {
          Issue.record("\(what), step \(number) of \(count), \(remains), \(last): \(error)")
        }
        cuts += 1
      }
    }
    for (number, step) in recording.steps.enumerated() {
      if number.isMultiple(of: distance) {
        try look(number, Self.isLong ? ways : [ways[number / distance % 4]], isDone: false)
      }
      files.apply(step)
    }
    try look(count, ways, isDone: true)
    print("\(what): \(cuts) power cuts in \(count) steps")
  }

  // MARK: - What is left

  private struct Replica {
    let entries: Set<Hash256>
    /// Of each database that was set aside.
    let setAside: [Set<Hash256>]
    /// Salt and values: what people wrote, wherever it stands.
    let blocks: Set<Data>
    let generation: UInt32
  }

  /// Opens a state directory as a daemon does.
  private func open(_ state: String) throws -> Replica {
    let directory = try StateDirectory.open(state)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    let identity = try Store.identity(at: directory.database)
    let key = try #require(try directory.signingKey(generation: identity.generation), "no key")
    let store = try Store.open(
      at: directory.database, key: key, random: { UInt64.random(in: 0 ... .max) }, forRepair: true)
    let own = try hashes(store)
    let blocks = try store.blockingRead { snapshot in
      try Data.fetchSet(
        snapshot.db,
        sql: """
          SELECT block FROM entry WHERE block IS NOT NULL
          UNION SELECT block FROM set_aside WHERE block IS NOT NULL
          """)
    }
    try store.close()
    return Replica(
      entries: own,
      setAside: try directory.setAside.map { try entries(ofSetAside: $0.path) },
      blocks: blocks, generation: identity.generation)
  }

  /// The entries that a replica holds, sound or not.
  private func held(_ state: String) throws -> Set<Hash256> {
    let directory = try StateDirectory.open(state)
    return try DatabaseQueue(path: directory.database).write { db in
      Set(try Data.fetchSet(db, sql: "SELECT hash FROM entry").compactMap { Hash256(Array($0)) })
    }
  }

  /// The entries of a sound database.
  private func hashes(_ store: Store) throws -> Set<Hash256> {
    let report = try store.blockingRead { try $0.verify() }
    guard report.isSound else { throw StoreError.stateUnknown("\(report.differences)") }
    return try chained(store)
  }

  private func chained(_ store: Store) throws -> Set<Hash256> {
    try store.blockingRead { snapshot in
      var out: Set<Hash256> = []
      try snapshot.exportLog { out.insert($0.hash) }
      return out
    }
  }

  /// It has lost the tables that are folded from its log.
  private func entries(ofSetAside path: String) throws -> Set<Hash256> {
    // What was cut off while something was destroyed there is rolled back by whoever may write.
    try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE replica SET id = 1") }
    return try chained(Store.openReadOnly(at: path))
  }

  private func expect(_ holds: Bool, _ what: String) throws {
    if !holds { throw StoreError.stateUnknown(what) }
  }

  /// Runs a command again after a cut, which must come to its end.
  private func again(_ state: String, _ arguments: [String], input: String? = nil) throws {
    let result = try CommandLineTool(state: state)(arguments, input: input)
    try expect(result.status == 0, "again: \(result.status) \(result.errors)\(result.output)")
  }

  // MARK: - A hub and a town

  /// A hub with a daemon, and a town without: it has entries that nobody else has.
  private func kreis() throws -> Kreis {
    let kreis = try Kreis(towns: 1)
    let town = kreis("halver")
    for number in 0..<3 {
      try town.succeed("add", "organization", "name=Haus \(number)", "external_id=h\(number)")
    }
    try kreis("hub").succeed("add", "organization", "name=Kreishaus", "external_id=k")
    try kreis.waitUntilEqual()
    return kreis
  }

  private func writeUnsent(_ kreis: Kreis) throws {
    let town = kreis("halver")
    try town.succeed("add", "organization", "name=Ungesendet", "external_id=neu")
    try town.succeed("edit", "key:h0", "street@local=Hintereingang 5")
  }

  /// A folder for one command to work in, with a copy of the town's state directory.
  private func site(_ kreis: Kreis, _ name: String) throws -> String {
    let site = kreis.folder.resolvingSymlinksInPath().path + "/" + name
    try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: kreis.state("halver"), toPath: site + "/halver")
    return site
  }

  // MARK: - Commands

  @Test func `A set-up leaves no replica, or a whole one with its keys`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kn-cut-\(UInt32.random(in: 0 ... .max))")
    let site = folder.resolvingSymlinksInPath().path + "/site"
    try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let arguments = [
      "hub", "init", "--name", "Musterkreis", "--ags", "05999", "--url", "https://127.0.0.1:1",
    ]
    let recording = try record(site, in: folder) { environment in
      let run = CommandLineTool(state: site + "/hub", environment: environment)
      try #require(try run(arguments).status == 0)
    }
    try cut(recording, in: folder, "hub init") { cut in
      let state = cut.root + "/hub"
      if !cut.isDone, !FileManager.default.fileExists(atPath: state + "/kreisnetz.sqlite") {
        guard cut.repeats else { return }
        try again(state, arguments)
      }
      try expect(try open(state).entries.count == 1, "the certificate is missing")
      let directory = try StateDirectory.open(state)
      for name in [StateDirectory.rootKey, StateDirectory.memberKey(generation: 1)] {
        try expect(try directory.readSecret(name) != nil, "\(name) is missing")
      }
    }
  }

  @Test func `A backup is whole or is not there, and a restored replica is the old or the backup`()
    throws
  {
    let kreis = try kreis()
    let early = kreis.folder.path + "/early.sqlite"
    try kreis("halver").succeed("backup", early)
    let atBackup = try hashes(Store.openReadOnly(at: early))
    try writeUnsent(kreis)
    // Killed, so that a part of it stands in the log beside the database.
    kreis.kill("halver")
    try FileManager.default.removeItem(atPath: kreis.state("halver") + "/kreisnetz.sock")
    try kreis.copy("halver", to: "copy")
    let whole = try open(kreis.state("copy")).entries
    try #require(whole.count > atBackup.count)
    let site = try site(kreis, "site")
    try #require(FileManager.default.fileExists(atPath: site + "/halver/kreisnetz.sqlite-wal"))

    // One that replaces an older one.
    try FileManager.default.copyItem(atPath: early, toPath: site + "/backup.sqlite")
    let backup = try record(site, in: kreis.folder) { environment in
      let run = CommandLineTool(state: site + "/halver", environment: environment)
      try run.succeed("backup", site + "/backup.sqlite", "--force")
    }
    try cut(backup, in: kreis.folder, "backup") { cut in
      let (state, file) = (cut.root + "/halver", cut.root + "/backup.sqlite")
      let found = try hashes(Store.openReadOnly(at: file))
      try expect(found == whole || !cut.isDone && found == atBackup, "the backup is neither")
      try expect(try open(state).entries == whole, "the replica changed")
      if cut.repeats { try again(state, ["backup", file, "--force"]) }
    }

    let restoring = try record(site, in: kreis.folder) { environment in
      let run = CommandLineTool(state: site + "/halver", environment: environment)
      try run.succeed("restore", early)
    }
    try cut(restoring, in: kreis.folder, "restore") { cut in
      let state = cut.root + "/halver"
      let found = try open(state)
      if found.entries == whole, !cut.isDone {
        guard cut.repeats else { return }
        try again(state, ["restore", early])
      } else {
        try expect(found.entries == atBackup, "the replica is neither")
      }
      let after = try open(state)
      try expect(after.entries == atBackup, "not restored")
      try expect(after.setAside.contains(whole), "what was replaced was not set aside")
    }
  }

  @Test func `A resync, also one from scratch, loses no entry that was acknowledged`() throws {
    let kreis = try kreis()
    try kreis.stop("halver")
    try writeUnsent(kreis)
    let whole = try open(kreis.state("halver")).entries

    let scratch = try site(kreis, "scratch")
    let anew = try record(scratch, in: kreis.folder) { environment in
      let run = CommandLineTool(state: scratch + "/halver", environment: environment)
      try run.succeed("resync", "--from-scratch")
    }
    try cut(anew, in: kreis.folder, "resync --from-scratch") { cut in
      let state = cut.root + "/halver"
      let found = try open(state)
      try expect(found.entries == whole, "entries are missing")
      try expect(found.setAside.allSatisfy { $0 == whole }, "of what was set aside, too")
      guard cut.repeats else { return }
      try again(state, ["resync", "--from-scratch"])
      try expect(try open(state).entries == whole, "entries are missing then")
    }

    // With a damage to repair, and the unsent entries to push.
    let site = try site(kreis, "site")
    let flip = """
      UPDATE entry SET block = CAST(substr(block, 1, 18) || x'55' || substr(block, 20) AS BLOB)
      WHERE block IS NOT NULL AND record = (SELECT record FROM organization WHERE name = 'Haus 1')
      """
    try DatabaseQueue(path: site + "/halver/kreisnetz.sqlite").write { try $0.execute(sql: flip) }
    let repairing = try record(site, in: kreis.folder) { environment in
      let run = CommandLineTool(state: site + "/halver", environment: environment)
      let report = try run.succeed("resync").output
      try #require(report.hasSuffix("EQUAL\n"), "\(report)")
    }
    let repaired = try open(site + "/halver").entries
    try #require(repaired == whole)
    try cut(repairing, in: kreis.folder, "resync") { cut in
      let state = cut.root + "/halver"
      if cut.repeats { try again(state, ["resync"]) }
      let isRepaired = cut.isDone || cut.repeats
      try expect(try held(state) == whole, "entries are missing")
      if isRepaired { try expect(try open(state).entries == whole, "not repaired") }
    }
  }

  @Test func `Opening a key generation and issuing again loses neither key nor value`() throws {
    let kreis = try kreis()
    try kreis.stop("halver")
    try kreis.copy("halver", to: "backup")
    try kreis.start("halver")
    try kreis("halver").succeed("edit", "key:h1", "phone=0221 4710-101")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    let hubsView = try open(kreis.state("halver")).blocks
    try kreis.replace("halver", with: "backup")
    try writeUnsent(kreis)
    let mine = try open(kreis.state("halver")).blocks
    let site = kreis.folder.resolvingSymlinksInPath().path + "/halver"
    let opening = try record(site, in: kreis.folder) { environment in
      try kreis.start("halver", environment: environment)
      try kreis.waitUntilEqual()
      try kreis.stop("halver")
    }
    try #require(try open(site).generation == 2)
    try cut(opening, in: kreis.folder, "opening a generation") { cut in
      let found = try open(cut.root)
      try expect(found.blocks.isSuperset(of: mine), "values are missing")
      guard cut.isDone else { return }
      try expect(found.generation == 2, "the old generation")
      try expect(found.blocks.isSuperset(of: hubsView), "values that the hub holds are missing")
    }
  }
}
