import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: kind (optional). Rows: records as `import` reads them, with every scope's values:
  /// `phone`, `phone@coordination`.
  func export(_ call: LocalCall) throws -> Outcome {
    let kinds = try call.optionalText("kind").map { [try kind(named: $0)] } ?? schema.kinds
    try stream { snapshot in
      for kind in kinds {
        try snapshot.list(kind) { try call.row(DirectoryRow($0, kind).json) }
      }
    }
    return .done
  }
}

extension DirectoryRow {
  /// A record as it stands, with the winning value of each field in each of its scopes.
  fileprivate init(_ state: RecordState, _ kind: RecordKind) {
    var entries: [Entry] = []
    for (scope, part) in state.scopes.sorted(by: { $0.key < $1.key })
    where !state.isDeleted(in: scope) {
      let live = part.registers.compactMapValues { $0.first?.isLive == true ? $0.first : nil }
      let place = ScopeKind(scope)
      for field in kind.fields {
        if field.isSet {
          let elements = live.keys.filter { $0.tag == field.tag }.compactMap(\.element).sorted()
          guard !elements.isEmpty else { continue }
          entries.append(Entry(field, .elements(elements.map { .text($0) }), scope: place))
        } else if let value = live[Register(tag: field.tag)]?.value {
          entries.append(Entry(field, .set(.text(value)), scope: place))
        }
      }
    }
    self.init(line: 0, kind: kind, id: state.record.description, values: entries)
  }
}
