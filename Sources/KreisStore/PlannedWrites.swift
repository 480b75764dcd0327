// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// What a change of a record would write into one register.
package struct PlannedWrite: Hashable, Sendable {
  package let field: Field
  /// Of a set: the element that comes or goes.
  package let element: String?
  package let scope: ScopeKind
  /// What stands there now; `nil`: nothing.
  package let old: String?
  /// What is going to stand there; `nil`: nothing.
  package let new: String?
  /// What else stands there, if the register is in conflict, which the write decides; a `nil`: nothing.
  package let alternatives: [String?]
}

extension Transaction {
  /// What `change` would write, without writing it.
  ///
  /// - Throws: `StoreError.rejected` where the record takes no change.
  package func planned(_ id: RecordID, _ edits: [Edit]) throws -> [PlannedWrite] {
    guard let state = try state(of: id),
      let kind = state.kind.flatMap({ tables.schema.kind(tag: $0) })
    else { return [] }
    let edits = try completed(edits, of: kind, on: id, state)
    var fields: [UInt32: Field] = [:]
    for edit in edits { fields[edit.field.tag] = edit.field }
    let conflicts = state.conflicts
    var out: [PlannedWrite] = []
    for (scope, part) in try parts(of: edits, on: id, state).sorted(by: { $0.key < $1.key }) {
      var values = part.values[...]
      for write in part.writes {
        guard let field = fields[write.register.tag] else { continue }
        let head = state.scopes[scope]?.registers[write.register]?.first
        let isThere = head?.isLive == true
        let element = write.register.element
        let new: String?
        switch write.content {
        case .value: new = values.popFirst()
        case .present: new = element
        case .withdrawn: new = nil
        }
        let conflict = conflicts.first { $0.scope == scope && $0.register == write.register }
        out.append(
          PlannedWrite(
            field: field, element: element, scope: ScopeKind(scope),
            old: isThere ? element ?? head?.value : nil, new: new,
            alternatives: (conflict?.heads ?? []).dropFirst().map { head in
              head.isLive ? element ?? head.value : nil
            }))
      }
    }
    return out
  }

  /// What `change` would write into registers that are in conflict: each such write decides one, as
  /// nothing of the others stays but their history.
  ///
  /// - Throws: as `planned`.
  package func decided(_ id: RecordID, _ edits: [Edit]) throws -> [PlannedWrite] {
    // Most records have none, and a plan takes as long as the change itself.
    guard try lookup.isInConflict(id) else { return [] }
    return try planned(id, edits).filter { !$0.alternatives.isEmpty }
  }
}

extension Lookup {
  fileprivate func isInConflict(_ id: RecordID) throws -> Bool {
    let conflicts = try Int64.fetchOne(
      ledger.db.cachedStatement(sql: "SELECT conflicts FROM record WHERE id = ?"),
      arguments: [Data(id.bytes)])
    return conflicts ?? 0 > 0
  }
}
