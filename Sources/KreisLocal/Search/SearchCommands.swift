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
      openAt: isOpen ? time : nil)
    // One after the other: who waits for the index must hold no connection of the store.
    let (total, hits) = try indexed { content in
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

  /// Runs `body` on the index, one after the other.
  private func indexed<T: Sendable>(_ body: (IndexContent) throws -> T) throws -> T {
    try index.use(of: store, read: { try read($0) }, body)
  }

  /// Rows: the districts in which something is, by name: `name`.
  func districts(_ call: LocalCall) throws -> Outcome {
    try read { try checkShown($0) }
    let names = try indexed { content in
      content.districts.keys.map { (GermanName.plain($0), $0) }.sorted { $0 < $1 }
    }
    for name in names { try call.row(["name": .string(name.1)]) }
    return .done
  }

  /// Arguments: kind, offset. Rows: the records of the kind by name, at most 1,000: `id`, `name`.
  func choices(_ call: LocalCall) throws -> Outcome {
    let kind = try kind(named: try call.text("kind"))
    let offset = max(0, try call.optionalInteger("offset") ?? 0)
    try read { try checkShown($0) }
    let rows = try indexed { content in
      content.ordered(kind).dropFirst(offset).prefix(Self.relatedLimit).compactMap { slot in
        content[slot: slot].map { item -> JSONValue in
          ["id": .string(item.id.description), "name": .string(item.name)]
        }
      }
    }
    for row in rows { try call.row(row) }
    return .done
  }

  /// Argument: id. Rows: the records that name this one, by kind and name: `RecordJSON.full` with `name`
  /// and `field`, the field that names it.
  func related(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let ids = try read { snapshot in
      try checkShown(snapshot)
      let id = try record(text, snapshot.lookup)
      if let state = try snapshot.state(of: id) { try checkUnrestricted(state, snapshot) }
      // What names a record that was merged into this one belongs here now.
      return [id] + (try snapshot.merged(into: id))
    }
    let others = try indexed { content in
      ids.flatMap { content.naming($0) }.sorted {
        ($0.kind.tag, $0.key, $0.id) < ($1.kind.tag, $1.key, $1.id)
      }
    }
    let rows = try read { snapshot in
      let hidden = try snapshot.restrictedRecords()
      let json = RecordJSON(snapshot)
      return try others.prefix(Self.relatedLimit).compactMap { other -> JSONValue? in
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
    for row in rows { try call.row(row) }
    return .done
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
        && content.slot(of: other.id).map(found.because.contains) == true
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
