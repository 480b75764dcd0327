// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisStore

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
    /// Of a membership: the day, month or year in which it ends.
    let until: String?
    /// When somebody should look at it again; `nil`: it is looked at with another.
    let due: Confirmation?
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

  /// Records as they were read, in no order yet: `join` brings them into one.
  init(_ records: [ShownRecord]) {
    for record in records {
      if let slot = insert(record) { order[record.kind.tag, default: []].append(slot) }
    }
  }

  /// Takes what another thread read of other records; their order is made by `sort`.
  mutating func join(_ part: IndexContent) {
    let first = Int32(truncatingIfNeeded: items.count)
    let numbers = words.join(part.words, from: first)
    items.reserveCapacity(items.count + part.items.count)
    for var item in part.items {
      item?.renumber(by: numbers)
      items.append(item)
    }
    for (id, slot) in part.slots { slots[id] = slot + first }
    for (id, own) in part.named {
      for slot in own { named[id, default: []].insert(slot + first) }
    }
    for (tag, own) in part.order { order[tag, default: []] += own.map { $0 + first } }
    for (district, count) in part.districts { districts[district, default: 0] += count }
  }

  mutating func sort() {
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

  /// Whether a word stands in what an item is called.
  func isNameWord(_ number: Int32, at slot: Int32) -> Bool {
    items[Int(slot)]?.nameWords.contains(number) == true
  }

  /// What is due until a day: how much, and the first of it, never confirmed before by date.
  ///
  /// - Parameter count: how many of the first.
  func due(
    until last: CivilDate, first count: Int, where isWanted: (RecordID) -> Bool
  ) -> (total: Int, first: [Item]) {
    var total = 0
    var first: [(due: Confirmation, id: RecordID)] = []
    for index in items.indices {
      guard let due = items[index]?.due, due <= .on(last), let id = items[index]?.id, isWanted(id)
      else { continue }
      total += 1
      // Of very many only a page is wanted: to sort all would take longer than to find them.
      if first.count == count, let worst = first.last, (worst.due, worst.id) < (due, id) {
        continue
      }
      let place = first.lastIndex { ($0.due, $0.id) < (due, id) }.map { $0 + 1 } ?? 0
      first.insert((due, id), at: place)
      if first.count > count { first.removeLast() }
    }
    return (total, first.compactMap { self[$0.id] })
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
    for (field, isName) in Self.searched[record.kind.tag] ?? [] {
      for text in Self.texts(field, of: record) {
        for word in Self.words(text, of: field) {
          let number = words.add(word, slot: slot)
          numbers.insert(number)
          if isName { item.nameWords.append(number) }
        }
      }
    }
    item.words = Array(numbers)
    for reference in item.references { named[reference.target, default: []].insert(slot) }
    if let district = item.district { districts[district, default: 0] += 1 }
    slots[record.id] = slot
    items[Int(slot)] = item
    return slot
  }

  /// The fields of each kind whose words are held, and whether they are names.
  private static let searched: [UInt32: [(field: Field, isName: Bool)]] = {
    var out: [UInt32: [(field: Field, isName: Bool)]] = [:]
    for kind in Schema.directory.kinds {
      out[kind.tag] = kind.fields.filter(isSearched).map { field in
        (field, field == kind.naming || field.name == "alternate_name")
      }
    }
    return out
  }()

  private static func isSearched(_ field: Field) -> Bool {
    switch field.type {
    case .text, .longText, .phone, .email, .ags, .term, .vocabulary: true
    default: false
    }
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
    guard text.utf8.contains(UInt8(ascii: "-")) else { return plain }
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
    until = kind.name == "network_membership" ? record["valid_to"] : nil
    due = Confirmation(of: kind, assured: record["assured_date"], review: record["review_date"])
  }

  /// Whether it is a membership that is over.
  func isOver(on day: CivilDate) -> Bool { until.map { PartialDate.isOver($0, on: day) } ?? false }

  fileprivate mutating func renumber(by numbers: [Int32]) {
    for index in words.indices { words[index] = numbers[Int(words[index])] }
    for index in nameWords.indices { nameWords[index] = numbers[Int(nameWords[index])] }
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
