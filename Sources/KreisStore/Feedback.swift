// SPDX-License-Identifier: EUPL-1.2

import Foundation
import GRDB
package import KreisCore

/// What a change request asks for, before it is one.
package struct RequestDraft: Sendable {
  package let subject: RecordID
  /// The fields to be changed.
  package let fields: [Field]
  /// One change a line, as people type it.
  package let proposal: String
  package let remark: String
  package let toSteward: Bool

  package init(
    subject: RecordID, fields: [Field], proposal: String, remark: String, toSteward: Bool
  ) {
    self.subject = subject
    self.fields = fields
    self.proposal = proposal
    self.remark = remark
    self.toSteward = toSteward
  }
}

extension Transaction {
  /// Files a change request.
  ///
  /// - Throws: `StoreError.rejected`.
  package func request(_ draft: RequestDraft, _ occasion: Occasion) throws -> RecordID {
    guard let state = try state(of: draft.subject), state.kind != nil,
      let widest = state.scopes.keys.filter({ $0 != .local }).min()
    else { throw StoreError.rejected("only this machine knows \(draft.subject)", .unshared) }
    guard draft.toSteward || widest.kind <= Scope.kreis.kind else {
      throw StoreError.rejected(
        "\(draft.subject) is not known to all members; ask its steward alone: --to-steward",
        .unshared)
    }
    let id = newRecordID()
    let fields = draft.fields.map(\.name).joined(separator: ", ")
    try put(
      [
        "subject_id": draft.subject.description, "field_name": fields,
        "proposed_value": draft.proposal, "remark": draft.remark, "sender": occasion.role,
        "status": RequestStatus.open.rawValue,
        "seen": draft.fields.isEmpty ? "" : SeenFields.text(draft.fields, in: state),
      ], on: id, of: .changeRequest,
      in: draft.toSteward ? coordination(withStewardOf: draft.subject) : .kreis, occasion)
    return id
  }

  /// A town writes into its own scope, from which the hub passes it on; the hub into the steward's.
  private func coordination(withStewardOf record: RecordID) throws -> Scope {
    guard identity.role == .hub else { return .coordination(identity.member) }
    guard let steward = membership.steward(of: record), steward != identity.member else {
      throw StoreError.rejected("the hub keeps \(record) itself", .unshared)
    }
    return .coordination(steward)
  }

  /// Changes what the sender says in its own change request: an answer to the steward's questions, or
  /// that it is withdrawn.
  ///
  /// - Throws: `StoreError.rejected`.
  package func reply(
    to id: RecordID, _ text: String?, withdraws: Bool, _ occasion: Occasion
  ) throws {
    let request = try openRequest(id)
    guard request.sender == identity.member else {
      throw StoreError.rejected("\(id) is another member's change request", .notKeeper)
    }
    let questions = try answers(to: id).filter {
      $0.status == .question && membership.hasBeenSteward($0.author, of: request.subject)
    }
    var values: [String: String] = [:]
    if withdraws { values["status"] = RequestStatus.withdrawn.rawValue }
    if let text {
      guard !questions.isEmpty else {
        throw StoreError.rejected("nobody asked anything about \(id)", .decided)
      }
      values["answer"] = text
      values["answered_questions"] = questions.map(\.mark).sorted().joined(separator: " ")
    }
    try put(values, on: id, of: .changeRequest, in: request.scope, occasion)
  }

  /// Answers a change request on a record that this member keeps.
  ///
  /// - Throws: `StoreError.rejected`.
  package func answer(
    _ id: RecordID, _ status: RequestStatus, _ text: String, _ occasion: Occasion
  ) throws {
    let request = try openRequest(id)
    guard membership.mayWrite(identity.member, request.subject) else {
      let steward = membership.keeper(of: request.subject)?.title ?? "the steward"
      throw StoreError.rejected(
        "only \(steward) and the hub may answer \(id), which is about a record of "
          + "theirs", .notKeeper)
    }
    let own = try answers(to: id).first { $0.author == identity.member }
    var values = ["request_id": id.description, "status": status.rawValue, "answer": text]
    if status == .question { values["question_number"] = "\((own?.question ?? 0) + 1)" }
    let answer = own?.id ?? newRecordID()
    for scope in try answerScopes(request) {
      try put(values, on: answer, of: .requestAnswer, in: scope, occasion)
    }
  }

  /// The answer has the request's readers. The hub writes where sender and steward read.
  private func answerScopes(_ request: ChangeRequest) throws -> [Scope] {
    guard case .coordination = request.scope else { return [.kreis] }
    guard identity.role == .hub else { return [.coordination(identity.member)] }
    let state = try state(of: request.id)
    return (state?.scopes.keys ?? [:].keys).filter { $0.town != nil }.sorted()
  }

  /// A change request about which somebody may still do something.
  ///
  /// - Throws: `StoreError.rejected`.
  package func openRequest(_ id: RecordID) throws -> ChangeRequest {
    guard let request = try state(of: id).flatMap({ ChangeRequest($0) }) else {
      throw StoreError.rejected("\(id) is no change request", .missing)
    }
    let status = request.status(try answers(to: id), under: membership)
    guard !status.isFinal else {
      throw StoreError.rejected(
        "the change request \(id) is \(status.rawValue) already", .decided)
    }
    return request
  }

  /// What was said to a change request, as far as it is known here.
  package func answers(to id: RecordID) throws -> [RequestAnswer] {
    try ledger.records(.requestAnswer, "request_id", id).compactMap {
      try state(of: $0).flatMap { RequestAnswer($0) }
    }
  }

  /// Writes fields in one scope, as far as they are not so already; an empty text withdraws.
  ///
  /// - Returns: how many were written.
  @discardableResult
  private func put(
    _ values: [String: String], on id: RecordID, of kind: RecordKind, in scope: Scope,
    _ occasion: Occasion
  ) throws -> Int {
    var wanted: [Register: Wanted] = [:]
    for (name, raw) in values {
      let field: Field
      do { field = try kind.field(named: name) } catch {
        throw StoreError.rejected(error.description)
      }
      do {
        wanted[Register(tag: field.tag)] =
          raw.isEmpty ? Wanted(.withdrawn) : Wanted(.value, try field.validate(raw))
      } catch { throw StoreError.rejected("\(error)", .invalid) }
    }
    return try put(wanted, on: id, of: kind.tag, in: scope, occasion)
  }

  private struct Wanted {
    let content: Write.Content
    let value: String?

    init(_ content: Write.Content, _ value: String? = nil) {
      self.content = content
      self.value = value
    }
  }

  private func put(
    _ wanted: [Register: Wanted], on id: RecordID, of kind: UInt32, in scope: Scope,
    _ occasion: Occasion
  ) throws -> Int {
    let heads = try state(of: id)?.scopes[scope]?.registers ?? RegisterMap()
    var writes: [Write] = []
    var texts: [String] = []
    for (register, new) in wanted.sorted(by: { $0.key < $1.key }) {
      let old = heads[register] ?? []
      if old.count == 1, old[0].content == new.content, old[0].value == new.value { continue }
      if old.isEmpty, new.content == .withdrawn { continue }
      writes.append(
        Write(register: register, content: new.content, bases: old.map(\.hash.reference)))
      if let value = new.value { texts.append(value) }
    }
    guard !writes.isEmpty else { return 0 }
    try append(
      EntryBody(
        recordedAt: occasion.at, kind: .write, recordKind: kind, record: id, writes: writes),
      values: Values(values: texts, role: occasion.role, reason: occasion.reason), to: scope)
    try foldTouched()
    return writes.count
  }
}

// MARK: - Passing on

extension Transaction {
  /// Passes on what somebody wrote for the other side of a change request, hub only: from a town's own
  /// coordination scope, or where the hub itself asked, into that of the steward or, with an answer, of
  /// the sender. What is there already is not written again, so it can be repeated at any time.
  ///
  /// - Returns: whether anything was written.
  package func passOn(_ id: RecordID, at now: UInt64) throws -> Bool {
    guard identity.role == .hub, let state = try state(of: id), state.erasedIn == nil,
      let author = id.creator, let place = confidentialScope(of: state, by: author),
      let source = state.scopes[place], let reader = try reader(of: state),
      reader != author, reader != identity.member, place != .coordination(reader),
      membership.members[reader].map({ !$0.isRevoked }) ?? false
    else { return false }
    let target = Scope.coordination(reader)
    let seen = state.scopes[target]
    let deleted = Register(tag: RecordKind.deletedTag)
    if source.isDeleted {
      guard let seen, !seen.isDeleted else { return false }
      let write = Write(
        register: deleted, content: .present,
        bases: Set(seen.registers.values.joined().map(\.hash.reference)).sorted())
      try append(
        EntryBody(
          recordedAt: now, kind: .write, recordKind: seen.kind, record: id, writes: [write]),
        values: Values(values: [], role: "", reason: ""), to: target)
      try foldTouched()
      return true
    }
    var wanted: [Register: Wanted] = [:]
    for (register, heads) in source.registers {
      guard let head = heads.first, head.isLive || head.content == .withdrawn else { continue }
      wanted[register] = Wanted(head.content, head.value)
    }
    return try put(
      wanted, on: id, of: source.kind, in: target, Occasion(at: now, reason: "Weitergegeben")) > 0
  }

  /// Where the author wrote what only some are to read. The hub's own stands where the steward was that
  /// it asked first, and goes on to the next one.
  private func confidentialScope(of state: RecordState, by author: MemberID) -> Scope? {
    if author != identity.member { return .coordination(author) }
    return ChangeRequest(state).flatMap { $0.scope.town == nil ? nil : $0.scope }
  }

  /// Who besides its author and the hub is to read what stands among them.
  private func reader(of state: RecordState) throws -> MemberID? {
    if let request = ChangeRequest(state) { return membership.steward(of: request.subject) }
    if let answer = RequestAnswer(state) { return answer.request.creator }
    // A deleted one does not say any more; who has it already hears of the deletion.
    return state.scopes.keys.compactMap(\.town).first { $0 != state.record.creator }
  }
}

extension Transaction {
  /// The records of a kind that refer to `id` in a field, as the directory tables show them.
  package func records(
    _ kind: RecordKind, _ field: String, _ id: RecordID
  ) throws -> [RecordID] {
    try ledger.records(kind, field, id)
  }
}

extension Ledger {
  /// The records of a kind that refer to `id` in a field.
  func records(_ kind: RecordKind, _ field: String, _ id: RecordID) throws -> [RecordID] {
    let table = DirectoryTables.quoted(kind.name)
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT record.id FROM \(table) JOIN record USING (record)
          WHERE \(table).\(DirectoryTables.quoted(field)) = ? ORDER BY record
          """), arguments: [id.description])
    return try rows.compactMap { try $0.bytes(0).flatMap { RecordID($0) } }
  }
}
