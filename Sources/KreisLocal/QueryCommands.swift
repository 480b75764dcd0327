// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: id, versions. Row: the record, `RecordJSON.full`, `hours` of what has any, `HoursJSON`, and
  /// with „versions“ `versions`, `FieldVersion`.
  func show(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let hasVersions = try call.flag("versions")
    let json = try read { snapshot in
      try checkShown(snapshot)
      let id = try record(text, snapshot.lookup)
      guard let state = try snapshot.state(of: id), !state.scopes.isEmpty else {
        throw CommandError(.no, "No entry about \(id) takes effect; see kreisnetz history \(id).")
      }
      try checkUnrestricted(state, snapshot)
      let hours = try HoursJSON(snapshot, at: Int(now())).hours(of: state)
      let json = try RecordJSON(snapshot).full(state)
      guard case .object(var members) = json else { return json }
      if !hours.isEmpty { members.append(.init("hours", .array(hours))) }
      if hasVersions, let kind = state.kind.flatMap({ schema.kind(tag: $0) }) {
        members.append(.init("versions", FieldVersion.all(state, kind)))
      }
      return .object(members)
    }
    try call.row(json)
    return .done
  }

  /// Arguments: kind, filters (field, value). Rows: flat records, `RecordJSON.flat`. A reference fits
  /// also if it names a record merged into the one asked for.
  func list(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: call.text("kind"))
    var filters: [FieldChange] = []
    for json in try call.list("filters") { filters.append(try FieldChange(json: json)) }
    try stream { snapshot in
      try checkShown(snapshot)
      let wanted = try filters.map { filter in
        let field = try field(named: filter.field, of: kind)
        let text = try value(filter.value, of: field, snapshot.lookup)
        // What was merged into a record is still named by others' references to it.
        guard case .reference = field.type, let target = RecordID(text: text) else {
          return (field: field, values: [text])
        }
        let merged = try snapshot.merged(into: target)
        return (field: field, values: [text] + merged.map(\.description))
      }
      let json = RecordJSON(snapshot)
      let hidden = try kind.personFields.isEmpty ? [] : snapshot.restrictedRecords()
      try snapshot.list(kind, where: wanted) { state in
        guard !state.belongs(to: hidden, kind) else { return }
        try call.row(json.flat(state, kind))
      }
    }
    return .done
  }

  /// Arguments: id. Rows: entries, oldest first, `RecordJSON.entry`; those of records that were merged
  /// into this one among them.
  func history(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let rows = try read { snapshot in
      try checkShown(snapshot)
      let id = try record(text, snapshot.lookup)
      if let state = try snapshot.state(of: id) { try checkUnrestricted(state, snapshot) }
      let json = RecordJSON(snapshot)
      let ids = [id] + (try snapshot.merged(into: id))
      return try ids.flatMap { record in
        try snapshot.history(of: record).map { entry in
          (at: entry.header.recordedAt, row: json.entry(entry, of: record, isMerged: record != id))
        }
      }
      .sorted { $0.at < $1.at }.map(\.row)
    }
    for row in rows { try call.row(row) }
    return .done
  }

  /// Arguments: offset, limit. Rows: with a limit first `{"total":N}`; then one per conflict,
  /// `RecordJSON.conflict` with id, kind, name, owner and owner_title.
  func conflicts(_ call: LocalCall) throws -> Outcome {
    let part = try part(call)
    try stream { snapshot in
      try checkShown(snapshot)
      let found: [(state: RecordState, conflict: Conflict)]
      if let part {
        let total: Int
        (total, found) = try snapshot.conflicts(part)
        try call.row(["total": .integer(total)])
      } else {
        found = try snapshot.recordsInConflict().flatMap { state in
          let kind = state.kind.flatMap { schema.kind(tag: $0) }
          let isRestricted = kind.map { state.isRestricted($0) } ?? false
          return isRestricted ? [] : state.conflicts.map { (state, $0) }
        }
      }
      let json = RecordJSON(snapshot)
      for (state, conflict) in found {
        let kind = state.kind.flatMap { schema.kind(tag: $0) }
        try call.row(
          .object(
            try RecordJSON.naming(state.record, snapshot) + json.conflict(conflict, kind)))
      }
    }
    return .done
  }
}
