// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: within (days, by default 0), every (days from one confirmation to the next), kinds,
  /// own (this member's only).
  ///
  /// Rows: what is due until then, this member's first, then by date: `id`, `kind`, `name`, `owner`,
  /// `owner_title`, `own`, `assured_date`, `due` (null: never confirmed).
  ///
  /// With `offset` and `limit` only these of this member's own are told, behind `{"total":N}`, each with
  /// `id`, `kind`, `name`, `organization` (the name of the one that it belongs to, or null) and `due`,
  /// without a look at all records.
  func due(_ call: LocalCall) throws -> Outcome {
    if let limit = try call.optionalInteger("limit") { return try ownDue(call, limit: limit) }
    let within = try call.optionalInteger("within") ?? 0
    let every = try call.optionalInteger("every") ?? Confirmation.interval
    guard (0...100_000).contains(within), (1...100_000).contains(every) else {
      throw CommandError(.wrongUse, "Give a number of days, at most 100000.")
    }
    let ownOnly = try call.flag("own")
    let kinds = try Set(kinds(call).map(\.tag))
    let last = today.adding(days: within)
    try stream { snapshot in
      try checkShown(snapshot)
      var found: [(isOther: Bool, due: Confirmation, id: RecordID, row: JSONValue)] = []
      try snapshot.visitRecords { record in
        let isOwn = snapshot.membership.steward(of: record.id) == snapshot.identity.member
        guard kinds.isEmpty || kinds.contains(record.kind.tag), isOwn || !ownOnly,
          let due = Confirmation(
            of: record.kind, assured: record["assured_date"], review: record["review_date"],
            every: every), due <= .on(last)
        else { return }
        found.append((!isOwn, due, record.id, Self.row(record, due, isOwn, snapshot)))
      }
      found.sort { ($0.isOther ? 1 : 0, $0.due, $0.id) < ($1.isOther ? 1 : 0, $1.due, $1.id) }
      for entry in found { try call.row(entry.row) }
    }
    return .done
  }

  private func ownDue(_ call: LocalCall, limit: Int) throws -> Outcome {
    let within = try call.optionalInteger("within") ?? 0
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    let (membership, own) = try read { snapshot in
      try checkShown(snapshot)
      return (snapshot.membership, snapshot.identity.member)
    }
    let last = today.adding(days: within)
    let (total, items) = try indexed(call) { content in
      let found = content.due(until: last, first: offset + max(0, limit)) {
        membership.steward(of: $0) == own
      }
      return (
        found.total,
        found.first.dropFirst(offset).map { (item: $0, organization: content.organization(of: $0)) }
      )
    }
    let rows = try read { snapshot in
      let json = RecordJSON(snapshot)
      return try items.map { item, organization -> JSONValue in
        let day: JSONValue =
          if case .on(let date)? = item.due { .string(date.description) } else { .null }
        let name = try organization.flatMap { try json.name(of: $0) }
        return [
          "id": .string(item.id.description), "kind": .string(item.kind.name),
          "name": .string(item.name), "organization": name.map { .string($0) } ?? .null,
          "due": day,
        ]
      }
    }
    try call.row(["total": .integer(total)])
    for row in rows { try call.row(row) }
    return .done
  }

  private static func row(
    _ record: ShownRecord, _ due: Confirmation, _ isOwn: Bool, _ snapshot: Snapshot
  ) -> JSONValue {
    let day: JSONValue = if case .on(let date) = due { .string(date.description) } else { .null }
    return .object(
      RecordJSON.naming(record, snapshot) + [
        .init("own", .bool(isOwn)),
        .init("assured_date", record["assured_date"].map { .string($0) } ?? .null),
        .init("due", day),
      ])
  }

  /// Arguments: ids, every (days until the next review). Row per record: `id`, `assured_date`,
  /// `written`.
  ///
  /// All are confirmed in one transaction or none; each by one ordinary write. A day of review that
  /// was reached moves on.
  func confirm(_ call: LocalCall) throws -> Outcome {
    let texts = try call.list("ids").compactMap(\.text)
    guard !texts.isEmpty else { throw CommandError(.wrongUse, "Name the records to confirm.") }
    let every = try call.optionalInteger("every") ?? Confirmation.interval
    let occasion = occasion(call)
    let today = today
    let rows = try write { transaction in
      try texts.map { text -> JSONValue in
        let id = try record(text, transaction.lookup)
        guard let kind = try transaction.lookup.kind(of: id) else {
          throw CommandError(.wrongUse, "\(id) is of a kind that this version does not know.")
        }
        var edits = [
          Edit(try field(named: "assured_date", of: kind), .value(today.description))
        ]
        if let review = try? kind.field(named: "review_date"),
          let day = try transaction.value(review, of: id).flatMap({ CivilDate($0) }), day <= today
        {
          edits.append(Edit(review, .value(today.adding(days: every).description)))
        }
        let written = try transaction.change(id, edits, occasion)
        return [
          "id": .string(id.description), "assured_date": .string(today.description),
          "written": .integer(written),
        ]
      }
    }
    for row in rows { try call.row(row) }
    return .done
  }

  /// The day on the calendars in Germany.
  var today: CivilDate {
    let zone = TimeZone(identifier: OfficeHours.defaultTimeZone) ?? .gmt
    let seconds = Int(now())
    let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    return LocalTime(seconds: seconds, offset: offset).date
  }

  /// The kinds that a command is limited to; empty: all.
  func kinds(_ call: LocalCall) throws -> [RecordKind] {
    try call.list("kinds").compactMap { json in
      if case .string(let name) = json { try kind(named: name) } else { nil }
    }
  }
}

extension IndexContent {
  /// By what a record belongs to an organization, the nearest first.
  private static let ways = [
    "organization_id", "service_at_location_id", "service_id", "location_id", "contact_id",
  ]

  /// The organization that an item belongs to, if need be by way of what it belongs to: what is called
  /// „Beratung“, or has no name, says little without it.
  fileprivate func organization(of item: Item) -> RecordID? {
    var item = item
    // Hours of an offer at a place are three steps away.
    for _ in 1...3 {
      let owners = Self.ways.lazy.compactMap { way in
        item.references.first { $0.field.name == way }
      }
      guard let owner = owners.first else { return nil }
      if owner.field.name == "organization_id" { return owner.target }
      guard let next = self[owner.target] else { return nil }
      item = next
    }
    return nil
  }
}
