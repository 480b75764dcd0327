// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisStore

/// All that one replica holds and shows, read once for all checkers.
struct ReplicaView {
  struct Entry {
    let log: LogID
    let sequence: UInt64
    let hash: Hash256
    let header: EntryBody
    let values: Values?

    init(_ exported: ExportedEntry) {
      log = exported.log
      sequence = exported.sequence
      hash = exported.hash
      header = exported.header
      values = exported.values
    }
  }

  /// What a replica holds of its own logs.
  static func own(_ store: Store) throws -> [Entry] {
    var entries: [Entry] = []
    let member = store.identity.member
    try store.blockingRead { snapshot in
      try snapshot.exportLog { if $0.log.member == member { entries.append(Entry($0)) } }
    }
    return entries
  }

  let node: Node
  let member: MemberID
  let verification: Verification
  let digests: [Scope: ScopeDigest]
  let states: [RecordID: RecordState]
  let logs: [LogID: [UInt64: Entry]]
  /// The directory tables, by the record's id.
  let rows: [String: [String]]
  private let byRecord: [RecordID: [Entry]]

  init(_ node: Node, _ store: Store) throws {
    self.node = node
    member = store.identity.member
    verification = try store.blockingRead { try $0.verify() }
    digests = Dictionary(
      verification.scopes.map { ($0.scope, $0) }, uniquingKeysWith: { first, _ in first })
    var states: [RecordID: RecordState] = [:]
    var logs: [LogID: [UInt64: Entry]] = [:]
    var byRecord: [RecordID: [Entry]] = [:]
    try store.blockingRead { snapshot in
      try snapshot.foldAll { states[$0.record] = $0 }
      try snapshot.exportLog { exported in
        let entry = Entry(exported)
        logs[entry.log, default: [:]][entry.sequence] = entry
        if let record = entry.header.record { byRecord[record, default: []].append(entry) }
      }
    }
    rows = try store.blockingRead { try $0.tableRows() }
    (self.states, self.logs, self.byRecord) = (states, logs, byRecord)
  }

  func entries(of record: RecordID) -> [Entry] { byRecord[record] ?? [] }
}
