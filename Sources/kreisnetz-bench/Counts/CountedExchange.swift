// SPDX-License-Identifier: EUPL-1.2

import CStatementCount
import Crypto
import Foundation
import KreisCore
import KreisStore
import KreisTransport
import SwiftProtobuf
import Synchronization

/// A hub and two towns as real stores in one process, which exchange what the network would carry, to
/// count what that takes: the counts depend on the code and not on the machine.
struct CountedExchange {
  /// What is done, in this order.
  enum Phase: String, CaseIterable {
    case create
    case push
    case merge
    case change
    case pushChanges = "push-changes"
    case mergeChanges = "merge-changes"
  }

  struct Count {
    /// SQL statements, in all stores that took part.
    var statements: UInt64 = 0
    /// Instructions of SQLite's virtual machine.
    var steps: UInt64 = 0
    /// Bytes that the network would have carried, without the fields of requests and answers.
    var wire = 0
  }

  private static let time: UInt64 = 1_800_000_000
  private let folder: String
  private let random = SeededNumbers()
  private let hub: Store
  private let writer: Store
  private let reader: Store

  /// - Parameter folder: an empty one.
  init(in folder: String) throws {
    self.folder = folder
    statement_count_begin()
    let random = random
    let (root, key) = (SigningKey(), SigningKey())
    guard let realm = RealmID(VerifyingKey(of: root).bytes), let member = MemberID(0xabcdef) else {
      throw BenchFailure("No realm could be made.")
    }
    let certificate = try RootCertificate(
      certifying: VerifyingKey(of: key), of: member, generation: 1, closing: [],
      title: "Märkischer Kreis", ags: "05962", with: root)
    let hub = try Store.createHub(
      at: folder + "/hub.sqlite", identity: Self.identity(.hub, realm, member, "hub"), key: key,
      certificate: certificate, at: Self.time, random: { random.next() })
    self.hub = hub
    (writer, reader) = try waitFor {
      try await (
        Self.join("halver", hub, folder, random), Self.join("balve", hub, folder, random)
      )
    }
  }

  private static func identity(
    _ role: Identity.Role, _ realm: RealmID, _ member: MemberID, _ name: String
  ) -> Identity {
    Identity(
      role: role, realm: realm, member: member, generation: 1, name: name,
      title: name.capitalized, ags: "05962012", kreis: "Märkischer Kreis",
      hubURL: "https://127.0.0.1:8443", hubPin: nil)
  }

  private static func join(
    _ name: String, _ hub: Store, _ folder: String, _ random: SeededNumbers
  ) async throws -> Store {
    let key = SigningKey()
    try hub.saveInvite(
      StoredInvite(
        name: name, title: name.capitalized, ags: "05962012", secret: [1, 2, 3],
        expiresAt: time + 3_600), at: time)
    let member = try await hub.join(name: name, key: VerifyingKey(of: key), at: time) { _ in true }
      .get()
    return try Store.create(
      at: "\(folder)/\(name).sqlite",
      identity: identity(.town, hub.identity.realm, member.id, name), key: key,
      random: { random.next() })
  }

  // MARK: - Phases

  /// Does everything; a statement_count_part() stands before and after each phase.
  func run(entries: Int) throws -> [(Phase, Count)] {
    // What a town learns when it joins.
    for town in [writer, reader] { _ = try pull(town) }
    var ids: [RecordID] = []
    var out: [(Phase, Count)] = []
    statement_count_part()
    for phase in Phase.allCases {
      let (statements, steps) = (statement_count(), statement_count_steps())
      var count = Count()
      switch phase {
      case .create: ids = try create(entries)
      case .change: try change(ids)
      case .push, .pushChanges: count.wire = try push()
      case .merge, .mergeChanges: count.wire = try pull(reader)
      }
      count.statements = statement_count() - statements
      count.steps = statement_count_steps() - steps
      statement_count_part()
      out.append((phase, count))
    }
    return out
  }

  /// Bytes of the reader's database, once the exchange is gone and its stores are closed.
  static func diskBytes(in folder: String) throws -> Int {
    try ["", "-wal"].reduce(0) { sum, suffix in
      let path = folder + "/balve.sqlite" + suffix
      guard FileManager.default.fileExists(atPath: path) else { return sum }
      return sum + (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
    }
  }

  private func create(_ count: Int) throws -> [RecordID] {
    let kind = try Schema.directory.kind(named: "organization")
    let rows = InventedRows()
    return try writer.blockingWrite { transaction in
      try (0..<count).map { number in
        let edits = try rows.row(number).map { name, value in
          Edit(try kind.field(named: name), .value(value))
        }
        return try transaction.create(kind, edits, Occasion(at: Self.time))
      }
    }
  }

  private func change(_ ids: [RecordID]) throws {
    let field = try Schema.directory.kind(named: "organization").field(named: "phone")
    try writer.blockingWrite { transaction in
      for (number, id) in ids.enumerated() {
        let phone = "0221 4710-\(200_000 + number)"
        _ = try transaction.change(id, [Edit(field, .value(phone))], Occasion(at: Self.time + 1))
      }
    }
  }

  private func push() throws -> Int {
    let (writer, hub) = (writer, hub)
    return try waitFor {
      var wire = 0
      for log in try await writer.unsent().logs {
        while let bundle = try await writer.nextBundle(of: log) {
          let message: [UInt8] = try WireBundle(bundle).serializedBytes()
          wire += min(message.count, Zstd.compress(message).count)
          guard case .accepted = try await hub.accept(bundle, from: writer.identity.member) else {
            throw BenchFailure("The hub did not accept a bundle.")
          }
          writer.acknowledge(log, through: bundle.last)
        }
      }
      return wire
    }
  }

  private func pull(_ town: Store) throws -> Int {
    let hub = hub
    return try waitFor {
      var wire = 0
      while true {
        let cursors = try await town.read { try $0.feedCursors() }
        let answer = try await hub.feedChunk(
          for: town.identity.member, after: cursors, includeOwn: false, bytes: 1 << 20)
        guard case .chunk(let chunk) = answer else { throw BenchFailure("The hub refuses.") }
        let message: [UInt8] = try chunk.serializedBytes()
        wire += FrameCodec.encode(message).count
        if try await town.merge(try UnverifiedChunk(chunk)) { return wire }
      }
    }
  }
}

/// SplitMix64 from a fixed seed: the same numbers in every run.
final class SeededNumbers: Sendable {
  private let state = Mutex<UInt64>(5_962)

  func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}

/// Organizations with twelve fields, the same in every run.
private struct InventedRows {
  private static let words = [
    "offene", "Gruppe", "für", "Eltern", "Beratung", "kostenlos", "montags", "Garten", "Musik",
    "Treffpunkt", "Familien", "Bewegung", "Sprache", "nach", "Absprache", "Förderung", "Ferien",
  ]
  private let random = SeededNumbers()

  private func word() -> String { Self.words[Int(random.next() % UInt64(Self.words.count))] }

  func row(_ number: Int) -> [(String, String)] {
    [
      ("external_id", "k\(number)"), ("name", "Kita \(word()) \(number)"),
      ("organization_type", "Kita"), ("street", "Hauptstraße \(random.next() % 180)"),
      ("postal_code", "58553"), ("city", "Halver"), ("phone", "0221 4710-\(100_000 + number)"),
      ("email", "kita\(number)@example.org"),
      ("website", "https://www.example.org/kita-\(number)"),
      ("description", (0..<16).map { _ in word() }.joined(separator: " ") + "."),
      ("district", word()), ("minimum_age", "\(random.next() % 6)"),
      ("maximum_age", "\(6 + random.next() % 20)"),
    ]
  }
}
