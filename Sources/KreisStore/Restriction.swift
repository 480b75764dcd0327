// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

extension Transaction {
  /// What is restricted is kept and nothing else: it can be lifted, erased and deleted.
  func checkUnrestricted(_ state: RecordState, _ edits: [Edit]) throws {
    guard let kind = state.kind.flatMap({ tables.schema.kind(tag: $0) }),
      state.isRestricted(kind),
      !edits.contains(where: { $0.field.tag == kind.restriction?.tag })
    else { return }
    throw StoreError.rejected(
      "the processing of \(state.record) is restricted (Art. 18 GDPR); lift that first: kreisnetz "
        + "unrestrict \(state.record)", .restricted)
  }

  /// Restricts a record's processing, or lifts the restriction; of a person, that of numbers and roles
  /// that belong to nobody else with it.
  ///
  /// - Returns: the records that changed, and those that belong to the person and others may change.
  /// - Throws: `StoreError.rejected` if the record's kind cannot be restricted, or it is so already.
  package func restrict(
    _ id: RecordID, _ isRestricted: Bool, _ occasion: Occasion
  ) throws -> (changed: [RecordID], others: [RecordID]) {
    guard let state = try state(of: id),
      let kind = state.kind.flatMap({ tables.schema.kind(tag: $0) })
    else { throw StoreError.rejected("there is no record \(id)") }
    guard let field = kind.restriction else {
      throw StoreError.rejected(
        "a record of kind \(kind.name) is about nobody and cannot be restricted")
    }
    guard state.isRestricted(kind) != isRestricted else {
      throw StoreError.rejected(
        isRestricted ? "\(id) is restricted already" : "\(id) is not restricted")
    }
    try set(field, isRestricted, of: id, state, occasion)
    var changed = [id]
    var others: [RecordID] = []
    for (part, state, field) in try ledger.belongings(of: id, tables.schema, membership) {
      let kind = state.kind.flatMap { tables.schema.kind(tag: $0) }
      guard kind.map({ state.isRestricted($0) }) != isRestricted else { continue }
      if membership.mayWrite(identity.member, part) {
        try set(field, isRestricted, of: part, state, occasion)
        changed.append(part)
      } else {
        others.append(part)
      }
    }
    return (changed, others)
  }

  private func set(
    _ field: Field, _ isRestricted: Bool, of id: RecordID, _ state: RecordState,
    _ occasion: Occasion
  ) throws {
    if isRestricted {
      _ = try change(id, [Edit(field, .value("true"), in: field.scope)], occasion)
      return
    }
    let register = Register(tag: field.tag)
    let edits = state.scopes.filter { $0.value.registers[register]?.first?.isLive ?? false }
      .map { Edit(field, .withdrawn, in: ScopeKind($0.key)) }
    _ = try change(id, edits, occasion)
  }
}

extension Ledger {
  /// Records that are nothing without this person: numbers, roles and memberships. Deleted ones are
  /// not among them.
  func belongings(
    of person: RecordID, _ schema: Schema, _ membership: Membership
  ) throws -> [(id: RecordID, state: RecordState, restriction: Field)] {
    let tags = schema.kinds.filter { !$0.personFields.isEmpty }.map { Int64($0.tag) }
    var out: [(id: RecordID, state: RecordState, restriction: Field)] = []
    for tag in tags {
      // Not from the kind's table, which does not show what is restricted.
      let keys = try Int64.fetchAll(
        db, sql: "SELECT record FROM record WHERE kind = ? AND deleted = 0 ORDER BY record",
        arguments: [tag])
      for key in keys {
        let id = try id(of: key)
        let state = Fold.record(id, try entries(ofRecord: key), under: membership)
        guard let kind = schema.kind(tag: UInt32(tag)), let field = kind.restriction,
          kind.personFields.contains(where: { person.description == state.text(of: $0) })
        else { continue }
        out.append((id, state, field))
      }
    }
    return out
  }

  /// Records of a kind that are not deleted, and that no table shows: among them are the restricted ones.
  fileprivate static let hiddenOfKind =
    "SELECT record FROM record WHERE \(ReadingIndexes.isHidden) AND deleted = 0 AND kind = ?"

  /// Restricted records of a kind by external id.
  func restricted(_ kind: RecordKind) throws -> [String: Set<RecordID>] {
    guard kind.restriction != nil else { return [:] }
    if let known = restrictedByKey[kind.tag] { return known }
    var out: [String: Set<RecordID>] = [:]
    let keys = try Int64.fetchAll(
      db, sql: Self.hiddenOfKind,
      arguments: [Int64(kind.tag)])
    for key in keys {
      let id = try id(of: key)
      for entry in try entries(ofRecord: key) {
        for name in Lookup.externalIDs(of: entry) { out[name, default: []].insert(id) }
      }
    }
    restrictedByKey[kind.tag] = out
    return out
  }
}

extension RecordState {
  /// What is shown of a field without elements.
  package func text(of field: Field) -> String? {
    shown[Register(tag: field.tag)]?.head.value
  }
}

extension Snapshot {
  /// Every record whose processing is restricted; no table shows them.
  package func restrictedRecords() throws -> Set<RecordID> {
    let kinds = tables.schema.kinds.filter { $0.restriction != nil }
    var out: Set<RecordID> = []
    for kind in kinds {
      let keys = try Int64.fetchAll(
        db.cachedStatement(sql: Ledger.hiddenOfKind),
        arguments: [Int64(kind.tag)])
      for key in keys {
        let id = try ledger.id(of: key)
        let entries = try ledger.entries(ofRecord: key)
        if Fold.record(id, entries, under: membership).isRestricted(kind) { out.insert(id) }
      }
    }
    return out
  }
}
