// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisLocal
import KreisStore

/// What the API serves, made at once from one snapshot: public values of what is neither deleted,
/// erased nor restricted, and no protected place.
struct Catalogue: Sendable {
  struct Item: Sendable {
    let id: String
    /// Since when the object is served so by this process, seconds since 1970.
    let modified: UInt64
    let hash: Hash256
    /// The object with all that it lists, as JSON.
    let full: [UInt8]
    /// Without its lists.
    let brief: [UInt8]
    /// Lower case.
    let words: String
    let organization: String?
    let taxonomy: String?
    let parent: String?
    let terms: Set<String>
  }

  /// All objects of a sort, in the order of their ids.
  struct Section: Sendable {
    private(set) var items: [Item] = []
    private var places: [String: Int] = [:]

    init(_ items: [Item]) {
      self.items = items.sorted { $0.id < $1.id }
      for (place, item) in self.items.enumerated() { places[item.id] = place }
    }

    subscript(id: String) -> Item? { places[id].map { items[$0] } }
  }

  enum Sort: String, CaseIterable {
    case services, organizations
    case serviceAtLocations = "service_at_locations"
    case taxonomies
    case taxonomyTerms = "taxonomy_terms"
  }

  /// What was served of an object, and since when.
  struct Seen: Sendable {
    let hash: Hash256
    let since: UInt64
  }

  private let sections: [Sort: Section]
  /// For the pages; empty where there are none.
  let offers: OfferIndex
  /// By the ids of all objects, which no two sorts share.
  let seen: [String: Seen]
  /// Equal for equal content: the hash of all that is served.
  let tag: String

  subscript(sort: Sort) -> Section { sections[sort] ?? Section([]) }

  /// Bytes that all objects may have together.
  static let sizeLimit = 512 << 20

  struct TooLarge: Error {}

  /// - Parameters:
  ///   - now: seconds since 1970, for the words about office hours, and as the time of what is new.
  ///   - known: what the catalogue before this one served.
  ///   - hasPages: whether families look for offers here.
  ///   - check: called often; throws where the work is to end early.
  /// - Throws: `StoreError`; `TooLarge`; what `check` throws.
  init(
    _ snapshot: Snapshot, now: UInt64, known: [String: Seen], hasPages: Bool,
    check: @escaping () throws -> Void
  ) throws {
    var builder = try CatalogueBuilder(
      snapshot, now: now, known: known, hasPages: hasPages, check: check)
    let sections = try builder.sections()
    var bytes: [UInt8] = []
    var seen: [String: Seen] = [:]
    for sort in Sort.allCases {
      for item in sections[sort]?.items ?? [] {
        bytes += item.hash.bytes
        seen[item.id] = Seen(hash: item.hash, since: item.modified)
      }
    }
    self.sections = sections
    self.seen = seen
    offers = try builder.offerIndex()
    tag = String(Hash256(of: bytes).description.prefix(32))
  }
}

/// Puts the objects of a catalogue together.
private struct CatalogueBuilder {
  private let directory: ExportedDirectory
  private let writer: HSDSWriter
  private let now: UInt64
  private let known: [String: Catalogue.Seen]
  private var size = 0
  private let hasPages: Bool
  private var offers: [Offer] = []
  private var owners: [String: OfferOwner] = [:]
  /// Of categories, by their ids.
  private var names: [String: String] = [:]
  private var parents: [String: String] = [:]

  /// Records that are held while the objects are put together, most of which are needed several
  /// times.
  private static let recentLimit = 100_000

  init(
    _ snapshot: Snapshot, now: UInt64, known: [String: Catalogue.Seen], hasPages: Bool,
    check: @escaping () throws -> Void
  ) throws {
    self.hasPages = hasPages
    directory = try ExportedDirectory(
      snapshot, readers: .public, recentLimit: Self.recentLimit, check: check)
    writer = HSDSWriter(source: directory.source, now: Int(clamping: now))
    self.now = now
    self.known = known
  }

  mutating func sections() throws -> [Catalogue.Sort: Catalogue.Section] {
    var out: [Catalogue.Sort: Catalogue.Section] = [:]
    var taxonomies: Set<String> = []
    let terms = try items("taxonomy_term") { writer, record in
      if let name = record["taxonomy"] { taxonomies.insert(name) }
      return writer.document(term: record)
    }
    out[.taxonomyTerms] = terms
    // Before the services, which have some of it.
    out[.organizations] = try items("organization") { try $0.document(organization: $1) }
    out[.services] = try items("service") { try $0.document(service: $1) }
    out[.serviceAtLocations] = try items("service_at_location") {
      try $0.document(serviceAtLocation: $1)
    }
    out[.taxonomies] = Catalogue.Section(
      try taxonomies.sorted().map { name in
        try item(HSDSWriter.document(taxonomy: name), nil)
      })
    return out
  }

  private mutating func items(
    _ kindName: String, _ document: (HSDSWriter, ExportRecord) throws -> JSONValue?
  ) throws -> Catalogue.Section {
    var items: [Catalogue.Item] = []
    try directory.records(Schema.directory.kind(named: kindName)) { record in
      guard let json = try document(writer, record) else { return }
      items.append(try item(json, record))
      if hasPages { note(ServedObject(json), record) }
    }
    return Catalogue.Section(items)
  }

  // MARK: - Offers

  /// Takes what pages need from what is served.
  private mutating func note(_ object: ServedObject, _ record: ExportRecord) {
    let topics = Set(record.elements("categories"))
    switch record.kind.name {
    case "taxonomy_term":
      names[record.id] = object.text("name")
      parents[record.id] = object.text("parent_id")
    case "organization": owners[record.id] = OfferOwner(object, topics: topics)
    case "service":
      let owner = object.text("organization_id").flatMap { owners[$0] }
      let all = topics.union(owner?.topics ?? [])
      let offer = Offer(
        object, topics: all, topicNames: all.compactMap { names[$0] }, of: owner)
      if let offer { offers.append(offer) }
    default: break
    }
  }

  func offerIndex() throws -> OfferIndex {
    guard hasPages else { return .empty }
    return OfferIndex(
      offers, names: names, parents: parents, try directory.schoolHolidays())
  }

  private mutating func item(_ json: JSONValue, _ record: ExportRecord?) throws -> Catalogue.Item {
    let full = JSONWriter.bytes(of: json)
    let brief = JSONWriter.bytes(of: HSDSWriter.brief(json))
    size += full.count + brief.count
    guard size <= Catalogue.sizeLimit else { throw Catalogue.TooLarge() }
    let service = try record?["service_id"].flatMap { try directory.source.record($0) }
    let words = ["name", "alternate_name", "description"].compactMap { name -> String? in
      if case .string(let text)? = json[name] { text } else { service?[name] }
    }
    let id = json["id"]?.text ?? ""
    let hash = Hash256(of: full)
    // Not when its author wrote it: what a town wrote offline becomes visible long after.
    let since = known[id].flatMap { $0.hash == hash ? $0.since : nil } ?? now
    return Catalogue.Item(
      id: id, modified: since, hash: hash, full: full, brief: brief,
      words: words.joined(separator: "\n").lowercased(),
      organization: record?["organization_id"] ?? service?["organization_id"],
      taxonomy: json["taxonomy_id"]?.text, parent: record?["parent_id"],
      terms: Set((service ?? record)?.elements("categories") ?? []))
  }
}
