// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

extension DirectoryCommands {
  /// Arguments: id, and what is to be erased of everything that refers to or names the person: `with`
  /// (ids), `all_shown` (all but those with the same last name only) or `only` (nothing).
  ///
  /// Rows: first what was found, `PersonJSON.hit`; then `{"id","kind","erased","ordered","owner_title"}`
  /// per record, `ordered` if the hub must answer first. Without a choice, and with anything found,
  /// only the first, and a failure; with `dry_run` only the first, and nothing is erased.
  ///
  /// Records that were merged into this one are about the same, and go with it; `erased` is false for
  /// one that only another member may erase.
  func erase(_ call: LocalCall) throws -> Outcome {
    let text = try call.text("id")
    let choice = try EraseChoice(call)
    let occasion = occasion(call)
    let isDryRun = try call.flag("dry_run")
    guard isDryRun || !occasion.reason.isEmpty else {
      throw CommandError(
        .wrongUse, "Say why, with --reason, and name nobody in it: the reason stays.")
    }
    let (found, own) = try read { snapshot in
      try checkShown(snapshot)
      let id = try record(text, snapshot.lookup)
      let own = [id] + (try snapshot.merged(into: id))
      let search = try snapshot.search(for: own)
      guard !search.concerns(occasion.reason), !search.concerns(occasion.role) else {
        throw CommandError(
          .wrongUse,
          "The reason and the role stay, so they must not name the person. Nothing was erased.",
          .namesPerson)
      }
      let json = PersonJSON(snapshot)
      return (
        try snapshot.hits(search, except: own).map { (hit: $0, json: try json.hit($0)) }, own
      )
    }
    for item in found { try call.row(item.json) }
    if isDryRun { return .done }
    guard found.isEmpty || choice.isMade else {
      throw CommandError(
        .wrongUse,
        "Nothing was erased. "
          + counted(
            found.count, "other record refers to or names", "other records refer to or name")
          + " the person; say which go too: --with ID…, --all-shown (all but those marked similar) "
          + "or --only. A name in a text that stays is removed with: kreisnetz edit ID FIELD=… --forget"
      )
    }
    let chosen = try choice.records(among: found.map(\.hit), self) { text in
      try read { try record(text, $0.lookup) }
    }
    let rows = try write { transaction in
      let others = own.filter { id in
        id != own[0] && !transaction.membership.mayWrite(transaction.identity.member, id)
      }
      return try (own.filter { !others.contains($0) } + chosen).map {
        try erase($0, occasion, transaction)
      }
        + others.map { id in
          let kind = try transaction.lookup.kind(of: id)
          return try erasureRow(of: id, kind, isErased: false, transaction)
        }
    }
    for row in rows { try call.row(row) }
    return .done
  }

  private func erase(
    _ id: RecordID, _ occasion: Occasion, _ transaction: Transaction
  ) throws -> JSONValue {
    let kind = try transaction.lookup.kind(of: id)
    try transaction.erase(id, occasion)
    return try erasureRow(of: id, kind, isErased: true, transaction)
  }

  private func erasureRow(
    of id: RecordID, _ kind: RecordKind?, isErased: Bool, _ transaction: Transaction
  ) throws -> JSONValue {
    let isDone = try transaction.state(of: id)?.erasedIn != nil
    let owner = transaction.membership.keeper(of: id)
    return [
      "id": .string(id.description), "kind": kind.map { .string($0.name) } ?? .null,
      "erased": .bool(isErased), "ordered": .bool(isErased && !isDone),
      "owner_title": owner.map { .string($0.title) } ?? .null,
    ]
  }
}

/// What is to be erased besides the record itself.
private struct EraseChoice {
  private let with: [String]
  private let isAll: Bool
  let isMade: Bool

  init(_ call: LocalCall) throws {
    with = try call.list("with").compactMap(\.text)
    isAll = try call.flag("all_shown")
    let isOnly = try call.flag("only")
    guard !isOnly || (with.isEmpty && !isAll) else {
      throw CommandError(.wrongUse, "--only contradicts --with and --all-shown.")
    }
    isMade = !with.isEmpty || isAll || isOnly
  }

  func records(
    among hits: [PersonSearch.Hit], _ commands: DirectoryCommands,
    _ record: (String) throws -> RecordID
  ) throws -> [RecordID] {
    var chosen: [RecordID] = []
    let membership = commands.store.membership
    let member = commands.store.identity.member
    if isAll {
      // What only others may erase stays in the list for them.
      chosen = hits.filter { $0.how != .similar && membership.mayWrite(member, $0.record) }
        .map(\.record)
    }
    for text in with {
      let id = try record(text)
      guard hits.contains(where: { $0.record == id }) else {
        throw CommandError(
          .wrongUse,
          "\(id) neither refers to nor names the person; erase it by itself. Nothing was erased.",
          .unrelated)
      }
      if !chosen.contains(id) { chosen.append(id) }
    }
    return chosen
  }
}

/// What a search for a person found, as JSON.
struct PersonJSON {
  let snapshot: Snapshot

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  /// `{"id","kind","name","owner","owner_title","how":"refers|names|similar","places":[{"field",
  /// "scope","shown"}],"erasable"}`. `field` is null for the role or reason of a change.
  func hit(_ hit: PersonSearch.Hit) throws -> JSONValue {
    let kind = Schema.directory.kind(tag: hit.kind)
    let owner = snapshot.membership.keeper(of: hit.record)
    let how =
      switch hit.how {
      case .refers: "refers"
      case .names: "names"
      case .similar: "similar"
      }
    return [
      "id": .string(hit.record.description), "kind": kind.map { .string($0.name) } ?? .null,
      "name": try snapshot.naming(of: hit.record)?.name.map { .string($0) } ?? .null,
      "owner": owner.map { .string($0.name) } ?? .null,
      "owner_title": owner.map { .string($0.title) } ?? .null, "how": .string(how),
      "places": .array(
        hit.places.map { place in
          [
            "field": place.tag == 0 ? .null : RecordJSON.tag(place.tag, kind),
            "scope": RecordJSON.scope(place.scope), "shown": .bool(place.isShown),
          ]
        }),
      "erasable": .bool(
        snapshot.membership.mayWrite(snapshot.identity.member, hit.record)),
    ]
  }
}
