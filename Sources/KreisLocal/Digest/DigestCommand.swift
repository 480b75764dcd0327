// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Row: how much waits for somebody here: `requests` (open change requests that concern this member),
  /// `due` (own records to confirm within 30 days), `conflicts` (fields to decide), `overdue_erasures`,
  /// and `title` and `training` of the replica. At a hub also how it stands with the Kreis: `towns` that are silent or lag,
  /// `troubles`, and `disagreements` of a member with a feed. Numbers only.
  func digest(_ call: LocalCall) throws -> Outcome {
    let now = now()
    let last = today.adding(days: 30)
    var row: [JSONValue.Member] = []
    try stream { snapshot in
      try checkShown(snapshot)
      let identity = snapshot.identity
      let requests = try snapshot.changeRequests().count {
        $0.concerns != nil && !$0.status.isFinal && $0.waits
      }
      var due = 0
      try snapshot.visitRecords { record in
        guard snapshot.membership.steward(of: record.id) == identity.member,
          let day = Confirmation(
            of: record.kind, assured: record["assured_date"], review: record["review_date"],
            every: Confirmation.interval), day <= .on(last)
        else { return }
        due += 1
      }
      let period = try snapshot.policy().erasurePeriod
      let overdue = try snapshot.erasures(at: now).count {
        !$0.isConfirmed && now > $0.orderedAt + period
      }
      row = [
        .init("title", .string(identity.title)), .init("training", .bool(identity.isTraining)),
        .init("requests", .integer(requests)), .init("due", .integer(due)),
        .init("conflicts", .integer(try snapshot.conflictsToDecide())),
        .init("overdue_erasures", .integer(overdue)),
      ]
    }
    if store.identity.role == .hub { row += try kreisDigest(at: now) }
    try call.row(.object(row))
    return .done
  }

  /// What the overview shows in red, as numbers.
  private func kreisDigest(at now: UInt64) throws -> [JSONValue.Member] {
    let row = try overviewRow()
    let towns = (row["towns"]?.elements ?? []).count { town in
      town["revoked"] != .bool(true) && TownConcern.needsSomebody(town, at: now)
    }
    let disagreements = (row["feeds"]?.elements ?? []).reduce(0) { sum, feed in
      sum + (feed["statements"]?.elements ?? []).count { $0["agrees"] == .bool(false) }
    }
    return [
      .init("towns", .integer(towns)),
      .init("troubles", .integer(row["troubles"]?.elements.count ?? 0)),
      .init("disagreements", .integer(disagreements)),
    ]
  }
}
