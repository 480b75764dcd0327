// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// Two records that turned out to be one: the other is deleted and says which one is kept, so that
/// every replica can follow it, and both histories stay.
extension RecordState {
  /// The record kept in place of this one; `nil` unless it is deleted and says so.
  package var mergedInto: RecordID? {
    guard isDeleted, erasedIn == nil else { return nil }
    let register = Register(tag: RecordKind.mergedIntoTag)
    for (_, part) in scopes.sorted(by: { $0.key < $1.key }) {
      if let head = part.registers[register]?.first, head.isLive {
        return head.value.flatMap { RecordID(text: $0) }
      }
    }
    return nil
  }
}

/// What a merge did and left to others.
package struct MergeResult: Sendable {
  /// Records whose references now name the kept one.
  package fileprivate(set) var redirected: [RecordID] = []
  /// Records that still name the other one, by which field, and why they were left.
  package fileprivate(set) var remaining: [(record: RecordID, field: Field, reason: String)] = []
  /// Fields that only the other record has.
  package fileprivate(set) var lost: [Field] = []
}

extension Transaction {
  /// Deletes `other`, notes on it that `kept` stands in its place, and redirects the references to it
  /// wherever this member may write. Nothing of `kept` changes.
  ///
  /// - Throws: `StoreError.rejected` if the two are not of one kind, or `other` may not be written.
  package func merge(
    _ other: RecordID, into kept: RecordID, _ occasion: Occasion
  ) throws -> MergeResult {
    guard other != kept else {
      throw StoreError.rejected("\(kept) cannot be merged with itself", .otherKind)
    }
    guard let state = try self.state(of: other), let keptState = try self.state(of: kept),
      let kind = state.kind.flatMap({ tables.schema.kind(tag: $0) }), let field = kind.mergedInto
    else {
      throw StoreError.rejected(
        "there is no record \(other) or \(kept), or of no known kind", .missing)
    }
    for (id, state) in [(other, state), (kept, keptState)] where state.isDeleted {
      throw StoreError.rejected(
        "\(id) is deleted; restore it first: kreisnetz undelete \(id)", .deleted)
    }
    guard keptState.kind == kind.tag else {
      throw StoreError.rejected(
        "\(kept) is not of kind \(kind.name), as \(other) is", .otherKind)
    }
    var result = MergeResult()
    let has = Set(keptState.shown.keys.map(\.tag))
    result.lost = Set(state.shown.keys.map(\.tag)).subtracting(has).sorted()
      .compactMap { kind.field(tag: $0) }.filter { $0.tag >= 16 }
    // Where all who read anything of it can follow.
    let scope = ScopeKind(state.scopes.keys.min() ?? .public)
    _ = try change(
      other, [Edit(field, .value(kept.description), in: scope)], occasion)
    for (id, fields) in try referring(to: other, kind) where id != other {
      try redirect(id, fields, from: other, to: kept, occasion, &result)
    }
    try delete(other, occasion)
    return result
  }

  private func redirect(
    _ id: RecordID, _ fields: [Field], from other: RecordID, to kept: RecordID,
    _ occasion: Occasion, _ result: inout MergeResult
  ) throws {
    guard membership.mayWrite(identity.member, id) else {
      let owner = membership.keeper(of: id)?.title ?? "another member"
      result.remaining += fields.map { (id, $0, owner) }
      return
    }
    let shown = try state(of: id)?.shown ?? RegisterMap()
    let edits = fields.flatMap { field -> [Edit] in
      guard field.isSet else {
        return [Edit(field, id == kept ? .withdrawn : .value(kept.description))]
      }
      let place = shown[Register(tag: field.tag, element: other.description)]?.scope
      let removed = Edit(field, .remove(element: other.description))
      guard id != kept else { return [removed] }
      return [
        removed,
        Edit(field, .insert(element: kept.description), in: place.map { ScopeKind($0) }),
      ]
    }
    do {
      if try change(id, edits, occasion) > 0 { result.redirected.append(id) }
    } catch StoreError.rejected(let reason, _) {
      result.remaining += fields.map { (id, $0, reason) }
    }
  }

  /// The records that refer to one of this kind, and by which fields.
  private func referring(to id: RecordID, _ kind: RecordKind) throws -> [(RecordID, [Field])] {
    var found: [RecordID: [Field]] = [:]
    for owner in tables.schema.kinds {
      for field in owner.references {
        guard case .reference(let names) = field.type, names.isEmpty || names.contains(kind.name)
        else { continue }
        let column = DirectoryTables.quoted(field.name)
        let condition =
          field.isSet
          ? "\(column) LIKE '%' || ? || '%'" : "\(column) = ?"
        let rows = try Row.fetchAll(
          db, sql: "SELECT id FROM \(DirectoryTables.quoted(owner.name)) WHERE \(condition)",
          arguments: [id.description])
        for record in try rows.compactMap({ RecordID(text: try $0.text(0)) }) {
          found[record, default: []].append(field)
        }
      }
    }
    return found.sorted { $0.key < $1.key }
  }

  /// Where rows of this member's merged records go: by their external ids, the records kept.
  package func mergedRows(_ kind: RecordKind) throws -> [String: RecordID] {
    var out: [String: RecordID] = [:]
    let register = Register(tag: RecordKind.externalIDTag)
    for id in try lookup.mergeCandidates(kind) {
      guard id.creator == identity.member || membership.steward(of: id) == identity.member,
        let state = try state(of: id), state.mergedInto != nil
      else { continue }
      for part in state.scopes.values {
        if let key = part.registers[register]?.first?.value { out[key] = try kept(id) }
      }
    }
    return out
  }

  /// The record to name in place of one that was merged; the record itself if it was not.
  func kept(_ id: RecordID) throws -> RecordID {
    guard try lookup.isDeleted(id) else { return id }
    return try Merges.end(of: id) { try state(of: $0) } ?? id
  }
}

/// Following merged records.
private enum Merges {
  /// The record at the end of a chain of merges at hand; `nil` as below.
  static func end(of id: RecordID, in merges: [RecordID: RecordID]) -> RecordID? {
    var seen: Set<RecordID> = [id]
    var current = id
    while let next = merges[current] {
      guard seen.insert(next).inserted, seen.count <= 100 else { return nil }
      current = next
    }
    return current == id ? nil : current
  }

  /// The record at the end of a chain of merges.
  ///
  /// - Returns: `nil` if the record was not merged, or the chain leads back: towns that cannot see
  ///   each other may merge two records into one another.
  static func end(
    of id: RecordID, state: (RecordID) throws -> RecordState?
  ) throws -> RecordID? {
    var seen: Set<RecordID> = [id]
    var current = id
    while let next = try state(current)?.mergedInto {
      guard seen.insert(next).inserted, seen.count <= 100 else { return nil }
      current = next
    }
    return current == id ? nil : current
  }
}

extension Snapshot {
  /// The record kept in place of one that was merged, over however many merges.
  ///
  /// - Returns: `nil` if it was not merged.
  package func kept(for id: RecordID) throws -> RecordID? {
    guard try lookup.isDeleted(id) else { return nil }
    return try Merges.end(of: id) { try state(of: $0) }
  }

  /// Every record that was merged, with the one kept in its place, over however many merges.
  package func mergedRecords() throws -> [RecordID: RecordID] {
    var into: [RecordID: RecordID] = [:]
    for id in try lookup.mergeCandidates() { into[id] = try state(of: id)?.mergedInto }
    return into.keys.reduce(into: [:]) { out, id in
      out[id] = Merges.end(of: id, in: into)
    }
  }

  /// The records that were merged into this one, over however many merges.
  package func merged(into id: RecordID) throws -> [RecordID] {
    guard let kind = try lookup.kind(of: id) else { return [] }
    var into: [RecordID: [RecordID]] = [:]
    for record in try lookup.mergeCandidates(kind) {
      if let target = try state(of: record)?.mergedInto { into[target, default: []].append(record) }
    }
    var out: [RecordID] = []
    var waiting = [id]
    while let next = waiting.popLast() {
      for record in into[next] ?? [] where record != id && !out.contains(record) {
        out.append(record)
        waiting.append(record)
      }
    }
    return out.sorted()
  }
}

extension Lookup {
  func isDeleted(_ id: RecordID) throws -> Bool {
    try Row.fetchOne(
      ledger.db.cachedStatement(sql: "SELECT deleted FROM record WHERE id = ?"),
      arguments: [Data(id.bytes)])?.flag(0) ?? false
  }

  /// The deleted records that somebody noted a merge on; whether that takes effect, their state says.
  ///
  /// - Parameter kind: `nil`: of all kinds, looked for at once.
  func mergeCandidates(_ kind: RecordKind? = nil) throws -> [RecordID] {
    let rows = try Row.fetchAll(
      ledger.db,
      sql: """
        SELECT record, id FROM record
        WHERE \(ReadingIndexes.isHidden) AND deleted = 1 AND (?1 IS NULL OR kind = ?1) ORDER BY record
        """,
      arguments: [kind.map { Int64($0.tag) }])
    return try rows.compactMap { row in
      let isNoted = try ledger.entries(ofRecord: row.integer(0)).contains { entry in
        entry.header.writes.contains { $0.register.tag == RecordKind.mergedIntoTag }
      }
      return isNoted ? try row.bytes(1).flatMap { RecordID($0) } : nil
    }
  }
}
