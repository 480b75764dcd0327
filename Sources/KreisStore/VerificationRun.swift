// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import GRDB
import KreisCore

/// A part of a verification, small enough that several readers share the whole evenly.
enum VerificationPart: Sendable {
  /// Logs, feeds, what stands beside them, and the file.
  case frame
  /// Entries by their keys.
  case entries(ClosedRange<Int64>)
  /// Records by their ids, after the first and up to the second; `nil`: from the start, to the end.
  case records(after: [UInt8]?, through: [UInt8]?)
  /// Whether rows are missing: when all others are done, because one that is known to be damaged is
  /// missing rightly.
  case sums

  private static let entriesOfPart: UInt64 = 2_000
  /// Their folded states wait in memory until it is their turn (I5).
  private static let recordsOfPart = 500

  /// All parts: together they cover every row, whatever its key says.
  static func all(of snapshot: Snapshot) throws -> [VerificationPart] {
    var starts: [Int64] = []
    let logs = try Row.fetchCursor(snapshot.db, sql: "SELECT log, sequence FROM log ORDER BY log")
    while let row = try logs.next() {
      let log = try row.integer(0)
      // A head that is damaged says too little or too much: of too many parts most are empty.
      let last = (try? row.unsigned(1)) ?? 0
      for first in stride(from: 1, through: min(last, 1 << 32), by: Int(entriesOfPart)) {
        starts.append(EntryKey.make(log, first))
      }
    }
    var parts: [VerificationPart] = [.frame]
    var low = Int64.min
    for start in starts.dropFirst() where start > low {
      parts.append(.entries(low...start - 1))
      low = start
    }
    parts.append(.entries(low...Int64.max))
    var after: [UInt8]?
    var count = 0
    let ids = try Row.fetchCursor(snapshot.db, sql: "SELECT id FROM record ORDER BY id")
    while let row = try ids.next() {
      count += 1
      guard count.isMultiple(of: recordsOfPart), let id = try? row.bytes(0) else { continue }
      parts.append(.records(after: after, through: id))
      after = id
    }
    return parts + [.records(after: after, through: nil), .sums]
  }

  /// Looks at everything in this part.
  ///
  /// - Parameter found: the damages so far.
  /// - Throws: `StoreError`, for what is no damage.
  func look(at snapshot: Snapshot, _ found: Set<Damage>) throws -> Findings {
    var findings = Findings()
    do {
      switch self {
      case .frame: try findings.lookAtFrame(snapshot)
      case .entries(let keys): try findings.lookAtEntries(snapshot, keys)
      case .records(let after, let through): try findings.lookAtRecords(snapshot, after, through)
      case .sums: findings.damages += try Scrub.missingRows(snapshot, found)
      }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      findings.damages.append(.pages(error))
    } catch StoreError.damaged(let damage) { findings.damages.append(damage) }
    return findings
  }
}

/// What was found in a part.
struct Findings: Sendable {
  struct OfScope: Sendable {
    var entries = 0
    var records = 0
    var missingValues = 0
    var feed: FeedPosition?
    var logs: Hash256?
    /// The folded state of the records, in the order of their ids.
    var state: [UInt8] = []
  }

  var damages: [Damage] = []
  var entries = 0
  var records = 0
  var scopes: [Scope: OfScope] = [:]

  fileprivate mutating func lookAtEntries(
    _ snapshot: Snapshot, _ keys: ClosedRange<Int64>
  ) throws {
    let checked = try snapshot.checkEntries(keys) { log in
      scopes[log.scope, default: .init()].entries += 1
    }
    entries += checked.count
    damages += checked.damages
  }

  fileprivate mutating func lookAtRecords(
    _ snapshot: Snapshot, _ after: [UInt8]?, _ through: [UInt8]?
  ) throws {
    let bounds = [after.map { _ in "id > :after" }, through.map { _ in "id <= :through" }]
      .compactMap(\.self)
    var arguments = StatementArguments()
    if let after { arguments += ["after": Data(after)] }
    if let through { arguments += ["through": Data(through)] }
    let rows = try Row.fetchCursor(
      snapshot.db.cachedStatement(
        sql: """
          SELECT \(Snapshot.sealColumns) FROM record
          \(bounds.isEmpty ? "" : "WHERE " + bounds.joined(separator: " AND ")) ORDER BY id
          """), arguments: arguments)
    while let row = try rows.next() {
      records += 1
      do {
        let (state, found) = try snapshot.folded(snapshot.sealed(row))
        for damage in found {
          damages.append(damage)
          if case .entry(let log, _) = damage.place {
            scopes[log.scope, default: .init()].missingValues += 1
          }
        }
        for (scope, part) in state.scopes {
          scopes[scope, default: .init()].records += 1
          scopes[scope, default: .init()].state += part.canonical(of: state.record)
        }
      } catch StoreError.damaged(let damage) { damages.append(damage) }
    }
  }

  fileprivate mutating func lookAtFrame(_ snapshot: Snapshot) throws {
    var scrub = Scrub(of: Scrub.frame)
    while !scrub.isComplete { try scrub.slice(snapshot) }
    damages += scrub.found
    entries += try snapshot.branches().reduce(0) { $0 + Int($1.head.sequence - $1.first + 1) }
    var heads: [(log: LogID, head: LogHead)] = []
    for key in try Int64.fetchAll(snapshot.db, sql: "SELECT log FROM log") {
      // A damaged one was found above.
      guard let head = try? snapshot.ledger.head(ofKey: key) else { continue }
      heads.append((try snapshot.ledger.name(of: key), head))
    }
    for (scope, members) in Dictionary(grouping: heads, by: \.log.scope) {
      var bytes: [UInt8] = []
      for (log, head) in members.sorted(by: { $0.log < $1.log }) {
        bytes += log.canonical(in: snapshot.identity.realm)
        bytes.appendBigEndian(head.sequence)
        head.hash.append(to: &bytes)
      }
      scopes[scope, default: .init()].logs = Hash256(of: bytes)
      scopes[scope, default: .init()].feed = try? snapshot.ledger.feedEnd(of: scope)
    }
  }
}

/// Deals out the parts and puts together what was found, whoever finds it first.
struct VerificationRun {
  private let parts: [VerificationPart]
  private var dealt = 0
  private var taken = 0
  /// Records whose turn has not come: states are hashed in the order of the ids.
  private var waiting: [Int: Findings] = [:]
  private var turn = 0
  private var report = Verification()
  private(set) var found: Set<Damage> = []
  private var digests: [Scope: ScopeDigest] = [:]
  private var states: [Scope: SHA256] = [:]

  /// One damaged page can break thousands of entries.
  private static let limit = 1_000

  init(_ parts: [VerificationPart]) { self.parts = parts }

  /// The next part; `nil`: there is none, or not before others are done.
  mutating func next() -> (number: Int, part: VerificationPart)? {
    guard dealt < parts.count else { return nil }
    if case .sums = parts[dealt], taken < dealt { return nil }
    defer { dealt += 1 }
    return (dealt, parts[dealt])
  }

  var progress: (what: String, done: Int) {
    report.recordsFolded > 0
      ? ("records re-folded", report.recordsFolded) : ("entries re-hashed", report.entriesHashed)
  }

  mutating func take(_ findings: Findings, of number: Int) {
    taken += 1
    report.entriesHashed += findings.entries
    report.recordsFolded += findings.records
    for damage in findings.damages where found.count < Self.limit { found.insert(damage) }
    waiting[number] = findings
    while let next = waiting.removeValue(forKey: turn) {
      turn += 1
      for (scope, part) in next.scopes { add(part, to: scope) }
    }
  }

  private mutating func add(_ part: Findings.OfScope, to scope: Scope) {
    let empty = Hash256(of: [])
    var digest = digests[scope] ?? ScopeDigest(scope: scope, logs: empty, state: empty)
    digest.entries += part.entries
    digest.records += part.records
    digest.missingValues += part.missingValues
    digest.feed = part.feed ?? digest.feed
    digest.logs = part.logs ?? digest.logs
    digests[scope] = digest
    if !part.state.isEmpty { states[scope, default: SHA256()].update(data: part.state) }
  }

  func finished() -> Verification {
    var report = report
    report.damages = found.sorted { $0.finding < $1.finding }
    report.scopes = digests.values.sorted { $0.scope < $1.scope }.map { digest in
      var digest = digest
      if let hash = states[digest.scope].flatMap({ Hash256(Array($0.finalize())) }) {
        digest.state = hash
      }
      return digest
    }
    return report
  }
}
