// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// Makes the catalogue and keeps it up to date: after a change, only the objects that it shows in are made
/// anew. What it gives is equal to what would be made from nothing.
struct CatalogueKeeper {
  private(set) var catalogue = Catalogue()
  private let hasPages: Bool
  private let memory: ExportMemory
  private var trails = ObjectTrails()
  private var context = OfferContext()

  /// The kinds of records that become objects; organizations before services, which have some of theirs.
  private static let kinds: KeyValuePairs<String, Catalogue.Sort> = [
    "taxonomy_term": .taxonomyTerms, "organization": .organizations, "service": .services,
    "service_at_location": .serviceAtLocations,
  ]
  /// Bytes of records that are held while the objects are put together: most are needed several times,
  /// and to fold one again takes longer than to make an object of it.
  private static let recentLimit = 256 << 20

  /// Makes all.
  ///
  /// - Parameters:
  ///   - now: seconds since 1970, for the words about office hours, and as the time of what is new.
  ///   - hasPages: whether families look for offers here.
  ///   - check: called often; throws where the work is to end early.
  /// - Throws: `StoreError`; `Catalogue.TooLarge`; what `check` throws.
  init(
    _ snapshot: Snapshot, now: UInt64, hasPages: Bool, check: @escaping () throws -> Void
  ) throws {
    self.hasPages = hasPages
    let directory = try ExportedDirectory(
      snapshot, readers: .public, on: Self.day(now), isKept: true, recentLimit: Self.recentLimit,
      check: check)
    memory = directory.memory
    let bench = ObjectBench(directory, now: now)
    for (kind, sort) in Self.kinds {
      let line = FinishingLine(finisher(bench))
      try directory.records(Schema.directory.kind(named: kind)) { record in
        if let draft = try draft(record, at: bench, before: nil) { line.add(draft) }
      }
      let made = line.end()
      for one in made { note(one) }
      try catalogue.set(sort, made.map(\.item))
      if sort == .services { catalogue.offers = OfferIndex(made.compactMap(\.offer)) }
    }
    try settle(bench, areTermsOther: true)
  }

  private static func day(_ now: UInt64) -> CivilDate { BerlinTime.local(Int(clamping: now)).date }

  /// Every object's id, for what makes all anew in parts.
  var objects: [RecordID] {
    Self.kinds.flatMap { catalogue[$0.value].items.compactMap { RecordID(text: $0.id) } }
  }

  /// Whether something that is served was made of this record.
  func knows(_ id: RecordID) -> Bool { trails.knows(id) }

  /// Brings the catalogue up to date.
  ///
  /// - Parameters:
  ///   - changed: records that may have changed since.
  ///   - stale: objects that are to be made anew although nothing changed.
  /// - Throws: as `init`; then nothing of this is to be used any more.
  mutating func update(
    _ snapshot: Snapshot, changed: Set<RecordID>, stale: ArraySlice<RecordID>, now: UInt64,
    check: @escaping () throws -> Void
  ) throws {
    let directory = try ExportedDirectory(
      snapshot, readers: .public, on: Self.day(now), memory: memory, recentLimit: Self.recentLimit,
      check: check)
    // A clock that was set back must not hide from clients what is new.
    let bench = ObjectBench(directory, now: max(now, catalogue.latest))
    let change = try directory.update(changed)
    var wanted = trails.affected(by: change.records, owners: change.owners)
    wanted.formUnion(stale)
    var areTermsOther = false
    for (kind, sort) in Self.kinds {
      var more: Set<RecordID> = []
      for id in wanted.sorted() {
        try check()
        let text = id.description
        let known = catalogue[sort][text]
        let found = try directory.source.record(text)
        // What was merged is handed out under the other's id.
        let record = found.flatMap { $0.id == text && $0.kind.name == kind ? $0 : nil }
        guard known != nil || record != nil else { continue }
        let owner = context.owners[text]
        forget(text, sort)
        let made = try record.flatMap { try draft($0, at: bench, before: known) }
          .map { finisher(bench).finish($0, bench.packer) }
        if let made { note(made) }
        try catalogue.set(sort, text, made?.item)
        if sort == .services, hasPages { catalogue.offers.set(text, made?.offer) }
        if sort == .taxonomyTerms { areTermsOther = true }
        if sort == .organizations, owner != context.owners[text] {
          for service in try directory.source.referring("service", "organization_id", text) {
            if let id = RecordID(text: service.id) { more.insert(id) }
          }
        }
      }
      wanted.formUnion(more)
    }
    try settle(bench, areTermsOther: areTermsOther)
  }

  private mutating func forget(_ id: String, _ sort: Catalogue.Sort) {
    switch sort {
    case .taxonomyTerms:
      (context.names[id], context.parents[id], context.taxonomies[id]) = (nil, nil, nil)
    case .organizations: context.owners[id] = nil
    case .services, .serviceAtLocations, .taxonomies: break
    }
  }

  private mutating func settle(_ bench: ObjectBench, areTermsOther: Bool) throws {
    if areTermsOther {
      try catalogue.set(
        .taxonomies,
        Set(context.taxonomies.values).sorted().map { name in
          let json = HSDSWriter.document(taxonomy: name)
          let before = catalogue[.taxonomies][json["id"]?.text ?? ""]
          return finisher(bench).item(
            ObjectDraft(json: json, record: nil, service: nil, before: before), bench.packer)
        })
    }
    guard hasPages else { return }
    catalogue.offers.settle(
      names: context.names, parents: context.parents, try bench.directory.schoolHolidays(),
      on: bench.today)
  }

  // MARK: - One object

  /// - Parameter before: what was served of it.
  /// - Returns: `nil` for what is not served.
  private mutating func draft(
    _ record: ExportRecord, at bench: ObjectBench, before: Catalogue.Item?
  ) throws -> ObjectDraft? {
    let (draft, trail) = try bench.draft(record, before: before)
    if let id = RecordID(text: record.id) { trails.set(id, trail) }
    return draft
  }

  private func finisher(_ bench: ObjectBench) -> ObjectFinisher {
    ObjectFinisher(now: bench.now, hasPages: hasPages, context: context)
  }

  /// Takes what others need from what is served.
  private mutating func note(_ object: FinishedObject) {
    let id = object.item.id
    switch object.meaning {
    case .term(let taxonomy, let name, let parent):
      (context.names[id], context.parents[id], context.taxonomies[id]) = (name, parent, taxonomy)
    case .owner(let owner): context.owners[id] = owner
    case .nothing, .offer: break
    }
  }
}
