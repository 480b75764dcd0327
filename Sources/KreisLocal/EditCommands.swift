// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: kind, changes, publish (that what is not public by default may become so). Row: id,
  /// kind, `waiting`: publications that need a second person's release, and warnings, of each if there
  /// are any.
  func add(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: call.text("kind"))
    let changes = try changes(call)
    let occasion = occasion(call)
    let (id, more) = try write { transaction in
      let edits = try changes.map { try edit($0, of: kind, transaction.lookup) }
      let publishing = try Publishing(edits, on: nil, call, transaction)
      let id = try transaction.create(kind, publishing.edits, occasion)
      return (
        id,
        try publishing.file(for: id, occasion, transaction) + caseWarnings(edits, kind, occasion)
      )
    }
    try call.row(
      .object(
        [.init("id", .string(id.description)), .init("kind", .string(kind.name))] + more))
    return .done
  }

  /// Arguments: id, changes, publish (that what was not public may become so), forget (that what is
  /// replaced is destroyed at once), seen (`versions` of `show`, of fields that must be as they were).
  ///
  /// Row: id, written (how many fields and elements), `waiting`: publications that need a second person's
  /// release, and warnings, of each if there are any. Where fields are not as they were seen nothing is
  /// written: outcome `no`, and `changed_since` names them.
  func edit(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let changes = try changes(call)
    guard !changes.isEmpty else {
      throw CommandError(.wrongUse, "Nothing to change: give at least one field=value.")
    }
    let occasion = occasion(call)
    let isForgetting = try call.flag("forget")
    let seen = call.request.arguments["seen"] ?? .null
    var changed: [Field] = []
    let (id, written, more) = try write { transaction in
      let lookup = transaction.lookup
      let id = try record(text, lookup)
      let kind = try knownKind(of: id, lookup)
      if seen != .null, let state = try transaction.state(of: id) {
        changed = FieldVersion.changed(since: seen, state, kind)
        guard changed.isEmpty else { return (id, 0, [JSONValue.Member]()) }
      }
      let edits = try changes.map { try edit($0, of: kind, lookup) }
      let publishing = try Publishing(edits, on: id, call, transaction)
      let written = try transaction.change(
        id, publishing.edits, occasion, forgetting: isForgetting)
      return (
        id, written,
        try publishing.file(for: id, occasion, transaction) + caseWarnings(edits, kind, occasion)
      )
    }
    var members: [JSONValue.Member] = [
      .init("id", .string(id.description)), .init("written", .integer(written)),
    ]
    if !changed.isEmpty {
      members.append(.init("changed_since", .array(changed.map { .string($0.name) })))
    }
    try call.row(.object(members + more))
    return changed.isEmpty ? .done : .no
  }

  /// Arguments: id. Row: id.
  func delete(_ call: LocalCall) throws -> Outcome {
    try act(call) { try $0.delete($1, $2) }
  }

  /// Arguments: id. Row: id.
  func undelete(_ call: LocalCall) throws -> Outcome {
    try act(call) { try $0.restore($1, $2) }
  }

  private func act(
    _ call: LocalCall, _ body: (Transaction, RecordID, Occasion) throws -> Void
  ) throws -> Outcome {
    let text = try call.text("id")
    let occasion = occasion(call)
    let id = try write { transaction in
      let id = try record(text, transaction.lookup)
      try body(transaction, id, occasion)
      return id
    }
    try call.row(["id": .string(id.description)])
    return .done
  }

  /// Arguments: id, field, of a set element; take (a number from `conflicts`) or value. Row: id and,
  /// if there are any, warnings.
  func resolve(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let name = try call.text("field")
    let element = try call.optionalText("element")
    let take = try call.optionalInteger("take")
    let value = try call.optionalText("value")
    guard (take == nil) != (value == nil) else {
      throw CommandError(.wrongUse, "Say which value stays: either --take N or --value V.")
    }
    let occasion = occasion(call)
    let (id, warnings) = try write { transaction in
      let lookup = transaction.lookup
      let id = try record(text, lookup)
      let kind = try knownKind(of: id, lookup)
      let field = try field(named: name, of: kind)
      guard !field.isSet || (element != nil && value == nil) else {
        throw CommandError(
          .wrongUse, "\(name) is a set: name the element, as \(name)/ELEMENT, and take a number.")
      }
      let resolution: Resolution =
        if let take { .take(take) } else {
          .value(try self.value(value ?? "", of: field, lookup))
        }
      try transaction.resolve(id, field, element: element, with: resolution, occasion)
      let text: String? = if case .value(let text) = resolution { text } else { nil }
      let edits = text.map { [Edit(field, .value($0))] } ?? []
      return (id, caseWarnings(edits, kind, occasion))
    }
    try call.row(.object([.init("id", .string(id.description))] + warnings))
    return .done
  }

  // MARK: - Warnings

  /// The member `warnings` of a row, if free text looks like a note about a case.
  func caseWarnings(
    _ edits: [Edit], _ kind: RecordKind, _ occasion: Occasion
  ) -> [JSONValue.Member] {
    let warnings =
      kind.caseNotes(in: edits.flatMap(\.fieldValues))
      + CaseNote.signs(in: occasion.reason).map { $0.warning(field: "reason") }
    return warnings.isEmpty
      ? [] : [.init("warnings", .array(warnings.map { .string($0) }))]
  }

  /// The same for texts that are no fields of a row that somebody edits.
  func caseWarnings(in texts: [(name: String, text: String?)]) -> [JSONValue.Member] {
    let warnings = texts.flatMap { name, text in
      CaseNote.signs(in: text ?? "").map { $0.warning(field: name) }
    }
    return warnings.isEmpty
      ? [] : [.init("warnings", .array(warnings.map { .string($0) }))]
  }

  // MARK: - Changes

  private func changes(_ call: LocalCall) throws(CommandError) -> [FieldChange] {
    var out: [FieldChange] = []
    for json in try call.list("changes") { out.append(try FieldChange(json: json)) }
    return out
  }

  func knownKind(of id: RecordID, _ lookup: Lookup) throws -> RecordKind {
    guard let kind = try lookup.kind(of: id) else {
      throw CommandError(
        .wrongUse, "\(id) is of a kind that this version does not know; upgrade kreisnetz.")
    }
    return kind
  }

  func edit(
    _ change: FieldChange, of kind: RecordKind, _ lookup: Lookup
  ) throws -> Edit {
    let field = try field(named: change.field, of: kind)
    guard change.operation == .set || field.isSet else {
      throw CommandError(
        .wrongUse, "\(field.name) is no set: write \(field.name)=value to change it.")
    }
    let content: Edit.Content
    switch change.operation {
    case .insert: content = .insert(element: try value(change.value, of: field, lookup))
    case .remove: content = .remove(element: try value(change.value, of: field, lookup))
    case .set where change.value.isEmpty: content = .withdrawn
    case .set where field.isSet:
      content = .elements(
        try change.value.split(separator: "|").map { try value(String($0), of: field, lookup) })
    case .set: content = .value(try value(change.value, of: field, lookup))
    }
    return Edit(field, content, in: change.scope)
  }
}
