// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Rows that a page of a search has at most.
  private static let pageLimit = 200
  /// Rows that `related` answers at most.
  private static let relatedLimit = 1_000

  /// Arguments: kind (by default organization), text, category, network, municipality (records),
  /// district (its name), age (in years, -1 before birth; of offers, or of who states none), open (now),
  /// offset, limit.
  ///
  /// Rows: `{"total":N}`, then the records found from `offset` on, the best first: `RecordJSON.full`
  /// with `name`, `opening` (`{"text","now"}` or null) and `because` (`{"kind","name"}` of what belongs
  /// to it and has a word of the text). Each word must stand somewhere: in the record, or in what belongs
  /// to it. Umlauts, hyphens, parts of compounds and small errors do not matter.
  func search(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: try call.optionalText("kind") ?? "organization")
    let text = try call.optionalText("text") ?? ""
    let isOpen = try call.flag("open")
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    let limit = min(max(0, try call.optionalInteger("limit") ?? 50), Self.pageLimit)
    let named = try ["category", "network", "municipality"].map { try call.optionalText($0) }
    let time = BerlinTime.local(Int(now()))
    let ids = try read { snapshot in
      try checkShown(snapshot)
      return try named.map { try $0.map { try record($0, snapshot.lookup) } }
    }
    let query = SearchQuery(
      kind: kind, text: text, category: ids[0], network: ids[1], municipality: ids[2],
      district: try call.optionalText("district"), age: try call.optionalInteger("age"),
      openAt: isOpen ? time : nil, today: time.date)
    // One after the other: who waits for the index must hold no connection of the store.
    let (total, hits) = try indexed(call) { content in
      let found = query.run(content)
      let openings = Openings(content, at: time)
      return (
        found.slots.count,
        found.slots.dropFirst(offset).prefix(limit)
          .compactMap { SearchHit($0, found, content, openings) }
      )
    }
    let rows = try read { snapshot in
      let json = RecordJSON(snapshot)
      return try hits.compactMap { hit -> JSONValue? in
        guard let state = try snapshot.state(of: hit.id), !state.isDeleted,
          case .object(let members) = try json.full(state)
        else { return nil }
        return .object(members + hit.members)
      }
    }
    try call.row(["total": .integer(total)])
    for row in rows { try call.row(row) }
    return .done
  }

  /// Runs `body` on the index, one after the other. Whoever waits for it must hold no connection of the
  /// store.
  func indexed<T: Sendable>(
    _ call: LocalCall, _ body: (IndexContent) throws -> T
  ) throws -> T {
    try index.use(of: store, until: call.deadline, body)
  }

  /// Argument: limit. Rows: the districts in which most is, by name: `name`.
  func districts(_ call: LocalCall) throws -> Outcome {
    let limit = max(0, try call.optionalInteger("limit") ?? Self.relatedLimit)
    try read { try checkShown($0) }
    let names = try indexed(call) { content in
      content.districts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit)
        .map { (GermanName.plain($0.key), $0.key) }.sorted { $0 < $1 }
    }
    for name in names { try call.row(["name": .string(name.1)]) }
    return .done
  }

  /// Arguments: kind, offset, limit. Rows: with a limit first `{"total":N}`; then the records of the kind
  /// by name, at most 1,000: `id`, `name`.
  func choices(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: try call.text("kind"))
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    let limit = try call.optionalInteger("limit").map { max(0, $0) }
    try read { try checkShown($0) }
    let (total, rows) = try indexed(call) { content in
      let slots = content.ordered(kind)
      let rows = slots.dropFirst(offset).prefix(min(limit ?? .max, Self.relatedLimit))
        .compactMap { slot in
          content[slot: slot].map { item -> JSONValue in
            ["id": .string(item.id.description), "name": .string(item.name)]
          }
        }
      return (slots.count, rows)
    }
    if limit != nil { try call.row(["total": .integer(total)]) }
    for row in rows { try call.row(row) }
    return .done
  }

  /// Arguments: id, limit (of each kind, by default of all), kind (only this one), offset. Rows: with a
  /// limit first `{"counts":{KIND:N},"over":N}`, of all kinds, and of the memberships among them those that
  /// are over; then the records that name this one, by kind and name, or by the name of what else they name,
  /// what is over last: `RecordJSON.full` with `name` and `field`, the field that names it.
  func related(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let limit = try call.optionalInteger("limit").map { max(0, $0) }
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    let only = try call.optionalText("kind").map { try kind(named: $0) }
    let ids = try read { snapshot in
      try checkShown(snapshot)
      let id = try record(text, snapshot.lookup)
      if let state = try snapshot.state(of: id) { try checkUnrestricted(state, snapshot) }
      // What names a record that was merged into this one belongs here now.
      return [id] + (try snapshot.merged(into: id))
    }
    let today = today
    let (counts, over, others) = try indexed(call) { content in
      var byKind: [UInt32: [IndexContent.Item]] = [:]
      for item in ids.flatMap({ content.naming($0) }) {
        byKind[item.kind.tag, default: []].append(item)
      }
      let counts = byKind.values.compactMap { items in
        items.first.map { JSONValue.Member($0.kind.name, .integer(items.count)) }
      }
      let wanted = byKind.sorted { $0.key < $1.key }
        .filter { only == nil || $0.key == only?.tag }
      let others = wanted.flatMap { _, items in
        content.sorted(items, beside: ids, on: today).dropFirst(offset).prefix(
          limit ?? Self.relatedLimit)
      }
      let over = byKind.values.joined().count { $0.isOver(on: today) }
      return (counts, over, Array(others.prefix(Self.relatedLimit)))
    }
    let rows = try read { snapshot in
      let hidden = try snapshot.restrictedRecords()
      let json = RecordJSON(snapshot)
      return try others.compactMap { other -> JSONValue? in
        guard let state = try snapshot.state(of: other.id), !state.isDeleted,
          !state.belongs(to: hidden, other.kind),
          case .object(let members) = try json.full(state)
        else { return nil }
        let field = other.references.first { ids.contains($0.target) }?.field.name
        return .object(
          members + [
            .init("name", .string(other.name)),
            .init("field", field.map { .string($0) } ?? .null),
          ])
      }
    }
    if limit != nil {
      try call.row([
        "counts": .object(counts.sorted { $0.name < $1.name }), "over": .integer(over),
      ])
    }
    for row in rows { try call.row(row) }
    return .done
  }
}

extension IndexContent {
  /// What is over last, and by name; what has none, by the name of what it names besides the records `ids`.
  fileprivate func sorted(
    _ items: [Item], beside ids: [RecordID], on today: CivilDate
  ) -> [Item] {
    let keyed = items.map { item -> (isOver: Int, key: String, item: Item) in
      let isOver = item.isOver(on: today) ? 1 : 0
      guard item.key.isEmpty else { return (isOver, item.key, item) }
      let other = item.references.first { !ids.contains($0.target) }
      return (isOver, other.flatMap { self[$0.target]?.key } ?? "", item)
    }
    return keyed.sorted {
      ($0.isOver, $0.key, $0.item.id) < ($1.isOver, $1.key, $1.item.id)
    }.map(\.item)
  }
}

/// A record that was found, and what the index says of it.
private struct SearchHit: Sendable {
  let id: RecordID
  let members: [JSONValue.Member]

  init?(
    _ slot: Int32, _ found: SearchQuery.Findings, _ content: IndexContent, _ openings: Openings
  ) {
    guard let item = content[slot: slot] else { return nil }
    id = item.id
    let because = content.naming(item.id).filter { other in
      other.kind.naming != nil && !other.name.isEmpty
        && content.slot(of: other.id).map(found.hasWord) == true
    }
    .sorted { ($0.key, $0.id) < ($1.key, $1.id) }.prefix(3)
    members = [
      .init("name", .string(item.name)), .init("opening", openings.next(of: item) ?? .null),
      .init(
        "because",
        .array(because.map { ["kind": .string($0.kind.name), "name": .string($0.name)] })),
    ]
  }
}
