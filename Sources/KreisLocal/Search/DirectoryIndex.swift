// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore
import Synchronization

/// The words and references of all records that are shown, in memory: for search, and for what belongs
/// to a record. Made when first asked for, and kept up to date with each commit.
final class DirectoryIndex: Sendable {
  /// What changed since the index was last brought up to date.
  private struct Pending {
    var isObserving = false
    var isEverything = true
    var records: Set<RecordID> = []
  }

  /// Records that are looked at one by one; after more, all are.
  private static let limit = 5_000

  private let pending = Mutex(Pending())
  private let content = Mutex(IndexContent())

  /// Runs `body` on the index as of now, or later.
  ///
  /// - Parameter read: reads from a snapshot that is taken when it is called.
  func use<T: Sendable>(
    of store: Store, read: (_ body: (Snapshot) throws -> Void) throws -> Void,
    _ body: (IndexContent) throws -> T
  ) throws -> T {
    try content.withLock { content in
      let changed = take(store)
      guard changed.isEverything || !changed.records.isEmpty else { return try body(content) }
      do {
        try read { snapshot in
          if changed.isEverything {
            content = try IndexContent(snapshot)
          } else {
            for id in changed.records { content.replace(id, with: try snapshot.shownRecord(id)) }
          }
        }
      } catch {
        // What was read is not known; the next one reads all.
        content = IndexContent()
        pending.withLock { $0.isEverything = true }
        throw error
      }
      return try body(content)
    }
  }

  private func take(_ store: Store) -> Pending {
    let begins = pending.withLock { pending in
      defer { pending.isObserving = true }
      return !pending.isObserving
    }
    if begins { store.commits.observe { [weak self] in self?.note($0) } }
    return pending.withLock { pending in
      defer { (pending.isEverything, pending.records) = (false, []) }
      return pending
    }
  }

  private func note(_ commit: Commit) {
    pending.withLock { pending in
      guard !pending.isEverything else { return }
      pending.records.formUnion(commit.records)
      if pending.records.count > Self.limit { (pending.isEverything, pending.records) = (true, []) }
    }
  }
}

/// What the index holds.
struct IndexContent: Sendable {
  struct Item: Sendable {
    let id: RecordID
    let kind: RecordKind
    /// What people call it.
    let name: String
    /// For sorting.
    let key: String
    /// Numbers of the words in its names, and of all words, each once.
    fileprivate(set) var nameWords: [Int32] = []
    fileprivate(set) var words: [Int32] = []
    let references: [(field: Field, target: RecordID)]
    /// Of a schedule.
    let hours: OfficeHours?
    /// Of school holidays.
    let holidays: ClosedRange<CivilDate>?
    /// The part of a town that it is in, as written.
    let district: String?
    /// For whom it is, in years; -1 is before birth. `nil`: it does not say.
    let ages: ClosedRange<Int>?
  }

  private var items: [Item?] = []
  private var slots: [RecordID: Int32] = [:]
  private var free: [Int32] = []
  /// Which items name a record.
  private var named: [RecordID: Set<Int32>] = [:]
  private(set) var words = WordList()
  /// The items of each kind, by name.
  private var order: [UInt32: [Int32]] = [:]
  /// How many items are in each district.
  private(set) var districts: [String: Int] = [:]

  init() {}

  /// - Throws: `StoreError`.
  init(_ snapshot: Snapshot) throws {
    try snapshot.visitRecords(shown: { record in
      if let slot = insert(record) { order[record.kind.tag, default: []].append(slot) }
    })
    let unordered = order
    order = unordered.mapValues { $0.sorted { isBefore($0, $1) } }
  }

  subscript(id: RecordID) -> Item? { slots[id].flatMap { items[Int($0)] } }
  subscript(slot slot: Int32) -> Item? { items[Int(slot)] }

  func slot(of id: RecordID) -> Int32? { slots[id] }

  /// How many slots there are.
  var size: Int { items.count }

  /// The slots of a kind's items, by name.
  func ordered(_ kind: RecordKind) -> [Int32] { order[kind.tag] ?? [] }

  private func isBefore(_ left: Int32, _ right: Int32) -> Bool {
    guard let left = items[Int(left)], let right = items[Int(right)] else { return false }
    return (left.key, left.id) < (right.key, right.id)
  }

  /// Where in its order a slot stands, or is to stand.
  private func place(of slot: Int32, in list: [Int32]) -> Int {
    var (low, high) = (0, list.count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(list[middle], slot) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The items that name this record.
  func naming(_ id: RecordID) -> [Item] { (named[id] ?? []).compactMap { items[Int($0)] } }

  // MARK: - Changes

  /// Takes a record as it is now; `nil`: it is not shown any more.
  mutating func replace(_ id: RecordID, with record: ShownRecord?) {
    if let slot = slots.removeValue(forKey: id), let old = items[Int(slot)] {
      let place = place(of: slot, in: ordered(old.kind))
      order[old.kind.tag]?.remove(at: place)
      for number in old.words { words.remove(number, slot: slot) }
      for reference in old.references {
        named[reference.target]?.remove(slot)
        if named[reference.target]?.isEmpty == true { named[reference.target] = nil }
      }
      if let district = old.district, let count = districts[district] {
        districts[district] = count > 1 ? count - 1 : nil
      }
      items[Int(slot)] = nil
      free.append(slot)
    }
    guard let record, let slot = insert(record) else { return }
    let place = place(of: slot, in: ordered(record.kind))
    order[record.kind.tag, default: []].insert(slot, at: place)
  }

  /// Records that only the federation itself reads.
  private static let internalKinds: Set<String> = [
    "change_request", "request_answer", "policy", "publication",
  ]

  /// - Returns: the item's slot; `nil` of what is not held.
  private mutating func insert(_ record: ShownRecord) -> Int32? {
    guard !Self.internalKinds.contains(record.kind.name) else { return nil }
    let slot = free.popLast() ?? Int32(truncatingIfNeeded: items.count)
    if Int(slot) == items.count { items.append(nil) }
    var item = Item(record)
    var numbers: Set<Int32> = []
    for field in record.kind.fields {
      let texts = Self.texts(field, of: record)
      guard !texts.isEmpty else { continue }
      let isName = field == record.kind.naming || field.name == "alternate_name"
      for word in texts.flatMap({ Self.words($0, of: field) }) {
        let number = words.add(word, slot: slot)
        numbers.insert(number)
        if isName { item.nameWords.append(number) }
      }
    }
    item.words = Array(numbers)
    for reference in item.references { named[reference.target, default: []].insert(slot) }
    if let district = item.district { districts[district, default: 0] += 1 }
    slots[record.id] = slot
    items[Int(slot)] = item
    return slot
  }

  private static func texts(_ field: Field, of record: ShownRecord) -> [String] {
    switch field.type {
    case .text, .longText, .phone, .email, .ags:
      return [record[field.name]].compactMap(\.self)
    case .term:
      return field.isSet ? record.elements(field.name) : [record[field.name]].compactMap(\.self)
    case .vocabulary(let vocabulary):
      let keys = field.isSet ? record.elements(field.name) : [record[field.name]].compactMap(\.self)
      return keys.compactMap { vocabulary.label(of: $0) }
    default: return []
    }
  }

  private static func words(_ text: String, of field: Field) -> [String] {
    if case .phone = field.type {
      let digits = text.filter(\.isWholeNumber)
      return [digits] + GermanName.words(text)
    }
    let plain = GermanName.words(text)
    // „Nachrodt-Wiblingwerde“ is also typed in one word.
    let joined = text.split(separator: " ").filter { $0.contains("-") }
      .map { GermanName.words(String($0)).joined() }
    return plain + joined
  }
}

extension IndexContent.Item {
  fileprivate init(_ record: ShownRecord) {
    id = record.id
    kind = record.kind
    name = record.name ?? ""
    key = GermanName.plain(name)
    references = record.kind.references.flatMap { field in
      record.references(field).map { (field: field, target: $0) }
    }
    var hours: OfficeHours?
    var holidays: ClosedRange<CivilDate>?
    switch record.kind.name {
    case "schedule":
      var values: [String: String] = [:]
      for field in record.kind.fields { values[field.name] = record[field.name] }
      hours = OfficeHours(values, offset: BerlinTime.offset)
    case "school_holiday":
      if let first = record["first_day"].flatMap({ CivilDate($0) }),
        let last = record["last_day"].flatMap({ CivilDate($0) }), first <= last
      {
        holidays = first...last
      }
    default: break
    }
    (self.hours, self.holidays) = (hours, holidays)
    district = ["organization", "location"].contains(kind.name) ? record["district"] : nil
    ages = Self.ages(record)
  }

  /// The oldest whom anything here is for.
  private static let oldest = 120

  private static func ages(_ record: ShownRecord) -> ClosedRange<Int>? {
    guard ["organization", "service"].contains(record.kind.name) else { return nil }
    let isBeforeBirth = record["from_pregnancy"] == "true"
    let (minimum, maximum) = (
      record["minimum_age"].flatMap { Int($0) }, record["maximum_age"].flatMap { Int($0) }
    )
    guard isBeforeBirth || minimum != nil || maximum != nil else { return nil }
    let first = isBeforeBirth ? -1 : minimum ?? 0
    return first...max(first, maximum ?? oldest)
  }
}
