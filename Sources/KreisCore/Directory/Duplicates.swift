// SPDX-License-Identifier: EUPL-1.2

/// What tells two records of a kind apart, or not.
package struct DuplicateTraits: Sendable {
  package let id: RecordID
  package let kind: UInt32
  /// Names in the form of `GermanName.key`; empty for what has no name.
  package let names: [[String]]
  package let phones: Set<String>
  package let emails: Set<String>
  /// Street, number and postal code; `nil` if not known.
  package let address: String?
  /// What two different records of one name differ in: the town, the carrier, the day; `nil` if not
  /// known.
  package let context: String?
  /// All that a record without a name says; records that say the same are one.
  package let content: String?

  package init(
    id: RecordID, kind: UInt32, names: [String], phones: [String], emails: [String],
    address: String?, context: String?, content: String?
  ) {
    self.id = id
    self.kind = kind
    self.names = names.map(GermanName.key).filter { !$0.isEmpty }
    self.phones = Set(phones)
    self.emails = Set(emails.map { $0.lowercased() })
    self.address = address
    self.context = context
    self.content = content
  }
}

/// Two records that probably are one.
package struct DuplicatePair: Hashable, Sendable {
  package let first: RecordID
  package let second: RecordID
  package let score: Int
  /// What speaks for it, in German.
  package let reasons: [String]
}

/// Finds probable duplicates. Only records that share a key are compared, so that the work grows with
/// the number of records and not with its square.
package struct DuplicateFinder {
  private var traits: [DuplicateTraits] = []
  private var blocks: [String: [Int32]] = [:]

  /// Members of a block that are all compared with one another; of larger ones each is compared with
  /// its neighbours in the order of names.
  private static let fullBlock = 40
  private static let neighbours = 8
  private static let threshold = 4

  package init() {}

  package mutating func add(_ record: DuplicateTraits) {
    let index = Int32(truncatingIfNeeded: traits.count)
    traits.append(record)
    var keys: Set<String> = []
    if let content = record.content { keys.insert("c:" + content) }
    for name in record.names {
      keys.insert("n:" + name.joined(separator: " "))
      // Typing errors are rare at the beginning of a word.
      for word in name where word.utf8.count >= 4 {
        if let context = record.context { keys.insert("w:\(word.prefix(4))|\(context)") }
      }
    }
    for phone in record.phones { keys.insert("p:" + phone) }
    for email in record.emails { keys.insert("e:" + email) }
    if let address = record.address { keys.insert("a:" + address) }
    for key in keys { blocks["\(record.kind) \(key)", default: []].append(index) }
  }

  /// The pairs found, the most probable first.
  package func pairs() -> [DuplicatePair] {
    var seen: Set<Int64> = []
    var out: [DuplicatePair] = []
    for members in blocks.values where members.count > 1 {
      visitPairs(of: members) { first, second in
        let key = Int64(min(first, second)) << 32 | Int64(max(first, second))
        guard seen.insert(key).inserted else { return }
        if let pair = compare(traits[Int(first)], traits[Int(second)]) { out.append(pair) }
      }
    }
    return out.sorted {
      ($1.score, $0.first, $0.second) < ($0.score, $1.first, $1.second)
    }
  }

  private func visitPairs(of members: [Int32], _ body: (Int32, Int32) -> Void) {
    var members = members
    var reach = members.count
    if members.count > Self.fullBlock {
      let names = members.map { traits[Int($0)].names.first?.joined(separator: " ") ?? "" }
      members = zip(names, members).sorted { $0 < $1 }.map(\.1)
      reach = Self.neighbours
    }
    for (index, first) in members.enumerated() {
      for second in members[(index + 1)...].prefix(reach) { body(first, second) }
    }
  }

  // MARK: - Comparison

  private func compare(_ first: DuplicateTraits, _ second: DuplicateTraits) -> DuplicatePair? {
    var score = 0
    var reasons: [String] = []
    if let content = first.content {
      guard content == second.content else { return nil }
      (score, reasons) = (Self.threshold, ["gleicher Inhalt"])
    } else {
      let likeness = likeness(first.names, second.names)
      guard likeness != .none else { return nil }
      score += likeness.score
      reasons.append(likeness == .equal ? "gleicher Name" : "ähnlicher Name")
      if !first.phones.isDisjoint(with: second.phones) {
        score += 2
        reasons.append("gleiche Telefonnummer")
      }
      if !first.emails.isDisjoint(with: second.emails) {
        score += 2
        reasons.append("gleiche E-Mail")
      }
      if let address = first.address, address == second.address {
        score += 2
        reasons.append("gleiche Anschrift")
      }
      switch (first.context, second.context) {
      case (let one?, let other?): score += one == other ? 1 : -2
      case (nil, nil): score += 1
      default: break
      }
    }
    guard score >= Self.threshold else { return nil }
    return DuplicatePair(
      first: min(first.id, second.id), second: max(first.id, second.id), score: score,
      reasons: reasons)
  }

  private enum Likeness: Int {
    case none = 0
    /// One name is the other with something added.
    case longer = 2
    case misspelled = 3
    case equal = 4

    var score: Int { min(rawValue, 3) }
  }

  private func likeness(_ first: [[String]], _ second: [[String]]) -> Likeness {
    var best = Likeness.none
    for one in first {
      for other in second {
        let likeness = Self.likeness(one, other)
        if likeness.rawValue > best.rawValue { best = likeness }
      }
    }
    return best
  }

  private static func likeness(_ one: [String], _ other: [String]) -> Likeness {
    if one == other { return .equal }
    let left = Set(one).subtracting(other)
    let right = Set(other).subtracting(one)
    // „Kita Löwenzahn“ beside „Städtische Kita Löwenzahn“.
    if left.isEmpty || right.isEmpty { return min(one.count, other.count) >= 2 ? .longer : .none }
    guard left.count == 1, right.count == 1, let first = left.first, let second = right.first,
      min(first.utf8.count, second.utf8.count) >= 6, UnknownName.distance(first, second) <= 1
    else { return .none }
    return .misspelled
  }
}
