// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// What somebody looks for in the directory.
struct SearchQuery {
  /// Of what is found.
  let kind: RecordKind
  /// As typed.
  let text: String
  /// What is found has this category, or a narrower one, or an offer of it has.
  let category: RecordID?
  /// What is found belongs to this network.
  let network: RecordID?
  /// What is found is in this municipality.
  let municipality: RecordID?
  /// What is found is in this district of a town, or has a place there.
  let district: String?
  /// What is found is for this age in years, or has an offer that is; -1 is before birth.
  let age: Int?
  /// Open at this time.
  let openAt: LocalTime?
  /// On which day: what is over does not count.
  let today: CivilDate

  /// Words of a text that are looked for.
  static let wordLimit = 12

  /// Slots of what was found, the best first, and whether a word was found in the item of a slot.
  struct Findings {
    let slots: [Int32]
    /// Empty: nothing was looked for by words.
    fileprivate let because: [Bool]

    func hasWord(_ slot: Int32) -> Bool { !because.isEmpty && because[Int(slot)] }
  }

  func run(_ content: IndexContent) -> Findings {
    let words = GermanName.words(text).prefix(Self.wordLimit)
    var scores: [Int32] = []
    var because: [Bool] = []
    for word in words {
      let found = score(word, content)
      guard !scores.isEmpty else {
        (scores, because) = (found.scores, found.own.map { $0 > 0 })
        continue
      }
      for slot in scores.indices {
        // Every word must be there somewhere.
        let hasBoth = scores[slot] > 0 && found.scores[slot] > 0
        scores[slot] = hasBoth ? scores[slot] + found.scores[slot] : 0
        if found.own[slot] > 0 { because[slot] = true }
      }
    }
    let wanted = Membership(self, content)
    var hits: [(score: Int32, rank: Int, slot: Int32)] = []
    for (rank, slot) in content.ordered(kind).enumerated() {
      let score = words.isEmpty ? 1 : scores[Int(slot)]
      guard score > 0 else { continue }
      if wanted.isNarrower {
        guard let item = content[slot: slot], wanted.has(item) else { continue }
      }
      hits.append((score, rank, slot))
    }
    if !words.isEmpty { hits.sort { ($1.score, $0.rank) < ($0.score, $1.rank) } }
    return Findings(slots: hits.map(\.slot), because: because)
  }

  // MARK: - Words

  /// How well each slot of the wanted kind fits one word, and how well the word stands in each itself.
  private func score(_ word: String, _ content: IndexContent) -> (scores: [Int32], own: [Int32]) {
    var own = [Int32](repeating: 0, count: content.size)
    var found: [Int32] = []
    for (number, fit) in content.words.matches(word) {
      for slot in content.words.slots(of: number) {
        let score = Int32(fit.rawValue) * (content.isNameWord(number, at: slot) ? 12 : 5)
        if own[Int(slot)] == 0 { found.append(slot) }
        own[Int(slot)] = max(own[Int(slot)], score)
      }
    }
    var scores = [Int32](repeating: 0, count: content.size)
    for slot in found {
      guard let item = content[slot: slot] else { continue }
      let score = own[Int(slot)]
      if item.kind.tag == kind.tag {
        scores[Int(slot)] = max(scores[Int(slot)], score)
        continue
      }
      // What an offer, a person or a category says counts for the organization, but less.
      for owner in item.owners(kind, content) {
        scores[Int(owner)] = max(scores[Int(owner)], max(1, score / 3))
      }
    }
    return (scores, own)
  }
}

extension IndexContent.Item {
  /// Kinds that others belong to by naming them.
  private static let groups: Set<String> = ["taxonomy_term", "municipality", "network"]
  /// Kinds that belong to something themselves.
  private static let parts: Set<String> = [
    "service", "location", "contact", "network_membership", "service_at_location",
  ]

  /// The slots of the items of a kind for which this one speaks.
  fileprivate func owners(_ wanted: RecordKind, _ content: IndexContent) -> [Int32] {
    var out = own(wanted, content)
    guard Self.groups.contains(kind.name) else { return out }
    for other in content.naming(id) {
      if other.kind == wanted {
        if let slot = content.slot(of: other.id) { out.append(slot) }
      } else if Self.parts.contains(other.kind.name) {
        out += other.own(wanted, content)
      }
    }
    return out
  }

  /// What it names of that kind, itself or by what it belongs to.
  private func own(_ wanted: RecordKind, _ content: IndexContent) -> [Int32] {
    guard !Self.groups.contains(kind.name) else { return [] }
    return references.flatMap { reference -> [Int32] in
      guard let target = content[reference.target] else { return [] }
      if target.kind == wanted { return [content.slot(of: target.id)].compactMap(\.self) }
      guard Self.parts.contains(target.kind.name), kind != wanted else { return [] }
      return target.references.compactMap { next in
        content[next.target]?.kind == wanted ? content.slot(of: next.target) : nil
      }
    }
  }
}

/// Which items are in the category, network and municipality that were asked for, and open.
private struct Membership {
  private let query: SearchQuery
  private let content: IndexContent
  private let categories: Set<RecordID>
  private let inNetwork: Set<RecordID>
  private let openings: Openings?
  /// As they are written in the directory: of whoever types a district none must be left out by a
  /// capital letter.
  private let districts: Set<String>

  /// Whether something is asked for besides words.
  var isNarrower: Bool {
    query.category != nil || query.network != nil || query.municipality != nil
      || query.district != nil || query.age != nil || openings != nil
  }

  init(_ query: SearchQuery, _ content: IndexContent) {
    (self.query, self.content) = (query, content)
    categories = query.category.map { Self.narrower($0, content) } ?? []
    inNetwork = query.network.map { Self.members($0, content, on: query.today) } ?? []
    openings = query.openAt.map { Openings(content, at: $0) }
    districts = query.district.map { Self.written($0, content) } ?? []
  }

  /// The districts whose name is, or begins with, what was typed.
  private static func written(_ typed: String, _ content: IndexContent) -> Set<String> {
    let wanted = GermanName.plain(typed)
    let names = content.districts.keys.map { (name: $0, plain: GermanName.plain($0)) }
    let equal = names.filter { $0.plain == wanted }
    let found = equal.isEmpty ? names.filter { $0.plain.hasPrefix(wanted) } : equal
    return Set(found.map(\.name))
  }

  func has(_ item: IndexContent.Item) -> Bool {
    if query.category != nil, !isCategorized(item) { return false }
    if let network = query.network, !inNetwork.contains(item.id),
      !item.references.contains(where: { $0.target == network })
    {
      return false
    }
    if let place = query.municipality, !isIn(place, item) { return false }
    if query.district != nil, !isInDistrict(item) { return false }
    if let age = query.age, !isFor(age, item) { return false }
    if let openings { return openings.isOpen(item) }
    return true
  }

  private func isCategorized(_ item: IndexContent.Item) -> Bool {
    func names(_ item: IndexContent.Item) -> Bool {
      item.references.contains { $0.field.name == "categories" && categories.contains($0.target) }
    }
    return names(item)
      || content.naming(item.id).contains { $0.kind.name == "service" && names($0) }
  }

  private func isIn(_ place: RecordID, _ item: IndexContent.Item) -> Bool {
    func names(_ item: IndexContent.Item) -> Bool {
      item.references.contains { $0.field.name == "municipality_id" && $0.target == place }
    }
    return names(item)
      || content.naming(item.id).contains { $0.kind.name == "location" && names($0) }
  }

  private func isInDistrict(_ item: IndexContent.Item) -> Bool {
    func isIn(_ item: IndexContent.Item) -> Bool {
      item.district.map(districts.contains) == true
    }
    return isIn(item)
      || content.naming(item.id).contains { $0.kind.name == "location" && isIn($0) }
  }

  /// An offer says for whom it is; where none does, who makes it.
  private func isFor(_ age: Int, _ item: IndexContent.Item) -> Bool {
    let offers = content.naming(item.id).filter { $0.kind.name == "service" }.compactMap(\.ages)
    guard offers.isEmpty || item.kind.name == "service" else {
      return offers.contains { $0.contains(age) }
    }
    return item.ages?.contains(age) == true
  }

  /// A category with all below it.
  private static func narrower(_ root: RecordID, _ content: IndexContent) -> Set<RecordID> {
    var out: Set<RecordID> = [root]
    var waiting = [root]
    while let next = waiting.popLast() {
      for item in content.naming(next) where item.kind.name == "taxonomy_term" {
        if out.insert(item.id).inserted { waiting.append(item.id) }
      }
    }
    return out
  }

  /// Who belongs to a network: those that a membership names which is not over, those that the network names, and whose
  /// offers do. Never by region.
  private static func members(
    _ network: RecordID, _ content: IndexContent, on today: CivilDate
  ) -> Set<RecordID> {
    var out = Set(content[network]?.references.map(\.target) ?? [])
    for item in content.naming(network)
    where ["network_membership", "service"].contains(item.kind.name) && !item.isOver(on: today) {
      out.formUnion(item.references.map(\.target))
    }
    return out
  }
}
