// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: id (only this one), or offset and limit. Rows: `ErasureJSON.row`, the oldest first; with
  /// a limit first `{"total":N}`, then the newest first. Outcome `no` if none fits.
  func erasures(_ call: LocalCall) throws -> Outcome {
    let (text, part) = (try call.optionalText("id"), try part(call))
    let now = now()
    let rows = try stream { snapshot -> [JSONValue] in
      let json = ErasureJSON(snapshot, try snapshot.policy(), now)
      if let text {
        let wanted = try record(text, snapshot.lookup)
        return try snapshot.erasures(of: [wanted], at: now).map { json.row($0) }
      }
      guard let part else { return try snapshot.erasures(at: now).map { json.row($0) } }
      let (total, erasures) = try snapshot.latestErasures(part, at: now)
      return [["total": .integer(total)]] + erasures.map { json.row($0) }
    }
    for row in rows { try call.row(row) }
    guard rows.isEmpty, text != nil else { return .done }
    throw CommandError(.no, "Nobody ordered to erase „\(text ?? "")“.")
  }

  /// Rows: `{"id","name","reason","day","owner_title","by_rule"}`, where reason is `expired`,
  /// `withoutBasis`, `consentWithoutDate` or `reviewDue`.
  func retention(_ call: LocalCall) throws -> Outcome {
    let now = now()
    let rows = try stream { snapshot -> [JSONValue] in
      try checkShown(snapshot)
      let policy = try snapshot.policy()
      return try snapshot.retentionFindings(at: now).map { finding in
        let owner = snapshot.membership.keeper(of: finding.record)
        return [
          "id": .string(finding.record.description),
          "name": finding.name.map { .string($0) } ?? .null,
          "reason": .string(finding.reason.rawValue),
          "day": finding.day.map { .string($0) } ?? .null,
          "owner_title": owner.map { .string($0.title) } ?? .null,
          "by_rule": .bool(policy.erasesExpired && finding.reason == .expired),
        ]
      }
    }
    for row in rows { try call.row(row) }
    return .done
  }

  /// Arguments: those of `PolicyJSON.names` that change, as texts, empty for the default; hub only.
  /// Row: what is set, `PolicyJSON.row`.
  func policy(_ call: LocalCall) throws -> Outcome {
    let kind = try schema.kind(named: "policy")
    var changes: [FieldChange] = []
    for name in PolicyJSON.names {
      guard let text = try call.optionalText(name) else { continue }
      changes.append(FieldChange(field: name, scope: nil, operation: .set, value: text))
    }
    if !changes.isEmpty {
      guard store.identity.role == .hub else {
        throw CommandError(.wrongUse, "Only the hub sets what counts for the whole Kreis.")
      }
      let occasion = occasion(call)
      try write { transaction in
        let edits = try changes.map { try edit($0, of: kind, transaction.lookup) }
        if let id = try transaction.policy().record {
          _ = try transaction.change(id, edits, occasion)
        } else {
          _ = try transaction.create(kind, edits, occasion)
        }
      }
    }
    try call.row(try read { PolicyJSON.row(try $0.policy()) })
    return .done
  }
}

/// An order to erase and its confirmations, as JSON.
struct ErasureJSON {
  let snapshot: Snapshot
  let policy: Policy
  let now: UInt64

  init(_ snapshot: Snapshot, _ policy: Policy, _ now: UInt64) {
    (self.snapshot, self.policy, self.now) = (snapshot, policy, now)
  }

  /// `{"id","kind","kind_label","ordered_at","ordered_by","ordered_by_title","role","reason",
  /// "executed_at","scope","due_at","state","members":[{"name","title","confirmed_at","overdue"}],
  /// "gone":[titles]}`; state is `ordered`, `waiting`, `overdue` or `confirmed`.
  func row(_ erasure: Erasure) -> JSONValue {
    let kind = Schema.directory.kind(tag: erasure.kind)
    let orderer = snapshot.membership.members[erasure.orderedBy]
    let due = erasure.orderedAt + policy.erasurePeriod
    let isLate = now > due
    let state =
      erasure.isConfirmed
      ? "confirmed" : isLate ? "overdue" : erasure.executed == nil ? "ordered" : "waiting"
    let gone = snapshot.membership.members.values.filter(\.isRevoked).map(\.title).sorted()
    return [
      "id": .string(erasure.record.description),
      "kind": kind.map { .string($0.name) } ?? .null,
      "kind_label": kind.map { .string($0.label) } ?? .null,
      "ordered_at": .integer(Int(erasure.orderedAt)),
      "ordered_by": .string(orderer?.name ?? erasure.orderedBy.description),
      "ordered_by_title": .string(orderer?.title ?? erasure.orderedBy.description),
      "role": .string(erasure.role), "reason": .string(erasure.reason),
      "executed_at": erasure.executed.map { .integer(Int($0.at)) } ?? .null,
      "scope": erasure.executed.map { RecordJSON.scope($0.scope) } ?? .null,
      "due_at": .integer(Int(due)), "state": .string(state),
      "members": .array(
        erasure.readers.map { reader in
          [
            "name": .string(reader.member.name), "title": .string(reader.member.title),
            "confirmed_at": reader.confirmedAt.map { .integer(Int($0)) } ?? .null,
            "overdue": .bool(reader.confirmedAt == nil && isLate),
          ]
        }),
      "gone": .array(gone.map { .string($0) }),
      "realm": .string(snapshot.identity.realm.description),
      "kreis": .string(snapshot.identity.kreis),
    ]
  }
}

/// What the Kreis set, as JSON.
enum PolicyJSON {
  static let names = [
    "retention_days", "erasure_days", "publication_release", "erase_expired", "purpose",
    "protection_officer",
  ]

  static func row(_ policy: Policy) -> JSONValue {
    [
      "id": policy.record.map { .string($0.description) } ?? .null,
      "retention_days": .integer(Int(policy.retentionDays)),
      "erasure_days": .integer(Int(policy.erasureDays)),
      "publication_release": .bool(policy.needsRelease),
      "erase_expired": .bool(policy.erasesExpired),
      "purpose": policy.purpose.map { .string($0) } ?? .null,
      "protection_officer": policy.protectionOfficer.map { .string($0) } ?? .null,
    ]
  }
}
