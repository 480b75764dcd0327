// SPDX-License-Identifier: EUPL-1.2

import GRDB
package import KreisCore

/// A contact whose data may have no reason to be kept any more.
package struct RetentionFinding: Sendable {
  package enum Reason: String, Sendable {
    /// The legal basis, or the consent, held until a day that has passed.
    case expired
    case withoutBasis
    case consentWithoutDate
    /// The day on which somebody should have looked at it has passed.
    case reviewDue
  }

  package let record: RecordID
  package let name: String?
  package let reason: Reason
  /// The day in question.
  package let day: String?
}

extension Snapshot {
  /// Contacts to look at, in the order in which they are kept here.
  ///
  /// - Parameter now: seconds since 1970.
  package func retentionFindings(at now: UInt64) throws -> [RetentionFinding] {
    let kind = try tables.schema.kind(named: "contact")
    let today = CivilDate(dayNumber: Int(now / 86_400)).description
    var out: [RetentionFinding] = []
    try list(kind) { state in
      let text = { (name: String) in try state.text(of: kind.field(named: name)) }
      let name = try text("name")
      let add = { (reason: RetentionFinding.Reason, day: String?) in
        out.append(
          RetentionFinding(record: state.record, name: name, reason: reason, day: day))
      }
      if let end = try text("valid_until"), end < today { return add(.expired, end) }
      if let review = try text("review_date"), review < today { add(.reviewDue, review) }
      guard let basis = try text("legal_basis") else { return add(.withoutBasis, nil) }
      // Others do not see the date of a consent: it is for the coordination.
      if basis == "consent", membership.steward(of: state.record) == identity.member,
        try text("consent_date") == nil
      {
        add(.consentWithoutDate, nil)
      }
    }
    return out
  }
}

extension Transaction {
  /// Erases a contact whose legal basis has expired, with its numbers, roles and memberships.
  fileprivate func eraseExpired(_ finding: RetentionFinding, at now: UInt64) throws -> Int {
    guard try state(of: finding.record)?.erasedIn == nil, mayEraseByRule(finding.record) else {
      return 0
    }
    let parts = try ledger.belongings(of: finding.record, tables.schema, membership)
      .map(\.id).filter { membership.mayWrite(identity.member, $0) }
    let occasion = Occasion(
      at: now, role: "Regel des Kreises",
      reason: "Rechtsgrundlage abgelaufen am \(finding.day ?? "?")")
    for id in [finding.record] + parts { try erase(id, occasion) }
    return 1 + parts.count
  }

  /// One of those who may does: the steward, which for a member that is gone is the hub.
  private func mayEraseByRule(_ id: RecordID) -> Bool {
    membership.steward(of: id) == identity.member
  }
}

extension Store {
  /// Does what destruction asks on some records: the answer to what a commit brought.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Returns: how many entries were written.
  /// - Throws: `StoreError`.
  @discardableResult
  package func doDuties(
    on records: Set<RecordID>, at now: UInt64
  ) async throws(StoreError) -> Int {
    let due = try await read { snapshot in
      guard try snapshot.mayActAlone() else { return [RecordID]() }
      return try records.sorted().filter { try snapshot.hasDuties(on: $0, period: nil, at: now) }
    }
    return try await doDuties(due, period: nil, at: now)
  }

  /// Does what destruction asks on all records, the period that the Kreis set for superseded values
  /// and its rule for contacts without legal basis included: at a start, and once a day.
  ///
  /// - Parameter now: seconds since 1970.
  /// - Returns: how many entries were written; `nil` while this replica lacks something, or may not
  ///   write.
  /// - Throws: `StoreError`.
  @discardableResult
  package func doAllDuties(at now: UInt64) async throws(StoreError) -> Int? {
    let policy = try await read { try $0.mayActAlone() ? try $0.policy() : nil }
    guard let policy else { return nil }
    var written = 0
    if policy.erasesExpired {
      let expired = try await read {
        try $0.retentionFindings(at: now).filter { $0.reason == .expired }
      }
      for finding in expired {
        written += try await write { try $0.eraseExpired(finding, at: now) }
      }
    }
    var next: Int64? = 0
    while let start = next {
      let slice = try await read {
        try $0.duties(after: start, period: policy.retention, at: now)
      }
      written += try await doDuties(slice.records, period: policy.retention, at: now)
      next = slice.next
    }
    return written
  }

  private func doDuties(
    _ records: [RecordID], period: UInt64?, at now: UInt64
  ) async throws(StoreError) -> Int {
    var written = 0
    for id in records {
      written += try await write { try $0.doDuties(on: id, period: period, at: now) }
    }
    return written
  }
}
