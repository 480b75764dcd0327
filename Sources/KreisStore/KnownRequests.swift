// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// A change request with what was said to it, as this replica sees it.
package struct KnownRequest: Sendable {
  /// What this member has to do with it.
  package enum Concern: String, Sendable {
    /// It keeps the record.
    case answer
    /// It sent the request, and the steward asks back.
    case reply
    /// It sent the request.
    case sent
  }

  package let request: ChangeRequest
  package let answers: [RequestAnswer]
  package let status: RequestStatus
  /// Who keeps the record now.
  package let steward: MemberID?
  package let concerns: Concern?

  /// Whether somebody here is asked to do something.
  package var waits: Bool {
    switch concerns {
    case .answer: status == .open
    case .reply: true
    case .sent, nil: false
    }
  }
}

extension Snapshot {
  /// Every change request that is known here, in the order of their arrival.
  package func changeRequests() throws -> [KnownRequest] {
    var answers: [RecordID: [RequestAnswer]] = [:]
    try list(.requestAnswer) { state in
      guard let answer = RequestAnswer(state) else { return }
      answers[answer.request, default: []].append(answer)
    }
    var out: [KnownRequest] = []
    try list(.changeRequest) { state in
      guard let request = ChangeRequest(state) else { return }
      out.append(known(request, answers[request.id] ?? []))
    }
    return out
  }

  /// One change request; `nil` if there is none of this id.
  package func changeRequest(_ id: RecordID) throws -> KnownRequest? {
    guard let request = try state(of: id).flatMap({ ChangeRequest($0) }) else { return nil }
    let answers = try answerRows().filter { $0.request == id }
    return known(request, try answers.compactMap { RequestAnswer(try state(ofKey: $0.key)) })
  }

  /// A part of the change requests, in the order of their arrival, and how many there are: of the others
  /// is read only what tells whether they belong there.
  ///
  /// - Parameter isAll: whether also those that are closed or do not concern this member.
  package func changeRequests(
    _ part: ListPart, all isAll: Bool
  ) throws -> (total: Int, requests: [KnownRequest]) {
    let answers = Dictionary(grouping: try answerRows(), by: \.request)
    let rows = try requestRows().filter { isAll || isWanted($0, answers[$0.id] ?? []) }
    let requests = try part.of(rows).compactMap { row -> KnownRequest? in
      guard let request = ChangeRequest(try state(ofKey: row.key)) else { return nil }
      let own = try answers[row.id]?.compactMap { RequestAnswer(try state(ofKey: $0.key)) }
      return known(request, own ?? [])
    }
    return (rows.count, requests)
  }

  private struct RequestRow {
    let key: Int64
    let id: RecordID
    let subject: RecordID
    let isWithdrawn: Bool
  }

  private struct AnswerRow {
    let key: Int64
    let request: RecordID
    let author: MemberID
    let isFinal: Bool
  }

  /// Whether it concerns this member and is not closed: `known` and `status` from the tables alone.
  private func isWanted(_ request: RequestRow, _ answers: [AnswerRow]) -> Bool {
    guard !request.isWithdrawn,
      request.id.creator == identity.member
        || membership.steward(of: request.subject) == identity.member
    else { return false }
    return !answers.contains {
      $0.isFinal && membership.hasBeenSteward($0.author, of: request.subject)
    }
  }

  private func requestRows() throws -> [RequestRow] {
    try rows(of: .changeRequest, ["subject_id", "status"]) { key, id, texts in
      guard let subject = texts[0].flatMap({ RecordID(text: $0) }), id.creator != nil else {
        return nil
      }
      return RequestRow(
        key: key, id: id, subject: subject,
        isWithdrawn: texts[1] == RequestStatus.withdrawn.rawValue)
    }
  }

  private func answerRows() throws -> [AnswerRow] {
    try rows(of: .requestAnswer, ["request_id", "status"]) { key, id, texts in
      guard let request = texts[0].flatMap({ RecordID(text: $0) }), let author = id.creator,
        let status = texts[1].flatMap({ RequestStatus(rawValue: $0) })
      else { return nil }
      return AnswerRow(key: key, request: request, author: author, isFinal: status.isFinal)
    }
  }

  /// Columns of all rows of a table, in the order of their keys.
  private func rows<T>(
    of kind: RecordKind, _ columns: [String],
    _ make: (Int64, RecordID, [String?]) throws -> T?
  ) throws -> [T] {
    let names = (["record", "id"] + columns).map(DirectoryTables.quoted).joined(separator: ", ")
    let rows = try Row.fetchCursor(
      db, sql: "SELECT \(names) FROM \(DirectoryTables.quoted(kind.name)) ORDER BY record")
    var count = 0
    var out: [T] = []
    while let row = try rows.next() {
      count += 1
      guard let id = RecordID(text: try row.text(1)) else {
        throw StoreError.impossible("a record's id")
      }
      let texts = try columns.indices.map { try row.textIfAny($0 + 2) }
      if let one = try make(try row.integer(0), id, texts) { out.append(one) }
    }
    try compare(count: count, .kind(kind.tag), kind.name)
    return out
  }

  private func known(_ request: ChangeRequest, _ answers: [RequestAnswer]) -> KnownRequest {
    let status = request.status(answers, under: membership)
    let steward = membership.steward(of: request.subject)
    var concerns: KnownRequest.Concern?
    if request.sender == identity.member {
      concerns = status == .question ? .reply : .sent
    } else if steward == identity.member {
      concerns = .answer
    }
    return KnownRequest(
      request: request,
      answers: answers.sorted { ($0.at, $0.id) < ($1.at, $1.id) }, status: status,
      steward: steward, concerns: concerns)
  }

  /// The fields of a change request's subject that are not as its sender saw them.
  package func changedFields(since request: ChangeRequest) throws -> [Field] {
    guard let state = try? state(of: request.subject) else { return [] }
    return request.changedFields(in: state, schema: tables.schema)
  }
}

extension Transaction {
  /// The same, of the fields that are to be changed.
  package func changedFields(since request: ChangeRequest, _ fields: [Field]) throws -> [Field] {
    guard let state = try state(of: request.subject) else { return [] }
    return SeenFields.changed(since: request.seen, fields, in: state)
  }
}

extension ChangeRequest {
  fileprivate func changedFields(in state: RecordState, schema: Schema) -> [Field] {
    guard let kind = state.kind.flatMap({ schema.kind(tag: $0) }) else { return [] }
    let names = seen.split(separator: "\n").compactMap { $0.split(separator: " ").first }
    let fields = names.compactMap { try? kind.field(named: String($0)) }
    return SeenFields.changed(since: seen, fields, in: state)
  }
}
