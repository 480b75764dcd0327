// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// Entries of a log that must be fetched again.
package struct LogGap: Hashable, Sendable {
  package let log: LogID
  /// The first of them.
  package let sequence: UInt64
  /// What they continue.
  let after: LogHead?
}

/// What a walk along a whole log finds, from its first entry on: what is damaged can be told from
/// what merely follows it, because neighbours vouch for each other.
struct ChainWalk {
  private struct Step {
    let sequence: UInt64
    let entry: Entry
    /// `nil` where it cannot be read.
    let hash: Hash256?
  }

  /// Damages that are looked for in one walk.
  private static let limit = 256

  private(set) var gaps: [LogGap] = []
  /// Stored hashes that are wrong although their entry is right, and what they must be.
  private(set) var hashes: [(sequence: UInt64, hash: Hash256)] = []
  /// Where the log ends; `nil` if that is not known.
  private(set) var end: LogHead?

  /// The last entry before the first gap.
  var lastSound: UInt64 { gaps.first.map { $0.sequence - 1 } ?? sequence }

  private let log: LogID
  private let start: LogChain
  private let head: LogHead?
  private var sequence: UInt64 = 0
  /// The hash of the entry before; `nil` after a gap.
  private var before: Hash256?

  /// Walks along the log of this key.
  init(_ ledger: Ledger, key: Int64) throws {
    log = try ledger.name(of: key)
    start = try ledger.start(ofKey: key)
    before = start.head.hash
    head = try? Self.statedHead(ledger, key)
    let rows = try Row.fetchCursor(
      ledger.db,
      sql: """
        SELECT entry, hash, body, block, commitment FROM entry
        WHERE entry BETWEEN ? AND ? ORDER BY entry
        """, arguments: [EntryKey.all(of: key).lowerBound, EntryKey.all(of: key).upperBound])
    var waiting: Step?
    while let row = try rows.next(), gaps.count < Self.limit {
      let step = Step(
        sequence: EntryKey.sequence(try row.integer(0)), entry: try Ledger.entry(row, 2),
        hash: try? row.hash(1))
      if let one = waiting { take(one, next: step) }
      waiting = step
    }
    if let last = waiting { take(last, next: nil) }
    let stated = head?.sequence ?? 0
    if sequence < stated { gap(sequence + 1) }
    if gaps.isEmpty { end = before.map { LogHead(sequence: sequence, hash: $0) } }
  }

  /// The head as it is written, not compared with anything.
  private static func statedHead(_ ledger: Ledger, _ key: Int64) throws -> LogHead? {
    try Row.fetchOne(
      ledger.db, sql: "SELECT sequence, hash FROM log WHERE log = ?", arguments: [key]
    ).map { LogHead(sequence: try $0.unsigned(0), hash: try $0.hash(1)) }
  }

  private mutating func gap(_ first: UInt64) {
    let last = first - 1
    let after = before.map { LogHead(sequence: last, hash: $0) }
    // After two damages in a row the second follows from the first.
    guard last == 0 || after != nil else { return }
    gaps.append(LogGap(log: log, sequence: first, after: last == 0 ? nil : after))
  }

  private func hash(of step: Step, after hash: Hash256) -> Hash256 {
    var chain = start.continued(after: LogHead(sequence: step.sequence - 1, hash: hash))
    return chain.append(body: step.entry.body, commitment: step.entry.commitment)
  }

  private mutating func take(_ step: Step, next: Step?) {
    if step.sequence != sequence + 1 {
      gap(sequence + 1)
      before = nil
    }
    sequence = step.sequence
    guard let previous = before else {
      before = step.hash
      return
    }
    let computed = hash(of: step, after: previous)
    if computed == step.hash {
      before = computed
    } else if isConfirmed(computed, step, next) {
      hashes.append((step.sequence, computed))
      before = computed
    } else {
      gap(step.sequence)
      before = step.hash
    }
  }

  /// Whether what follows was chained on `hash`.
  private func isConfirmed(_ hash: Hash256, _ step: Step, _ next: Step?) -> Bool {
    guard let next else { return head == LogHead(sequence: step.sequence, hash: hash) }
    return next.sequence == step.sequence + 1 && self.hash(of: next, after: hash) == next.hash
  }
}

extension Snapshot {
  /// What must be fetched again, of the logs that `damages` name.
  package func gaps(_ damages: Set<Damage>) throws -> [LogGap] {
    var logs: Set<LogID> = []
    var lost: [LogID: Set<UInt64>] = [:]
    for damage in damages {
      switch damage.place {
      case .entry(let log, let sequence):
        logs.insert(log)
        lost[log, default: []].insert(sequence)
      case .log(let log): logs.insert(log)
      case .record, .feed, .table, .file: break
      }
    }
    var out: [LogGap] = []
    for log in logs.sorted() {
      guard let key = try ledger.key(of: log) else { continue }
      let walk = try ChainWalk(ledger, key: key)
      out += walk.gaps
      guard walk.gaps.isEmpty, let end = walk.end else { continue }
      // Values that are gone, and a head without its author's signature, are no fault of the chain.
      var wanted = lost[log] ?? []
      if damages.contains(where: { $0.place == .log(log) }) { wanted.insert(end.sequence) }
      for sequence in wanted.sorted() where sequence > 0 && sequence <= end.sequence {
        let before = try ledger.chain(ofKey: key, after: sequence - 1).head
        out.append(
          LogGap(log: log, sequence: sequence, after: sequence == 1 ? nil : before))
      }
    }
    return out
  }
}
