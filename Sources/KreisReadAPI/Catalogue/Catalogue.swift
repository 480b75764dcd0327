// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// What the API serves, as of one snapshot: public values of what is neither deleted, erased nor
/// restricted, and no protected place. `CatalogueKeeper` makes it.
struct Catalogue: Sendable {
  /// One object, which never changes: what replaces it is another one.
  final class Item: Sendable {
    let id: String
    /// Since when the object is served so by this process, seconds since 1970.
    let modified: UInt64
    let hash: Hash256
    /// The object with all that it lists, as JSON in a frame of zstd: a whole Kreis in memory as text
    /// would be larger than its database.
    private let packed: [UInt8]
    /// Lower case, UTF-8 with a zero at its end.
    let words: [CChar]
    let organization: String?
    let taxonomy: String?
    let parent: String?
    let terms: Set<String>

    init(
      id: String, modified: UInt64, hash: Hash256, packed: [UInt8], words: String,
      organization: String?, taxonomy: String?, parent: String?, terms: Set<String>
    ) {
      (self.id, self.modified, self.hash) = (id, modified, hash)
      self.packed = packed
      self.words = Array(words.utf8CString)
      (self.organization, self.taxonomy, self.parent) = (organization, taxonomy, parent)
      self.terms = terms
    }

    var size: Int { packed.count }

    /// The object with all that it lists, as JSON.
    ///
    /// - Throws: `ZstdError`, which no memory that works gives reason for.
    func full() throws -> [UInt8] { try Zstd.decompress(packed, limit: Catalogue.sizeLimit) }

    /// - Throws: as `full`, and an error of the JSON parser.
    func json() throws -> JSONValue {
      try JSONParser.parse(try full(), limit: Catalogue.sizeLimit)
    }

    /// The object without its lists, as JSON.
    ///
    /// - Throws: as `json`.
    func brief() throws -> [UInt8] { JSONWriter.bytes(of: HSDSWriter.brief(try json())) }
  }

  /// All objects of a sort, in the order of their ids.
  struct Section: Sendable {
    private(set) var items: [Item] = []

    init(_ items: [Item]) { self.items = items.sorted { $0.id < $1.id } }

    subscript(id: String) -> Item? {
      let place = place(of: id)
      return place < items.count && items[place].id == id ? items[place] : nil
    }

    /// Where it stands or is to stand.
    private func place(of id: String) -> Int {
      var (low, high) = (0, items.count)
      while low < high {
        let middle = (low + high) / 2
        if items[middle].id < id { low = middle + 1 } else { high = middle }
      }
      return low
    }

    /// - Parameter item: `nil`: it is not served any more.
    /// - Returns: what stood there.
    @discardableResult
    mutating func set(_ id: String, _ item: Item?) -> Item? {
      let place = place(of: id)
      let before = place < items.count && items[place].id == id ? items[place] : nil
      switch (before, item) {
      case (nil, nil): break
      case (nil, let item?): items.insert(item, at: place)
      case (_?, let item?): items[place] = item
      case (_?, nil): items.remove(at: place)
      }
      return before
    }
  }

  enum Sort: String, CaseIterable {
    case services, organizations
    case serviceAtLocations = "service_at_locations"
    case taxonomies
    case taxonomyTerms = "taxonomy_terms"
  }

  /// Bytes that all objects may have together, in frames.
  static let sizeLimit = 512 << 20

  struct TooLarge: Error {}

  private var sections: [Sort: Section] = [:]
  /// For the pages; empty where there are none.
  var offers = OfferIndex()
  private var size = 0
  private var sum = HashSum()
  /// When something last changed, seconds since 1970.
  private(set) var latest: UInt64 = 0

  init() {}

  subscript(sort: Sort) -> Section { sections[sort] ?? Section([]) }

  /// Equal for equal content: made of the hashes of all that is served.
  var tag: String { sum.description }

  /// - Throws: `TooLarge`.
  mutating func set(_ sort: Sort, _ id: String, _ item: Item?) throws {
    note(item, in: sections[sort, default: Section([])].set(id, item))
    guard size <= Self.sizeLimit else { throw TooLarge() }
  }

  /// Takes all objects of a sort at once.
  ///
  /// - Throws: `TooLarge`.
  mutating func set(_ sort: Sort, _ items: [Item]) throws {
    for item in self[sort].items { note(nil, in: item) }
    for item in items { note(item, in: nil) }
    sections[sort] = Section(items)
    guard size <= Self.sizeLimit else { throw TooLarge() }
  }

  private mutating func note(_ item: Item?, in before: Item?) {
    if let before {
      size -= before.size
      sum.remove(before.hash)
    }
    if let item {
      size += item.size
      sum.add(item.hash)
      latest = max(latest, item.modified)
    }
  }
}

/// A hash of many objects in no order, to which one can be added and from which one can be taken: the sum
/// of their hashes, word by word. Whoever chose the objects could make two sets with one sum, and would
/// make browsers keep an old page by it.
private struct HashSum: CustomStringConvertible {
  private var words: [UInt64] = [0, 0, 0, 0]

  private static func words(of hash: Hash256) -> [UInt64] {
    let bytes = Array(hash.bytes)
    return stride(from: 0, to: 32, by: 8).map { start in
      bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  mutating func add(_ hash: Hash256) {
    for (index, word) in Self.words(of: hash).enumerated() { words[index] &+= word }
  }

  mutating func remove(_ hash: Hash256) {
    for (index, word) in Self.words(of: hash).enumerated() { words[index] &-= word }
  }

  var description: String {
    let bytes = words.flatMap { word in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
    }
    return String(Hash256(of: bytes).description.prefix(32))
  }
}
