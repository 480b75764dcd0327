// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import Crypto
import Foundation
import KreisCore
import KreisInterchange
import KreisLocal
import KreisService
import KreisStore
import KreisTown

struct TownLeaveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leave", abstract: "Leave the Kreis: export, say goodbye, destroy, certify.",
    discussion: """
      With the daemon stopped: sends what waits, compares with the hub, exports the town's own records \
      and notes as NDJSON, has the hub end the membership (the town's records pass to the Kreis), \
      destroys the replica with its keys and set-aside databases, and writes a signed certificate in \
      German. This cannot be taken back.

      --backup names a backup that is destroyed as well; it must be this town's, and may be repeated. \
      Backups that are not named are not touched, and the certificate says so. If the hub does not exist \
      any more, --without-hub leaves it out. An interrupted command is repeated as it was.

      Example:
        kreisnetz town leave --confirm halver --export halver.ndjson --certificate halver.txt \
      --backup /srv/backup/halver-1.sqlite --state /var/lib/kreisnetz/halver
      """)

  @OptionGroup var state: StateOptions

  @Option(
    help: ArgumentHelp("The town's short name, so that it is the right one.", valueName: "name"))
  var confirm: String

  @Option(help: ArgumentHelp("A new file for the town's own data.", valueName: "file"))
  var export: String

  @Option(help: ArgumentHelp("A new file for the certificate.", valueName: "file"))
  var certificate: String

  @Option(help: ArgumentHelp("A backup to destroy; may be repeated.", valueName: "file"))
  var backup: [String] = []

  @Flag(help: "Do not tell the hub, because there is none any more.")
  var withoutHub = false

  @Option(help: ArgumentHelp("Settings: proxy and authorities.", valueName: "file"))
  var config: String?

  func run() throws {
    let path = try state.path()
    if let directory = try StateDirectory.leaving(path) {
      let lock = try directory.lock()
      defer { withExtendedLifetime(lock) {} }
      let facts = try LeavingFacts.read(from: directory)
      guard facts.name == confirm else {
        throw CommandError(.wrongUse, "\(path) belongs to '\(facts.name)', not to '\(confirm)'.")
      }
      return try finish(facts, in: directory)
    }
    let directory = try StateDirectory.open(path)
    let lock = try directory.lock()
    defer { withExtendedLifetime(lock) {} }
    try check(directory)
    try finish(try prepare(directory), in: directory)
  }

  /// What can be wrong is found before anything is changed.
  private func check(_ directory: StateDirectory) throws {
    let identity = try Store.identity(at: directory.database)
    guard identity.role == .town, identity.name == confirm else {
      throw CommandError(
        .wrongUse,
        "\(directory.path) belongs to the \(identity.role.rawValue) '\(identity.name)', not to the town "
          + "'\(confirm)'.")
    }
    for file in [export, certificate] {
      let path = URL(filePath: file).standardizedFileURL.path(percentEncoded: false)
      guard !path.hasPrefix(directory.path + "/"), !FileManager.default.fileExists(atPath: path)
      else {
        throw CommandError(
          .wrongUse,
          "\(path) exists already or lies in the state directory. Name a new file elsewhere."
        )
      }
    }
    for file in backup {
      let held = try Store.identity(at: file)
      guard held.realm == identity.realm, held.member == identity.member else {
        throw CommandError(
          .wrongUse, "\(file) is no backup of \(identity.title) but of \(held.title).")
      }
    }
  }

  /// Everything up to the point of no return; what is to be certified then is on disk.
  private func prepare(_ directory: StateDirectory) throws -> LeavingFacts {
    // Its end is noted here: the audit log itself is destroyed with the rest.
    var facts = try FileAct("town leave", in: directory.path).run { try settle(directory) }
    facts.files = directory.files(but: LeavingFacts.kept(generation: facts.generation))
      .filter { $0.name != "kreisnetz.sqlite-wal" && $0.name != "kreisnetz.sqlite-shm" }
    facts.backups = backup.map {
      URL(filePath: $0).standardizedFileURL.path(percentEncoded: false)
    }
    // Before the hub hears of it: whoever repeats the command goes on from here.
    try facts.write(to: directory)
    return facts
  }

  /// Brings the hub everything and the town what is its own.
  private func settle(_ directory: StateDirectory) throws -> LeavingFacts {
    let store = try directory.openStore()
    let progress = ProgressLine()
    defer { progress.clear() }
    let client = try TownConnection.client(
      store: store, directory: directory, configuration: TownConfiguration(path: config))
    if !withoutHub { try sendAll(client, store, progress) }
    let exported = try exportOwn(store, directory)
    let facts = LeavingFacts(
      store.identity, at: SystemClock.now(), export: exported,
      feeds: try store.blockingRead { try $0.feedCursors() },
      unsent: try store.blockingRead { try $0.unsent().entries }, toldHub: !withoutHub)
    try store.close()
    return facts
  }

  private func sendAll(
    _ client: HubClient, _ store: Store, _ progress: ProgressLine
  ) throws {
    let report = try ResyncHandler.wait(Self.call(progress)) { tell in
      try await Resync(client: client, store: store, progress: tell).run()
    }
    guard report.isEqual else {
      throw CommandError(
        .notNow,
        "This replica is not equal to the hub's, so something would be lost. Nothing was changed. See: "
          + "kreisnetz resync")
    }
  }

  private static func call(_ progress: ProgressLine) -> LocalCall {
    LocalCall(LocalRequest("town-leave")) { reply in
      if case .progress(let text) = reply { progress.show(text) }
    }
  }

  private func exportOwn(
    _ store: Store, _ directory: StateDirectory
  ) throws -> LeavingFacts.Export {
    let target = try ExportTarget(export, isDirectory: false)
    let executor = CommandExecutor(
      store: store, spool: directory.path, now: SystemClock.now)
    var (records, bytes, hash) = (0, 0, SHA256())
    var failure: CommandError?
    let call = LocalCall(LocalRequest("export", ["own": .bool(true)])) { reply in
      switch reply {
      case .row(let row):
        let line = JSONWriter.bytes(of: row) + [0x0A]
        try target.write(line, to: nil)
        hash.update(data: line)
        records += 1
        bytes += line.count
      case .failure(let error): failure = error
      case .heading, .progress, .done: break
      }
    }
    executor.run(call)
    if let failure { throw failure }
    try target.finish()
    let path = URL(filePath: export).standardizedFileURL.path(percentEncoded: false)
    return .init(
      path: path, records: records, bytes: UInt64(bytes), hash: Hex.encode(hash.finalize()))
  }

  /// From the point of no return on; repeated as often as it is interrupted.
  private func finish(_ facts: LeavingFacts, in directory: StateDirectory) throws {
    var facts = facts
    if facts.toldHub, facts.leftAt == nil {
      try sayGoodbye(directory)
      facts.leftAt = SystemClock.now()
      try facts.write(to: directory)
    }
    guard let key = try directory.signingKey(generation: facts.generation) else {
      throw CommandError(
        .wrongUse,
        "The key of this town is missing in \(directory.path), so nothing can be certified.")
    }
    try directory.destroy(directory.files(but: LeavingFacts.kept(generation: facts.generation)))
    for backup in facts.backups where FileManager.default.fileExists(atPath: backup) {
      try StateDirectory.destroy(file: backup)
    }
    let signed = try FarewellCertificate(
      signing: facts.text(at: SystemClock.now()), realm: facts.realm, member: facts.member,
      generation: facts.generation, key: key)
    let target = try ExportTarget(certificate, isDirectory: false)
    try target.write(Array(signed.document.utf8), to: nil)
    try target.finish()
    try directory.destroy(directory.files(but: []))
    let isGone = directory.removeEmpty()
    try StandardOutput().line(
      """
      \(facts.title) has left \(facts.kreis). Its replica is destroyed.
      Own data:    \(facts.export.path) (\(facts.export.records) records)
      Certificate: \(certificate)
      The hub's admin checks it with: kreisnetz hub check-certificate FILE
      """)
    if !isGone { try StandardOutput().line("Remove the empty directory \(directory.path).") }
  }

  private func sayGoodbye(_ directory: StateDirectory) throws {
    let store = try directory.openStore()
    let client = try TownConnection.client(
      store: store, directory: directory, configuration: TownConfiguration(path: config))
    let farewell = Farewell(client: client, identity: store.identity)
    _ = try ResyncHandler.wait(Self.call(ProgressLine())) { _ in try await farewell.say() }
    try store.close()
  }
}
