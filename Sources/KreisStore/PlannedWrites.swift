// SPDX-License-Identifier: EUPL-1.2

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
        out.append(
          PlannedWrite(
            field: field, element: element, scope: ScopeKind(scope),
            old: isThere ? element ?? head?.value : nil, new: new))
      }
    }
    return out
  }
}
