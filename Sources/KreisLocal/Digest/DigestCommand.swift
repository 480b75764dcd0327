// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Row: how much waits for somebody here: `requests` (open change requests that concern this member),
  /// `due` (own records to confirm within 30 days), `conflicts`, `overdue_erasures`, and `title` and
  /// `training` of the replica. Numbers only.
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
        .init("conflicts", .integer(try snapshot.conflictCount())),
        .init("overdue_erasures", .integer(overdue)),
      ]
    }
    try call.row(.object(row))
    return .done
  }
}
