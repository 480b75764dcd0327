// SPDX-License-Identifier: EUPL-1.2

/// A change request (Rückmeldung), as its sender wrote it.
///
/// Nobody but its sender writes it, and nobody but a steward writes the answer, so the rules of
/// authority need no exception: how a request stands follows from both (I3).
package struct ChangeRequest: Hashable, Sendable {
  package let id: RecordID
  /// The record that is to be changed.
  package let subject: RecordID
  package let sender: MemberID
  /// When it was sent; seconds since 1970.
  package let at: UInt64
  /// Where it stands; among sender, steward and hub it is in a coordination scope.
  package let scope: Scope
  /// Who sent it, as a role.
  package let office: String
  /// One change a line, as people type it.
  package let proposal: String
  package let remark: String
  /// What the sender saw of the fields to be changed: `SeenFields`.
  package let seen: String
  /// The sender's answer to questions, and which: marks of `RequestAnswer`.
  package let answer: String
  package let answered: Set<String>
  package let isWithdrawn: Bool

  /// `nil` for a record of another kind, one without a subject, and one that is deleted.
  package init?(_ state: RecordState) {
    let kind = RecordKind.changeRequest
    guard state.kind == kind.tag, let sender = state.record.creator else { return nil }
    let text = state.texts(kind)
    guard let place = state.shown[Register(tag: 16)],
      let subject = text("subject_id").flatMap({ RecordID(text: $0) })
    else { return nil }
    id = state.record
    self.subject = subject
    self.sender = sender
    at = place.head.recordedAt
    scope = place.scope
    office = text("sender") ?? ""
    proposal = text("proposed_value") ?? ""
    remark = text("remark") ?? ""
    seen = text("seen") ?? ""
    answer = text("answer") ?? ""
    answered = Set((text("answered_questions") ?? "").split(separator: " ").map(String.init))
    isWithdrawn = text("status") == RequestStatus.withdrawn.rawValue
  }

  /// How it stands with all the answers to it. Only those count whose author keeps the record or did.
  package func status(
    _ answers: [RequestAnswer], under membership: Membership
  ) -> RequestStatus {
    let valid = answers.filter { membership.hasBeenSteward($0.author, of: subject) }
    for final in [RequestStatus.accepted, .declined]
    where valid.contains(where: { $0.status == final }) { return final }
    if isWithdrawn { return .withdrawn }
    return valid.contains { $0.status == .question && !answered.contains($0.mark) }
      ? .question : .open
  }
}

/// What a steward, or the hub, said to a change request.
package struct RequestAnswer: Hashable, Sendable {
  package let id: RecordID
  package let request: RecordID
  package let author: MemberID
  package let at: UInt64
  package let status: RequestStatus
  package let text: String
  /// Counts this author's questions, from 1.
  package let question: Int

  /// `nil` for a record of another kind, one without request or status, and one that is deleted.
  package init?(_ state: RecordState) {
    let kind = RecordKind.requestAnswer
    guard state.kind == kind.tag, let author = state.record.creator else { return nil }
    let text = state.texts(kind)
    guard let place = state.shown[Register(tag: 17)],
      let request = text("request_id").flatMap({ RecordID(text: $0) }),
      let status = text("status").flatMap({ RequestStatus(rawValue: $0) })
    else { return nil }
    id = state.record
    self.request = request
    self.author = author
    at = place.head.recordedAt
    self.status = status
    self.text = text("answer") ?? ""
    question = text("question_number").flatMap { Int($0) } ?? 0
  }

  /// Names this question, the same on every replica.
  package var mark: String { "\(id)/\(question)" }
}

package enum RequestStatus: String, Hashable, Sendable {
  case open, question, accepted, declined, withdrawn

  /// Whether nobody is asked to do anything any more.
  package var isFinal: Bool { self != .open && self != .question }
}

/// What somebody saw of a record's fields: per field a name and a hash of its heads in the scopes that
/// all members read, one field a line. It holds no value, and is equal as long as the fields are.
package enum SeenFields {
  package static func text(_ fields: [Field], in state: RecordState) -> String {
    fields.map { "\($0.name) \(digest($0, state))" }.sorted().joined(separator: "\n")
  }

  /// The fields that are not as they were seen.
  package static func changed(
    since seen: String, _ fields: [Field], in state: RecordState
  ) -> [Field] {
    let lines = Set(seen.split(separator: "\n").map(String.init))
    return fields.filter { !lines.contains("\($0.name) \(digest($0, state))") }
  }

  private static func digest(_ field: Field, _ state: RecordState) -> String {
    var bytes: [UInt8] = []
    for scope in [Scope.public, .kreis] {
      for (_, heads) in state.scopes[scope]?.registers[tag: field.tag] ?? [] {
        for head in heads.sorted(by: { $0.hash < $1.hash }) { head.hash.append(to: &bytes) }
      }
    }
    return String(Hash256(of: bytes).description.prefix(16))
  }
}

extension RecordState {
  /// Looks values up by the name of their field.
  fileprivate func texts(_ kind: RecordKind) -> (String) -> String? {
    let shown = shown
    return { name in
      (try? kind.field(named: name)).flatMap { shown[Register(tag: $0.tag)]?.head.value }
    }
  }
}
