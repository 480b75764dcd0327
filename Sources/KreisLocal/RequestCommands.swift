// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: id; of a record: changes, remark, to_steward; of an own change request: reply or
  /// withdraw. Row: id of the change request and, if there are any, warnings.
  func request(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let (reply, withdraws) = (try call.optionalText("reply"), try call.flag("withdraw"))
    let changes = try call.list("changes").map { try FieldChange(json: $0) }
    let (remark, toSteward) = (try call.optionalText("remark"), try call.flag("to_steward"))
    let occasion = occasion(call)
    let id = try write { transaction in
      let lookup = transaction.lookup
      let id = try record(text, lookup)
      if reply != nil || withdraws {
        try transaction.reply(to: id, reply, withdraws: withdraws, occasion)
        return id
      }
      guard !changes.isEmpty || remark?.isEmpty == false else {
        throw CommandError(
          .wrongUse, "Say what should change: field=value, or --remark TEXT, or both.")
      }
      let kind = try knownKind(of: id, lookup)
      // Refused here rather than at the steward's, when nobody can ask back at once.
      let edits = try changes.map { try edit($0, of: kind, lookup) }
      var fields: [Field] = []
      for edit in edits where !fields.contains(edit.field) { fields.append(edit.field) }
      return try transaction.request(
        RequestDraft(
          subject: id, fields: fields, proposal: ProposedChanges.text(changes),
          remark: remark ?? "", toSteward: toSteward), occasion)
    }
    let warnings = caseWarnings(in: [("remark", remark), ("reply", reply)])
    try call.row(.object([.init("id", .string(id.description))] + warnings))
    return .done
  }

  /// Arguments: id, answer, publish. Row: id, subject, written (how many fields and elements),
  /// changed_since (fields that are not as the sender saw them), and `waiting` as of `edit`.
  func accept(_ call: LocalCall) throws -> Outcome {
    let (text, answer) = (try call.text("id"), try call.optionalText("answer"))
    let row = try write { transaction -> JSONValue in
      let lookup = transaction.lookup
      let id = try record(text, lookup)
      let request = try transaction.openRequest(id)
      let kind = try knownKind(of: request.subject, lookup)
      let edits = try ProposedChanges.changes(request.proposal).map {
        try edit($0, of: kind, lookup)
      }
      let changed = try transaction.changedFields(since: request, edits.map(\.field))
      let reason = [request.reference, call.request.reason].filter { !$0.isEmpty }
      let occasion = Occasion(
        at: now(), role: call.request.role, reason: reason.joined(separator: ": "))
      // Whoever proposes it cannot make it public; that is the steward's to say (I7).
      let publishing = try Publishing(edits, on: request.subject, call, transaction)
      let written =
        publishing.edits.isEmpty
        ? 0 : try transaction.change(request.subject, publishing.edits, occasion)
      let waiting = try publishing.file(for: request.subject, occasion, transaction)
      try transaction.answer(id, .accepted, answer ?? "", self.occasion(call))
      return .object(
        [
          .init("id", .string(id.description)),
          .init("subject", .string(request.subject.description)),
          .init("written", .integer(written)),
          .init("changed_since", .array(changed.map { .string($0.name) })),
        ] + waiting)
    }
    try call.row(row)
    return .done
  }

  /// Arguments: id, and either answer or question. Row: id and, if there are any, warnings.
  func decline(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let (answer, question) = (try call.optionalText("answer"), try call.optionalText("question"))
    guard (answer ?? "").isEmpty != (question ?? "").isEmpty else {
      throw CommandError(
        .wrongUse, "Say why with --answer TEXT, or ask the sender with --question TEXT.")
    }
    let occasion = occasion(call)
    let id = try write { transaction in
      let id = try record(text, transaction.lookup)
      let isQuestion = question?.isEmpty == false
      try transaction.answer(
        id, isQuestion ? .question : .declined, question ?? answer ?? "", occasion)
      return id
    }
    let warnings = caseWarnings(in: [("answer", answer), ("question", question)])
    try call.row(.object([.init("id", .string(id.description))] + warnings))
    return .done
  }

  /// Arguments: all, offset, limit; or id (only this one). Rows: with a limit first `{"total":N}`; then
  /// `RequestJSON`, of those that concern this member and are not closed, or of all.
  func requests(_ call: LocalCall) throws -> Outcome {
    let (isAll, part) = (try call.flag("all"), try part(call))
    let id = try call.optionalText("id")
    let rows = try read { snapshot in
      try checkShown(snapshot)
      let json = RequestJSON(snapshot)
      if let id {
        return try snapshot.changeRequest(record(id, snapshot.lookup)).map { [try json.row($0)] }
          ?? []
      }
      guard let part else {
        return try snapshot.changeRequests().filter {
          isAll || $0.concerns != nil && !$0.status.isFinal
        }.map { try json.row($0) }
      }
      let (total, requests) = try snapshot.changeRequests(part, all: isAll)
      return [["total": .integer(total)]] + (try requests.map { try json.row($0) })
    }
    for row in rows { try call.row(row) }
    return .done
  }

  /// Arguments: id, member (its name). Row: id, member, title, granted: whether the hub has answered.
  func transfer(_ call: LocalCall) throws -> Outcome {
    let (text, name) = (try call.text("id"), try call.text("member"))
    let occasion = occasion(call)
    let row = try write { transaction -> JSONValue in
      let id = try record(text, transaction.lookup)
      let members = transaction.membership.members.values.filter { !$0.isRevoked }
      guard let next = members.first(where: { $0.name == name }) else {
        throw CommandError(
          .wrongUse,
          "There is no member '\(name)'; there are "
            + members.map(\.name).sorted().joined(separator: ", "))
      }
      try transaction.transfer(id, to: next.id, occasion)
      return [
        "id": .string(id.description), "member": .string(next.name),
        "title": .string(next.title),
        "granted": .bool(transaction.membership.steward(of: id) == next.id),
      ]
    }
    try call.row(row)
    return .done
  }
}

extension ChangeRequest {
  /// How the reason of what was changed for it names it. Readers of that reason must not learn from
  /// whom one came that was for the steward alone, so only the random end of its id is named then (I7).
  fileprivate var reference: String {
    let text = id.description
    return scope.town == nil ? "Rückmeldung \(text)" : "Rückmeldung …\(text.suffix(12))"
  }
}
