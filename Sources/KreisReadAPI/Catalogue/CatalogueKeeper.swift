// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore
import KreisTransport

/// Makes the catalogue and keeps it up to date: after a change, only the objects that it shows in are made
/// anew. What it gives is equal to what would be made from nothing.
struct CatalogueKeeper {
  private(set) var catalogue = Catalogue()
  private let hasPages: Bool
  private let memory: ExportMemory
  private var trails = ObjectTrails()
  /// Of categories, by their ids.
  private var names: [String: String] = [:]
  private var parents: [String: String] = [:]
  private var taxonomies: [String: String] = [:]
  private var owners: [String: OfferOwner] = [:]

  /// The kinds of records that become objects; organizations before services, which have some of theirs.
  private static let kinds: KeyValuePairs<String, Catalogue.Sort> = [
    "taxonomy_term": .taxonomyTerms, "organization": .organizations, "service": .services,
    "service_at_location": .serviceAtLocations,
  ]
  /// Records that are held while the objects are put together, some of which are needed very often.
  private static let recentLimit = 20_000

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
      var items: [Catalogue.Item] = []
      var offers: [(Offer, Set<String>)] = []
      try directory.records(Schema.directory.kind(named: kind)) { record in
        guard let made = try make(record, at: bench, before: nil) else { return }
        items.append(made.item)
        if let offer = made.offer { offers.append(offer) }
      }
      try catalogue.set(sort, items)
      if sort == .services { catalogue.offers = OfferIndex(offers) }
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
        let owner = owners[text]
        forget(text, sort)
        let made = try record.flatMap { try make($0, at: bench, before: known) }
        try catalogue.set(sort, text, made?.item)
        if sort == .services, hasPages { catalogue.offers.set(text, made?.offer) }
        if sort == .taxonomyTerms { areTermsOther = true }
        if sort == .organizations, owner != owners[text] {
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
    case .taxonomyTerms: (names[id], parents[id], taxonomies[id]) = (nil, nil, nil)
    case .organizations: owners[id] = nil
    case .services, .serviceAtLocations, .taxonomies: break
    }
  }

  private mutating func settle(_ bench: ObjectBench, areTermsOther: Bool) throws {
    if areTermsOther {
      try catalogue.set(
        .taxonomies,
        Set(taxonomies.values).sorted().map { name in
          let json = HSDSWriter.document(taxonomy: name)
          return bench.item(json, nil, nil, before: catalogue[.taxonomies][json["id"]?.text ?? ""])
        })
    }
    guard hasPages else { return }
    catalogue.offers.settle(
      names: names, parents: parents, try bench.directory.schoolHolidays(), on: bench.today)
  }

  // MARK: - One object

  private typealias Made = (item: Catalogue.Item, offer: (offer: Offer, words: Set<String>)?)

  /// - Parameter before: what was served of it.
  /// - Returns: `nil` for what is not served.
  private mutating func make(
    _ record: ExportRecord, at bench: ObjectBench, before: Catalogue.Item?
  ) throws -> Made? {
    bench.begin()
    let json = try bench.document(record)
    let service = try record["service_id"].flatMap { try bench.source.record($0) }
    if let id = RecordID(text: record.id) { trails.set(id, bench.trail) }
    guard let json else { return nil }
    let item = bench.item(json, record, service, before: before)
    if record.kind.name == "taxonomy_term" { taxonomies[record.id] = record["taxonomy"] }
    return (item, hasPages ? note(ServedObject(json), record) : nil)
  }

  /// Takes what pages need from what is served.
  private mutating func note(
    _ object: ServedObject, _ record: ExportRecord
  ) -> (offer: Offer, words: Set<String>)? {
    let topics = Set(record.elements("categories"))
    switch record.kind.name {
    case "taxonomy_term":
      names[record.id] = object.text("name")
      parents[record.id] = object.text("parent_id")
    case "organization":
      owners[record.id] = OfferOwner(
        object, topics: topics, topicNames: topics.compactMap { names[$0] })
    case "service":
      let owner = object.text("organization_id").flatMap { owners[$0] }
      let all = topics.union(owner?.topics ?? [])
      return Offer(object, topics: all, of: owner).map {
        ($0, $0.words(of: object, topicNames: all.compactMap { names[$0] }))
      }
    default: break
    }
    return nil
  }
}

/// Where objects are made of one snapshot.
private final class ObjectBench {
  let directory: ExportedDirectory
  /// As the directory's, and notes what is asked for.
  private(set) var source: ExportSource
  private let writer: HSDSWriter
  private let now: UInt64
  private let steps: Steps
  private let packer = ZstdPacker()

  private final class Steps { var trail = ObjectTrails.Trail() }

  init(_ directory: ExportedDirectory, now: UInt64) {
    self.directory = directory
    self.now = now
    let steps = Steps()
    let plain = directory.source
    self.steps = steps
    source = ExportSource(
      record: { text in
        if let id = RecordID(text: text) { steps.trail.reads.insert(id) }
        let record = try plain.record(text)
        if let record, record.id != text, let id = RecordID(text: record.id) {
          steps.trail.reads.insert(id)
        }
        return record
      },
      referring: { kind, field, text in
        if let id = RecordID(text: text) { steps.trail.asks.insert(id) }
        let records = try plain.referring(kind, field, text)
        for record in records {
          if let id = RecordID(text: record.id) { steps.trail.reads.insert(id) }
        }
        return records
      })
    writer = HSDSWriter(source: source, now: Int(clamping: now))
  }

  var today: CivilDate { BerlinTime.local(Int(clamping: now)).date }
  var trail: ObjectTrails.Trail { steps.trail }

  func begin() { steps.trail = ObjectTrails.Trail() }

  func document(_ record: ExportRecord) throws -> JSONValue? {
    switch record.kind.name {
    case "taxonomy_term": writer.document(term: record)
    case "organization": try writer.document(organization: record)
    case "service": try writer.document(service: record)
    default: try writer.document(serviceAtLocation: record)
    }
  }

  /// - Parameters:
  ///   - service: that of a service at a place.
  ///   - before: what was served of it.
  func item(
    _ json: JSONValue, _ record: ExportRecord?, _ service: ExportRecord?, before: Catalogue.Item?
  ) -> Catalogue.Item {
    let full = JSONWriter.bytes(of: json)
    let words = ["name", "alternate_name", "description"].compactMap { name -> String? in
      if case .string(let text)? = json[name] { text } else { service?[name] }
    }
    let hash = Hash256(of: full)
    return Catalogue.Item(
      id: json["id"]?.text ?? "",
      // Not when its author wrote it: what a town wrote offline becomes visible long after.
      modified: before.flatMap { $0.hash == hash ? $0.modified : nil } ?? now, hash: hash,
      packed: packer.compress(full, level: 1),
      words: words.joined(separator: "\n").lowercased(),
      organization: record?["organization_id"] ?? service?["organization_id"],
      taxonomy: json["taxonomy_id"]?.text, parent: record?["parent_id"],
      terms: Set((service ?? record)?.elements("categories") ?? []))
  }
}
