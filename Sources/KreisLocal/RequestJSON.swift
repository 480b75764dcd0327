// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

/// Change requests as the JSON that `requests` prints: `id`, `status`, `concerns` (`answer`: this member
/// is asked to; `reply`: it asked, and is asked back; `sent`; null), `subject`, `subject_kind`,
/// `subject_name`, `by`, `title`, `office`, `to`, `to_title`, `confidential`, `at`, `changes` (`field`,
/// `operation`, `scope`, `value`, `now`, and how these read for people: `display`, `now_display`),
/// `changed_since`, `remark`, `reply`, and `answers` (`by`, `title`, `status`, `text`, `at`).
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
      let text = JSONValue.string(known.request.proposal)
      return [["field": .null, "value": text, "display": text]]
    }
    let state = try? snapshot.state(of: known.request.subject)
    let kind = state.flatMap { $0.kind }.flatMap { Schema.directory.kind(tag: $0) }
    return changes.map { change in
      let field = try? kind?.field(named: change.field)
      let now = field.map { field in
        (state?.shown[tag: field.tag] ?? []).compactMap {
          field.isSet ? $0.key.element : $0.value.head.value
        }
      }
      let text = field?.isSet == true ? now?.joined(separator: ", ") : now?.first
      guard case .object(let members) = change.json else { return change.json }
      return .object(
        members + [
          .init("now", text.map { .string($0) } ?? .null),
          .init("display", display(proposed(change, field), field) ?? .string(change.value)),
          .init("now_display", display(now ?? [], field) ?? .null),
        ])
    }
  }

  /// One value, or the elements of a set.
  private func proposed(_ change: FieldChange, _ field: Field?) -> [String] {
    guard !change.value.isEmpty else { return [] }
    guard field?.isSet == true, change.operation == .set else { return [change.value] }
    return change.value.split(separator: "|").map(String.init)
  }

  private func display(_ texts: [String], _ field: Field?) -> JSONValue? {
    field.map { RecordJSON(snapshot).display(texts, $0) }
  }

  private func name(_ member: MemberID) -> (JSONValue, JSONValue) {
    let known = snapshot.membership.members[member]
    return (
      .string(known?.name ?? member.description), .string(known?.title ?? member.description)
    )
  }
}
