// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// Change requests as the JSON that `requests` prints: `id`, `status`, `concerns` (`answer`: this member
/// is asked to; `reply`: it asked, and is asked back; `sent`; null), `subject`, `subject_kind`,
/// `subject_name`, `by`, `title`, `office`, `to`, `to_title`, `confidential`, `at`, `changes` (`field`,
/// `operation`, `scope`, `value`, `now`), `changed_since`, `remark`, `reply`, and `answers` (`by`,
/// `title`, `status`, `text`, `at`).
struct RequestJSON {
  private let snapshot: Snapshot

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  func row(_ known: KnownRequest) throws -> JSONValue {
    let request = known.request
    let naming = try? snapshot.naming(of: request.subject)
    let (by, title) = name(request.sender)
    let (to, toTitle) = known.steward.map(name) ?? (.null, .null)
    return [
      "id": .string(request.id.description), "status": .string(known.status.rawValue),
      "concerns": known.concerns.map { .string($0.rawValue) } ?? .null,
      "subject": .string(request.subject.description),
      "subject_kind": naming.map { .string($0.kind.name) } ?? .null,
      "subject_name": naming?.name.map { .string($0) } ?? .null, "by": by, "title": title,
      "office": .string(request.office), "to": to, "to_title": toTitle,
      "confidential": .bool(request.scope.town != nil), "at": .integer(Int(request.at)),
      "changes": .array(try changes(known)),
      "changed_since": .array(try snapshot.changedFields(since: request).map { .string($0.name) }),
      "remark": .string(request.remark), "reply": .string(request.answer),
      "answers": .array(
        known.answers.map { answer in
          let (by, title) = name(answer.author)
          return [
            "by": by, "title": title, "status": .string(answer.status.rawValue),
            "text": .string(answer.text), "at": .integer(Int(answer.at)),
          ]
        }),
    ]
  }

  private func changes(_ known: KnownRequest) throws -> [JSONValue] {
    // Another program may have written what is none; it is shown as it stands.
    guard let changes = try? ProposedChanges.changes(known.request.proposal) else {
      return [["field": .null, "value": .string(known.request.proposal)]]
    }
    let state = try? snapshot.state(of: known.request.subject)
    let kind = state.flatMap { $0.kind }.flatMap { Schema.directory.kind(tag: $0) }
    return changes.map { change in
      let field = try? kind?.field(named: change.field)
      let now = field.flatMap { field -> String? in
        let places = state?.shown[tag: field.tag] ?? []
        guard field.isSet else { return places.first?.value.head.value }
        return places.compactMap(\.key.element).joined(separator: ", ")
      }
      guard case .object(let members) = change.json else { return change.json }
      return .object(members + [.init("now", now.map { .string($0) } ?? .null)])
    }
  }

  private func name(_ member: MemberID) -> (JSONValue, JSONValue) {
    let known = snapshot.membership.members[member]
    return (
      .string(known?.name ?? member.description), .string(known?.title ?? member.description)
    )
  }
}
