// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore

@testable import KreisStore

/// A hub and a town as real stores on disks that lose power, and a fixed sequence of work on them.
///
/// It starts from databases of schema 1, so that opening them for the first time migrates them. Each
/// step, if it is repeated, finds out by itself what of it was done before, and draws its randomness
/// from its own seed: however often the work was interrupted, it ends with the same bytes.
final class CrashWorld {
  enum Machine: String, CaseIterable { case hub, town }

  /// Logs and feeds of a replica, as far as it was told that they are durable.
  struct Held {
    var entries: [Int64: Data] = [:]
    var feed: [String: Data] = [:]
  }

  private(set) var disks: [Machine: CrashDisk] = [:]
  private(set) var stores: [Machine: Store] = [:]
  private(set) var held: [Machine: Held] = [:]
  /// Steps that came to their end.
  private var done = 0
  private let random = Seeded(0)
  private let synchronous: String?

  private static let release = Release(schema: 1)

  /// The disks before the first step.
  static func originals() throws -> [Machine: CrashDisk] {
    try Dictionary(
      uniqueKeysWithValues: Machine.allCases.map { machine in
        let disk = CrashDisk()
        try release.make(machine.rawValue, at: disk.path("kreisnetz.sqlite"))
        return (machine, disk)
      })
  }

  /// - Parameter synchronous: what the stores use instead of their own setting, to plant a bug.
  init(_ originals: [Machine: CrashDisk], synchronous: String? = nil) {
    disks = originals.mapValues { CrashDisk(copying: $0) }
    self.synchronous = synchronous
  }

  var hasPower: Bool { disks.values.allSatisfy(\.hasPower) }

  func disk(_ machine: Machine) throws -> CrashDisk {
    guard let disk = disks[machine] else { throw StoreError.rejected("no disk") }
    return disk
  }

  func operations() -> [Machine: UInt64] { disks.mapValues(\.operations) }

  func path(_ machine: Machine) throws -> String { try disk(machine).path("kreisnetz.sqlite") }

  /// The store of a running machine; starts it if need be.
  func store(_ machine: Machine) throws -> Store {
    if let store = stores[machine] { return store }
    let key = try Self.release.key(machine.rawValue)
    let random = random
    let store = try Store.open(at: path(machine), key: key, random: { random.next() })
    if let synchronous {
      try store.database.writeWithoutTransaction {
        try $0.execute(sql: "PRAGMA synchronous = \(synchronous)")
      }
    }
    stores[machine] = store
    return store
  }

  /// Ends a machine's process in good order.
  ///
  /// Closed by hand, because a task that just ended may hold the store for another moment.
  func stop(_ machine: Machine) { try? stores.removeValue(forKey: machine)?.database.close() }

  /// Turns power off and on again.
  func restore(_ machine: Machine, _ remains: CrashDisk.Remains, seed: UInt64) throws {
    try disk(machine).restore(remains, seed: seed)
    stop(machine)
  }

  /// Notes that all a machine holds now was acknowledged.
  func acknowledge(_ machine: Machine) throws { held[machine] = try read(machine) }

  private func read(_ machine: Machine) throws -> Held {
    var configuration = Configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: path(machine), configuration: configuration).read { db in
      var held = Held()
      for row in try Row.fetchAll(db, sql: "SELECT entry, hash FROM entry") {
        held.entries[row[0]] = row[1]
      }
      for row in try Row.fetchAll(db, sql: "SELECT scope, town, position, hash FROM feed") {
        held.feed["\(row[0] as Int64) \(row[1] as Int64) \(row[2] as Int64)"] = row[3]
      }
      return held
    }
  }

  /// What is wrong with a machine that was started again: acknowledged entries or feed items that
  /// are gone, and whatever a complete verification finds. Empty: nothing.
  func damage(_ machine: Machine) throws -> [String] {
    let report = try store(machine).blockingRead { try $0.verify() }
    var out = report.differences
    let (before, now) = (held[machine] ?? Held(), try read(machine))
    let lost = before.entries.count { now.entries[$0.key] != $0.value }
    if lost > 0 { out.append("\(lost) acknowledged entries are gone") }
    let unfed = before.feed.count { now.feed[$0.key] != $0.value }
    if unfed > 0 { out.append("\(unfed) acknowledged feed positions are gone") }
    return out
  }

  /// All tables of all machines as text.
  func dump() throws -> String {
    try Machine.allCases.map { machine in
      try DatabaseQueue(path: path(machine)).read { db in
        let tables = try String.fetchAll(
          db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        return try tables.map { table in
          let rows = try Row.fetchAll(db, sql: "SELECT * FROM \"\(table)\"").map {
            $0.databaseValues.map { "\($0)" }.joined(separator: "|")
          }
          return "\(machine) \(table)\n" + rows.sorted().joined(separator: "\n")
        }.joined(separator: "\n")
      }
    }.joined(separator: "\n")
  }

  /// Does all steps, or what is left of them, from the one that was interrupted on.
  func run() async throws {
    while done < Self.steps.count {
      random.restart(UInt64(done))
      try await Self.steps[done](self)
      done += 1
    }
  }
}

// MARK: - The work

extension CrashWorld {
  private static let steps: [@Sendable (CrashWorld) async throws -> Void] = [
    { try $0.create([1], at: .town) },
    { try $0.change(1, "description", "Eingewöhnung ab März", at: .town) },
    { try await $0.push() },
    { try $0.create(Array(10..<46), at: .town) },
    { try $0.change(10, "street", "Feldweg 2", at: .town) },
    { try await $0.push() },
    { try $0.change(1, "description", "Eingewöhnung ab April", at: .hub) },
    { try $0.change(10, "name", "Vom Kreis berichtigt", at: .hub) },
    { try $0.create([60], at: .hub) },
    { try $0.change(1, "description", "Eingewöhnung ab Mai", at: .town) },
    { try await $0.pull() },
    { $0.stop(.town) },
    { try $0.delete(12, at: .town) },
    { try await $0.push() },
    { try await $0.makeStatement() },
    { $0.stop(.hub) },
    { try await $0.pull() },
    { try $0.rebuild(.town) },
    { try $0.rebuild(.hub) },
    { try $0.change(13, "street", "Feldweg 3", at: .town) },
    { $0.stop(.town) },
  ]

  /// The same in every run, whatever was drawn before.
  private func id(_ number: UInt64, at machine: Machine) throws -> RecordID {
    RecordID(creator: try store(machine).identity.member, random: (number, number))
  }

  private func occasion(_ number: UInt64) -> Occasion { Occasion(at: 1_800_100_000 + number) }

  private func field(_ name: String) throws -> Field {
    try Schema.directory.kind(named: "organization").field(named: name)
  }

  /// One transaction, as of an import.
  private func create(_ numbers: [UInt64], at machine: Machine) throws {
    let kind = try Schema.directory.kind(named: "organization")
    let (name, street) = try (field("name"), field("street"))
    let ids = try numbers.map { try ($0, id($0, at: machine)) }
    let store = try store(machine)
    let isDone = try store.blockingRead { snapshot in
      try ids.contains { try snapshot.state(of: $0.1) != nil }
    }
    if isDone { return }
    try store.blockingWrite { transaction in
      for (number, id) in ids {
        try transaction.create(
          kind,
          [
            Edit(name, .value("Kita \(number)")),
            Edit(street, .value("Weg \(number)"), in: number % 5 == 0 ? .coordination : nil),
          ], occasion(number), id: id)
      }
    }
    try acknowledge(machine)
  }

  private func change(
    _ number: UInt64, _ name: String, _ value: String, at machine: Machine
  ) throws {
    // The town created all records that are changed.
    let id = try id(number, at: .town)
    let field = try field(name)
    let store = try store(machine)
    // Every value is written once.
    let history = try store.blockingRead { try $0.history(of: id) }
    if history.contains(where: { $0.values?.values.contains(value) ?? false }) { return }
    _ = try store.blockingWrite {
      try $0.change(id, [Edit(field, .value(value))], occasion(number + 100))
    }
    try acknowledge(machine)
  }

  private func delete(_ number: UInt64, at machine: Machine) throws {
    let id = try id(number, at: machine)
    let store = try store(machine)
    if try store.blockingRead({ try $0.state(of: id)?.isDeleted }) == true { return }
    try store.blockingWrite { try $0.delete(id, occasion(number)) }
    try acknowledge(machine)
  }

  private func push() async throws {
    let (town, hub) = try (store(.town), store(.hub))
    for log in try await town.unsent().logs {
      while let bundle = try await town.nextBundle(of: log) {
        guard case .accepted = try await hub.accept(bundle, from: town.identity.member) else {
          throw StoreError.rejected("the hub did not accept \(log)")
        }
        try acknowledge(.hub)
        town.acknowledge(log, through: bundle.last)
      }
    }
  }

  private func pull() async throws {
    let (town, hub) = try (store(.town), store(.hub))
    while true {
      let cursors = try await town.read { try $0.feedCursors() }
      let answer = try await hub.feedChunk(
        for: town.identity.member, after: cursors, includeOwn: false, bytes: 2_000)
      guard case .chunk(let wire) = answer else {
        throw StoreError.rejected("the hub refuses: \(answer)")
      }
      let isComplete = try await town.merge(try UnverifiedChunk(wire))
      try acknowledge(.town)
      if isComplete { return }
    }
  }

  private func makeStatement() async throws {
    let town = try store(.town)
    let position = try await town.read { try $0.feedCursors()[.public]?.position ?? 0 }
    try await store(.hub).saveStatements([
      StoredStatement(
        member: town.identity.member, scope: .public, position: position, at: 1_800_100_500,
        software: "test", statement: [1, 2, 3], signature: [4, 5, 6])
    ])
    try acknowledge(.hub)
  }

  private func rebuild(_ machine: Machine) throws {
    _ = try store(machine).blockingWrite { try $0.rebuild() }
    try acknowledge(machine)
  }
}
