// SPDX-License-Identifier: EUPL-1.2

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
