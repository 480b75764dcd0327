// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// Finds records by what people and other systems call them.
package struct Lookup {
  let ledger: Ledger
  private var db: Database { ledger.db }
  let identity: Identity
  let membership: Membership
  let schema: Schema

  /// The record that `text` names: a full id, a unique prefix of one, or `key:` and an external id.
  ///
  /// - Parameter kinds: where to look for an external id; empty: everywhere.
  /// - Returns: `nil` if there is none.
  /// - Throws: `StoreError.rejected` if several fit.
  package func record(_ text: String, kinds: [RecordKind] = []) throws -> RecordID? {
    if let found = try find(text, kinds) { return found }
    // A damaged index may hide what is there: nobody is told „no“ before that is ruled out.
    try ledger.checkRecordIndex()
    if text.hasPrefix("key:") { try checkExternalIDs(String(text.dropFirst(4)), kinds) }
    return nil
  }

  private func find(_ text: String, _ kinds: [RecordKind]) throws -> RecordID? {
    if text.hasPrefix("key:") { return try record(externalID: String(text.dropFirst(4)), kinds) }
    if let id = RecordID(text: text) {
      return try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT record FROM record WHERE id = ?"),
        arguments: [Data(id.bytes)]) == nil ? nil : id
    }
    let digits = text.lowercased().replacing("-", with: "")
    guard digits.count >= 4, let low = Self.padded(digits, "0"), let high = Self.padded(digits, "f")
    else { return nil }
    let rows = try Row.fetchAll(
      db, sql: "SELECT id FROM record WHERE id BETWEEN ? AND ? LIMIT 2",
      arguments: [Data(low), Data(high)])
    guard rows.count < 2 else {
      throw StoreError.rejected("several records begin with '\(text)'; give more digits")
    }
    return try rows.first?.bytes(0).flatMap { RecordID($0) }
  }

  private func checkExternalIDs(_ externalID: String, _ kinds: [RecordKind]) throws {
    for kind in kinds.isEmpty ? schema.kinds : kinds where kind.externalID != nil {
      let table = DirectoryTables.quoted(kind.name)
      let hidden = try Int64.fetchOne(
        db, sql: "SELECT record FROM \(table) NOT INDEXED WHERE external_id = ? LIMIT 1",
        arguments: [externalID])
      guard hidden == nil else {
        throw StoreError.damaged(Damage(.table(kind.name), "has an index that lacks a row"))
      }
    }
  }

  private static func padded(_ digits: String, _ filler: Character) -> [UInt8]? {
    guard digits.count <= 32 else { return nil }
    return Hex.decode(digits + String(repeating: filler, count: 32 - digits.count))
  }

  /// The kind under which a record stands; `nil` if it is unknown here.
  package func kind(of id: RecordID) throws -> RecordKind? {
    try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT kind FROM record WHERE id = ?"),
      arguments: [Data(id.bytes)]
    ).flatMap { UInt32(exactly: $0).flatMap { schema.kind(tag: $0) } }
  }

  /// The record of this kind and external id that this member created or, if there is none, one that
  /// was handed over to it.
  ///
  /// - Throws: `StoreError.rejected` if there are several.
  package func ownRecord(_ kind: RecordKind, externalID: String) throws -> RecordID? {
    var own = ownRecords(among: try records(kind, externalID: externalID))
    // Whom nobody sees must not be entered a second time.
    if own.isEmpty { own = ownRecords(among: try ledger.restricted(kind)[externalID] ?? []) }
    guard own.count < 2 else {
      throw StoreError.rejected(
        "several records of kind \(kind.name) have the external id '\(externalID)'; use an id")
    }
    return own.first
  }

  /// Of these records this member's: two systems may have used one external id, so that what was handed
  /// over to it comes after what it created.
  private func ownRecords(among records: Set<RecordID>) -> Set<RecordID> {
    let created = records.filter { $0.creator == identity.member }
    guard created.isEmpty else { return created }
    return records.filter { membership.steward(of: $0) == identity.member }
  }

  /// A deleted or restricted record that once had this external id: the directory tables do not show
  /// it any more.
  ///
  /// - Throws: `StoreError.rejected` if there are several.
  package func deletedRecord(externalID: String) throws -> RecordID? {
    var found: Set<RecordID> = []
    let rows = try Row.fetchCursor(db, sql: "SELECT record, id FROM record WHERE shown = 0")
    while let row = try rows.next() {
      let entries = try ledger.entries(ofRecord: row.integer(0))
      let had = entries.contains { Self.externalIDs(of: $0).contains(externalID) }
      if had, let id = try row.bytes(1).flatMap({ RecordID($0) }) { found.insert(id) }
    }
    guard found.count < 2 else {
      throw StoreError.rejected(
        "several deleted records had the external id '\(externalID)'; use an id")
    }
    return found.first
  }

  static func externalIDs(of entry: LoggedEntry) -> [String] {
    guard let values = entry.values?.values else { return [] }
    var out: [String] = []
    for (index, write) in entry.header.writes.enumerated()
    where write.register.tag == RecordKind.externalIDTag && write.content == .value {
      out.append(values[entry.header.valueIndex(of: index)])
    }
    return out
  }

  private func records(_ kind: RecordKind, externalID: String) throws -> Set<RecordID> {
    guard kind.externalID != nil else { return [] }
    let table = DirectoryTables.quoted(kind.name)
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT record.id FROM \(table) JOIN record USING (record)
          WHERE \(table).external_id = ? LIMIT 100
          """), arguments: [externalID])
    var found: Set<RecordID> = []
    while let row = try rows.next() {
      if let id = try row.bytes(0).flatMap({ RecordID($0) }) { found.insert(id) }
    }
    return found
  }

  /// The record with this external id; one of this member goes before others'.
  package func record(externalID: String, _ kinds: [RecordKind]) throws -> RecordID? {
    let kinds = kinds.isEmpty ? schema.kinds : kinds
    var found: Set<RecordID> = []
    for kind in kinds { found.formUnion(try records(kind, externalID: externalID)) }
    let own = ownRecords(among: found)
    let candidates = own.isEmpty ? found : own
    guard candidates.count < 2 else {
      throw StoreError.rejected("several records have the external id '\(externalID)'; use an id")
    }
    return candidates.first
  }
}

extension Lookup {
  /// The category of this name, code or synonym, or the municipality of this name or official key
  /// (AGS). A name goes before a synonym, an own record before the hub's, that before others'.
  ///
  /// - Returns: `nil` if there is none, and for other kinds.
  /// - Throws: `StoreError.rejected` if several fit equally.
  package func record(named text: String, kind: RecordKind) throws -> RecordID? {
    let columns: [String]
    switch kind.name {
    case "taxonomy_term": columns = ["name", "code", "synonyms"]
    case "municipality": columns = ["ags", "name"]
    default: return nil
    }
    let wanted = GermanName.plain(text)
    guard !wanted.isEmpty else { return nil }
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT record.id, \(columns.map(DirectoryTables.quoted).joined(separator: ", "))
          FROM \(DirectoryTables.quoted(kind.name)) AS "table" JOIN record USING (record)
          """))
    var best: (rank: Int, ids: Set<RecordID>) = (.max, [])
    while let row = try rows.next() {
      guard let id = try row.bytes(0).flatMap({ RecordID($0) }) else { continue }
      let column = try columns.indices.first { index in
        try row.textIfAny(index + 1)?.split(separator: "\n")
          .contains { GermanName.plain(String($0)) == wanted } ?? false
      }
      guard let column else { continue }
      let steward = membership.steward(of: id)
      let owner = steward == identity.member ? 0 : steward == membership.hub ? 1 : 2
      let rank = column * 3 + owner
      if rank < best.rank { best = (rank, []) }
      if rank == best.rank { best.ids.insert(id) }
    }
    guard best.ids.count < 2 else {
      throw StoreError.rejected(
        "several records of kind \(kind.name) are called „\(text)“; use an id or key:…")
    }
    return best.ids.first
  }

  /// What a reference field of a record says, as the directory tables have it.
  ///
  /// - Returns: `nil` if it says nothing or there is no such record.
  func reference(_ field: Field, of id: RecordID, _ kind: RecordKind) throws -> RecordID? {
    try text(field, of: id, kind).flatMap { RecordID(text: $0) }
  }

  /// The text in a field's column; of a set, a JSON list.
  func text(_ field: Field, of id: RecordID, _ kind: RecordKind) throws -> String? {
    let table = DirectoryTables.quoted(kind.name)
    return try String.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT CAST("table".\(DirectoryTables.quoted(field.name)) AS TEXT)
          FROM record JOIN \(table) AS "table" USING (record) WHERE record.id = ?
          """), arguments: [Data(id.bytes)])
  }
}

extension Snapshot {
  package var lookup: Lookup {
    Lookup(ledger: ledger, identity: identity, membership: membership, schema: tables.schema)
  }
}

extension Transaction {
  /// The value of a field as it stands; `nil` if there is none.
  package func value(_ field: Field, of id: RecordID) throws -> String? {
    try state(of: id)?.shown[Register(tag: field.tag)]?.head.value
  }

  package var lookup: Lookup {
    Lookup(ledger: ledger, identity: identity, membership: membership, schema: tables.schema)
  }
}
