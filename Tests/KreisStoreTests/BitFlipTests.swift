// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore
import Synchronization
import Testing

@testable import KreisStore

/// Bits that flip in the database or its write-ahead log: whatever a replica shows or sends then is
/// what it showed and sent before, or it says that something is damaged.
///
/// `KREISNETZ_TEST_FLIPS` sets how many bytes are hit, `KREISNETZ_TEST_SEED` which.
@Suite struct BitFlipTests {
  private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? standard
  }

  /// A hub and a town with all that can stand in a database.
  private static func federation() async throws -> Federation {
    let net = try await Federation(towns: 2, seed: 11)
    let (town, other) = (net.towns[0], net.towns[1])
    var ids: [RecordID] = []
    for index in 0..<25 { ids.append(try net.add("Einrichtung \(index) im Tal", to: town)) }
    for index in 0..<10 { _ = try net.add("Verein \(index)", to: other) }
    _ = try net.add("Kreisstelle", to: net.hub)
    try await net.syncAll()
    for id in ids.prefix(8) { try net.edit(id, "description", "jeden Tag \(id)", in: town) }
    try net.edit(ids[0], "name", "Nord", in: town)
    try net.edit(ids[0], "name", "Süd", in: net.hub)
    try town.blockingWrite { try $0.delete(ids[1], net.occasion()) }
    let kind = try Schema.directory.kind(named: "organization")
    let street = try kind.field(named: "street")
    for (index, scope) in [ScopeKind.coordination, .local, .kreis].enumerated() {
      try town.blockingWrite {
        _ = try $0.change(
          ids[index + 3], [Edit(street, .value("Weg 1"), in: scope)], net.occasion())
      }
    }
    try await net.syncAll()
    try await net.syncAll()
    // Not sent yet.
    for index in 0..<3 { _ = try net.add("Neu \(index)", to: town) }
    return net
  }

  /// Copies of a database's files, damaged one after the other.
  private final class Victim {
    let folder: URL
    let names: [String]
    private let originals: [String: Data]

    /// - Parameter checkpoint: whether all is in the database file, and nothing in the log.
    init(_ path: String, _ net: Federation, checkpoint: Bool) throws {
      folder = net.directory.appendingPathComponent("victim-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      if checkpoint {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
      }
      var originals: [String: Data] = [:]
      for suffix in ["", "-wal"] {
        guard let data = FileManager.default.contents(atPath: path + suffix), !data.isEmpty else {
          continue
        }
        originals["db.sqlite" + suffix] = data
      }
      self.originals = originals
      names = originals.keys.sorted()
    }

    var database: String { folder.appendingPathComponent("db.sqlite").path }

    func size(_ name: String) -> Int { originals[name]?.count ?? 0 }

    func byte(_ name: String, at offset: Int) -> UInt8 {
      originals[name].map { $0[$0.startIndex + offset] } ?? 0
    }

    func reset() throws {
      try? FileManager.default.removeItem(at: folder)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (name, data) in originals { try data.write(to: folder.appendingPathComponent(name)) }
    }

    func flip(_ name: String, at offset: Int, _ mask: UInt8) throws {
      var data = try #require(originals[name])
      data[data.startIndex + offset] ^= mask
      try data.write(to: folder.appendingPathComponent(name))
    }
  }

  private enum Part: Equatable {
    case output(String)
    case refused(String)
  }

  /// All that a replica shows and sends, each part by itself: one that is refused stops no other.
  private static func parts(_ store: Store, reader: MemberID) async -> [String: Part] {
    var out: [String: Part] = [:]
    let take = { (name: String, body: (Snapshot) throws -> String) in
      do { out[name] = .output(try store.blockingRead(body)) } catch {
        out[name] = .refused("\(error)")
      }
    }
    for kind in Schema.directory.kinds {
      take("list \(kind.name)") { snapshot in
        var text = ""
        try snapshot.list(kind) { text += "\(Self.text($0))\n" }
        return text
      }
    }
    if let kind = try? Schema.directory.kind(named: "organization"),
      let name = try? kind.field(named: "name")
    {
      take("filter") { snapshot in
        var text = ""
        try snapshot.list(kind, where: [(name, ["Einrichtung 7 im Tal"])]) { text += Self.text($0) }
        return text
      }
    }
    take("conflicts") { try $0.recordsInConflict().map(Self.text).joined() }
    take("fold") { snapshot in
      var text = ""
      try snapshot.foldAll { text += "\(Self.text($0))\n" }
      return text
    }
    take("export") { snapshot in
      var lines: [String] = []
      try snapshot.exportLog {
        lines.append("\($0.log) \($0.sequence) \($0.hash) \($0.values?.values ?? [])")
      }
      return lines.sorted().joined(separator: "\n")
    }
    take("names") { snapshot in
      try Self.ids.withLock { ids in
        try ids.map { "\(try snapshot.naming(of: $0)?.name ?? "-")" }.joined(separator: ",")
      }
    }
    take("history") { snapshot in
      try Self.ids.withLock { ids in
        try ids.map { id in
          try snapshot.history(of: id).map { "\($0.hash)\($0.values?.values ?? [])" }.joined()
        }.joined(separator: ",")
      }
    }
    for log in [Scope.public, .kreis].map(store.identity.log) where store.identity.role == .town {
      do {
        let bundle = try await store.nextBundle(of: log)
        // What was sent before may come again in front of what was not.
        let unsent = Self.unsent.withLock { $0?[log] ?? 0 }
        let entries = bundle.map { Array($0.entries.suffix(Int(unsent))) } ?? []
        out["push \(log.scope)"] = .output("\(entries)")
      } catch { out["push \(log.scope)"] = .refused("\(error)") }
    }
    if store.identity.role == .hub { await Self.feed(store, reader, &out) }
    return out
  }

  private static func feed(
    _ store: Store, _ reader: MemberID, _ out: inout [String: Part]
  ) async {
    do {
      guard
        case .chunk(let chunk) = try await store.feedChunk(
          for: reader, after: [:], includeOwn: true, bytes: 1 << 24)
      else { throw CancellationError() }
      for scope in Set(chunk.items.map(\.scope.kind)) {
        let items = chunk.items.filter { $0.scope.kind == scope }
        out["feed \(scope)"] = .output(
          items.map { "\($0.position) \($0.bundle.first) \($0.bundle.entries)" }.joined())
      }
      // What is signed is a position that was there, whatever else is damaged.
      for head in chunk.heads where head.position > 0 {
        let held = try store.blockingRead {
          try $0.ledger.feedHash(of: Scope(head.scope), at: head.position)
        }
        if held?.bytes != Array(head.hash) {
          out["feed \(head.scope.kind)"] = .output("signed wrong")
        }
      }
    } catch { out["feed"] = .refused("\(error)") }
  }

  private static func text(_ state: RecordState) -> String {
    let shown = state.shown.sorted { $0.key < $1.key }
      .map { "\($0.key.tag)\($0.key.element ?? "")=\($0.value.head.value ?? "")@\($0.value.scope)" }
    return "\(state.record) \(shown) \(state.conflicts.count) \(state.isDeleted)"
  }

  /// The records that exist, for questions about one.
  private static let ids = Mutex<[RecordID]>([])
  /// How many entries of its logs the replica has not sent.
  private static let unsent = Mutex<Unsent?>(nil)

  /// Whether nothing is there that was not there before.
  private static func isBeginning(_ text: String, of expected: Part) -> Bool {
    guard case .output(let whole) = expected else { return false }
    return whole.hasPrefix(text)
  }

  private struct Count {
    var unchanged = 0
    var refused = 0
    var notOpened = 0
    var wrong: [String] = []
  }

  private static func run(
    _ victim: Victim, flips: UInt64, seed: UInt64, reader: MemberID
  ) async throws -> Count {
    let random = Seeded(seed)
    try victim.reset()
    let sound: [String: Part]
    do {
      let store = try Store.openReadOnly(at: victim.database)
      try store.blockingRead { snapshot in
        var all: [RecordID] = []
        try snapshot.foldAll { all.append($0.record) }
        ids.withLock { $0 = all }
      }
      let unsent = try await store.unsent()
      Self.unsent.withLock { $0 = unsent }
      sound = await parts(store, reader: reader)
    }
    #expect(sound.values.allSatisfy { if case .output = $0 { true } else { false } }, "\(sound)")
    var count = Count()
    for _ in 0..<flips {
      let name = victim.names[random.next(below: victim.names.count)]
      // Most bytes of a small database are empty space; those that are not are hit more often.
      var offset = random.next(below: victim.size(name))
      for _ in 0..<random.next(below: 12) where victim.byte(name, at: offset) == 0 {
        offset = random.next(below: victim.size(name))
      }
      let mask = UInt8(1) << UInt8(random.next(below: 8))
      try victim.reset()
      try victim.flip(name, at: offset, mask)
      let store: Store
      do { store = try Store.openReadOnly(at: victim.database) } catch {
        count.notOpened += 1
        continue
      }
      let found = await parts(store, reader: reader)
      // A past state that is said to be one; a feed that ends before what is damaged.
      let isPast = store.damages.contains { $0.place == .file }
      let isTold = !store.damages.isEmpty
      var isRefused = false
      for (part, expected) in sound where found[part] != expected {
        if case .output(let text) = found[part] ?? .refused(""),
          !isPast, !isTold || !Self.isBeginning(text, of: expected)
        {
          count.wrong.append("\(name) at \(offset) ^ \(mask): \(part): \(text.prefix(200))")
        } else {
          isRefused = true
        }
      }
      if isRefused { count.refused += 1 } else { count.unchanged += 1 }
    }
    return count
  }

  @Test(arguments: ["hub", "town0"], [true, false])
  func `A flipped bit is never shown or sent as right`(
    replica: String, checkpoint: Bool
  ) async throws {
    let net = try await Self.federation()
    let victim = try Victim(net.path(replica), net, checkpoint: checkpoint)
    let flips = Self.number("KREISNETZ_TEST_FLIPS", 150)
    let seed = Self.number("KREISNETZ_TEST_SEED", 5_962)
    let count = try await Self.run(
      victim, flips: flips, seed: seed, reader: net.towns[0].identity.member)
    #expect(count.wrong.isEmpty, "seed \(seed): \(count.wrong.prefix(20))")
    print(
      "\(replica), \(checkpoint ? "checkpointed" : "with log"), \(flips) flips, seed \(seed): "
        + "\(count.unchanged) changed nothing, \(count.refused) refused in part, "
        + "\(count.notOpened) not opened, \(count.wrong.count) wrong")
  }
}
