// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// What the Kreis set for all its members. It replicates as a record that only the hub may write.
package struct Policy: Hashable, Sendable {
  /// How long superseded values are kept.
  package var retentionDays: UInt64 = 365
  /// How long a member may take to confirm an erasure.
  package var erasureDays: UInt64 = 30
  /// Whether a second person must release what becomes public.
  package var needsRelease = false
  /// Whether contacts whose legal basis has expired are erased by rule.
  package var erasesExpired = false
  package var purpose: String?
  package var protectionOfficer: String?
  /// The record; `nil` while all is as it is by default.
  package var record: RecordID?

  package init() {}

  /// Seconds that superseded values are kept.
  package var retention: UInt64 { retentionDays * 86_400 }
  /// Seconds that a member may take to confirm an erasure.
  package var erasurePeriod: UInt64 { erasureDays * 86_400 }
}

extension Ledger {
  func policy(_ schema: Schema, _ membership: Membership) throws -> Policy {
    guard let kind = try? schema.kind(named: "policy"), let hub = membership.hub else {
      return Policy()
    }
    let keys = try Int64.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT record.record FROM \(DirectoryTables.quoted(kind.name)) AS own
          JOIN record USING (record) ORDER BY record.id
          """))
    for key in keys {
      let id = try id(of: key)
      guard id.creator == hub else { continue }
      let state = Fold.record(id, try entries(ofRecord: key), under: membership)
      return Policy(state, kind)
    }
    return Policy()
  }
}

extension Policy {
  fileprivate init(_ state: RecordState, _ kind: RecordKind) {
    let shown = state.shown
    let text = { (name: String) -> String? in
      (try? kind.field(named: name)).flatMap { shown[Register(tag: $0.tag)]?.head.value }
    }
    record = state.record
    retentionDays = text("retention_days").flatMap { UInt64($0) } ?? retentionDays
    erasureDays = text("erasure_days").flatMap { UInt64($0) } ?? erasureDays
    needsRelease = text("publication_release") == "true"
    erasesExpired = text("erase_expired") == "true"
    purpose = text("purpose")
    protectionOfficer = text("protection_officer")
  }
}

extension Snapshot {
  /// What the Kreis set, as this replica knows it.
  package func policy() throws -> Policy { try ledger.policy(tables.schema, membership) }
}

extension Transaction {
  /// What the Kreis set, as this replica knows it.
  package func policy() throws -> Policy { try ledger.policy(tables.schema, membership) }
}
