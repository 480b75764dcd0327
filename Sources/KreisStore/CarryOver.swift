// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
import KreisCore

/// What a new database took from the one it replaces.
package struct CarriedOver: Sendable {
  package var entries = 0
  /// What could not be taken, and why, as sentences.
  package var lost: [String] = []

  package init() {}
}

extension Store {
  /// Takes over from `old` what nobody else has: the log of the scope `local`, own entries that the
  /// hub does not have, and what was set aside; each checked against its chain, and as it was
  /// written. Can be repeated.
  package func blockingCarryOver(from old: Store) throws(StoreError) -> CarriedOver {
    try blockingWrite { transaction in
      var carried = CarriedOver()
      try old.blockingRead { snapshot in
        for (log, _) in try snapshot.ledger.logs(of: transaction.identity.member) {
          try transaction.carryOver(log, from: snapshot, &carried)
        }
        for branch in try snapshot.ledger.branches(by: transaction.identity.member) {
          do {
            try transaction.carryOver(branch, from: snapshot, &carried)
          } catch StoreError.damaged(
            let damage)
          {
            carried.lost.append(damage.finding)
          }
        }
      }
      return carried
    }
  }
}

extension Transaction {
  fileprivate func carryOver(
    _ log: LogID, from old: Snapshot, _ carried: inout CarriedOver
  ) throws {
    guard let oldKey = try old.ledger.key(of: log) else { return }
    let walk = try ChainWalk(old.ledger, key: oldKey)
    let held = try ledger.head(of: log)
    let last = walk.lastSound
    if let held, held.sequence <= last,
      try old.ledger.hash(of: log, at: held.sequence) != held.hash
    {
      carried.lost.append(
        "the log \(log) differs from what the hub holds of it; its old entries stay in the database "
          + "that was set aside")
      return
    }
    if let gap = walk.gaps.first {
      carried.lost.append(
        "entry \(gap.sequence) of the log \(log) is damaged; it and what was written after it stay "
          + "in the database that was set aside, unless the hub has them")
    }
    guard last > held?.sequence ?? 0 else { return }
    let key = try ledger.openKey(of: log, in: identity.realm)
    var chain = LogChain(log, in: identity.realm, after: held)
    while chain.head.sequence < last {
      let first = chain.head.sequence + 1
      let entries = try old.ledger.entries(
        ofKey: oldKey, from: first, through: min(last, first + 999))
      for entry in entries {
        let hash = chain.append(body: entry.body, commitment: entry.commitment)
        try record(
          ChainedEntry(
            sequence: chain.head.sequence, hash: hash, header: EntryBody(decoding: entry.body),
            values: entry.values(), entry: entry), log: log, key: key)
        carried.entries += 1
      }
    }
    var signature: [UInt8]?
    if log.scope != .local {
      signature =
        log.generation == identity.generation
        ? try sign(chain.head, of: log)
        : try old.ledger.signature(under: chain.head.sequence, ofKey: oldKey)
    }
    try ledger.setHead(chain.head, signature: signature, ofKey: key)
  }

  fileprivate func carryOver(
    _ branch: Branch, from old: Snapshot, _ carried: inout CarriedOver
  ) throws {
    let entries = try old.ledger.entries(of: branch)
    let key = try ledger.openKey(of: branch.log, in: identity.realm)
    guard
      let new = try ledger.insertBranch(
        ofKey: key, first: branch.first, after: branch.previous, head: branch.head,
        signature: branch.signature, size: entries.reduce(0) { $0 + $1.size },
        because: branch.reason)
    else { return }
    hasAside = true
    var chain = LogChain(
      branch.log, in: identity.realm,
      after: LogHead(sequence: branch.first - 1, hash: branch.previous))
    for entry in entries {
      let hash = chain.append(body: entry.body, commitment: entry.commitment)
      let header = try EntryBody(decoding: entry.body)
      let record = try header.record.map { try ledger.openKey(of: $0).key }
      try ledger.insertAside(
        ChainedEntry(
          sequence: chain.head.sequence, hash: hash, header: header, values: entry.values(),
          entry: entry),
        branch: new, record: record)
      if let record, let id = header.record { touch(record, id) }
      carried.entries += 1
    }
  }
}
