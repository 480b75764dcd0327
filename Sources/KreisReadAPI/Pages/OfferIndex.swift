// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// All offers by name, and who they are for, so that a page looks at those alone that fit.
///
/// Each offer has a place of its own, which stays until it is gone; what is known of offers is kept as sets
/// of such places.
struct OfferIndex: Sendable {
  struct Topic: Sendable, Hashable {
    let id: String
    let name: String
  }

  /// What families can choose among.
  private(set) var topics: [Topic] = []
  private(set) var places: [String] = []
  private(set) var holidays = SchoolHolidays([])

  private var offers: [Offer?] = []
  private var free: [Int32] = []
  private var slots: [String: Int32] = [:]
  /// By name.
  private var order: [Int32] = []
  private var byTopic: [String: BitSet] = [:]
  private var byPlace: [String: BitSet] = [:]
  private var byAge = [BitSet](repeating: BitSet(), count: OfferWish.ages.count)
  private var fromPregnancy = BitSet()
  private var words = OfferWords()
  /// The day for which `held` is known.
  private(set) var day = CivilDate(dayNumber: 0)
  /// The hours that are held on that day.
  private var held: [(slot: Int32, hours: Int)] = []
  /// With all narrower ones.
  private var narrower: [String: Set<String>] = [:]

  init() {}

  // MARK: - Changes

  /// Takes all offers at once.
  init(_ all: [(offer: Offer, words: Set<String>)]) {
    for one in all { slots[one.offer.id] = place(one.offer, one.words) }
    let offers = offers
    order = slots.values.sorted { Self.isBefore(offers[Int($0)], offers[Int($1)]) }
  }

  /// - Parameter offer: `nil`: there is none any more.
  mutating func set(_ id: String, _ offer: (offer: Offer, words: Set<String>)?) {
    if let slot = slots.removeValue(forKey: id) { remove(slot) }
    guard let offer else { return }
    let slot = place(offer.offer, offer.words)
    slots[id] = slot
    order.insert(slot, at: rank(of: slot))
  }

  private mutating func place(_ offer: Offer, _ words: Set<String>) -> Int32 {
    let slot = free.popLast() ?? Int32(offers.count)
    if Int(slot) == offers.count { offers.append(nil) }
    offers[Int(slot)] = offer
    for topic in offer.topics { byTopic[topic, default: BitSet()].insert(slot) }
    for place in offer.places { byPlace[place, default: BitSet()].insert(slot) }
    for age in OfferWish.ages where offer.fits(age: age) { byAge[age].insert(slot) }
    if offer.isFromPregnancy { fromPregnancy.insert(slot) }
    self.words.set(slot, words)
    for hours in offer.hours(on: day, except: holidays) { held.append((slot, hours)) }
    return slot
  }

  private mutating func remove(_ slot: Int32) {
    guard let offer = offers[Int(slot)] else { return }
    let rank = rank(of: slot)
    if rank < order.count, order[rank] == slot { order.remove(at: rank) }
    for topic in offer.topics { byTopic[topic]?.remove(slot) }
    for place in offer.places { byPlace[place]?.remove(slot) }
    for age in OfferWish.ages { byAge[age].remove(slot) }
    fromPregnancy.remove(slot)
    words.set(slot, [])
    held.removeAll { $0.slot == slot }
    offers[Int(slot)] = nil
    free.append(slot)
  }

  private static func isBefore(_ left: Offer?, _ right: Offer?) -> Bool {
    guard let left, let right else { return false }
    return (left.order, left.id) < (right.order, right.id)
  }

  /// Where it stands or is to stand among all.
  private func rank(of slot: Int32) -> Int {
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      if Self.isBefore(offers[Int(order[middle])], offers[Int(slot)]) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// Brings what follows from all offers up to date; to be called after changes.
  ///
  /// - Parameters:
  ///   - names: of categories by their ids.
  ///   - parents: broader categories by the ids of narrower ones.
  mutating func settle(
    names: [String: String], parents: [String: String], _ holidays: SchoolHolidays,
    on day: CivilDate
  ) {
    byTopic = byTopic.filter { !$0.value.isEmpty }
    byPlace = byPlace.filter { !$0.value.isEmpty }
    narrower = [:]
    for topic in byTopic.keys {
      var broader: String? = topic
      var seen: Set<String> = []
      // Concurrent edits may make a ring.
      while let id = broader, seen.insert(id).inserted {
        narrower[id, default: []].insert(topic)
        broader = parents[id]
      }
    }
    topics = narrower.keys.compactMap { id in names[id].map { Topic(id: id, name: $0) } }
      .sorted { (GermanName.plain($0.name), $0.id) < (GermanName.plain($1.name), $1.id) }
    places = byPlace.keys.sorted { (GermanName.plain($0), $0) < (GermanName.plain($1), $1) }
    guard day != self.day || holidays != self.holidays else { return }
    (self.day, self.holidays) = (day, holidays)
    held = hours(on: day)
  }

  private func hours(on day: CivilDate) -> [(slot: Int32, hours: Int)] {
    order.flatMap { slot in
      (offers[Int(slot)]?.hours(on: day, except: holidays) ?? []).map { (slot, $0) }
    }
  }

  // MARK: - Search

  /// Those that fit, by name.
  struct Hits {
    let count: Int
    fileprivate let index: OfferIndex
    /// `nil`: all fit.
    fileprivate let slots: BitSet?

    /// - Parameter range: of places among them.
    func offers(_ range: Range<Int>) -> [Offer] {
      guard let slots else {
        return index.order[range.clamped(to: 0..<count)].compactMap { index.offers[Int($0)] }
      }
      var out: [Offer] = []
      var rank = 0
      for slot in index.order where slots.contains(slot) {
        if rank >= range.upperBound { break }
        if rank >= range.lowerBound, let offer = index.offers[Int(slot)] { out.append(offer) }
        rank += 1
      }
      return out
    }
  }

  func found(_ wish: OfferWish, at now: LocalTime) -> Hits {
    var sets: [BitSet] = []
    if !wish.topic.isEmpty {
      sets.append(
        (narrower[wish.topic] ?? []).reduce(into: BitSet()) { set, topic in
          if let more = byTopic[topic] { set.formUnion(more) }
        })
    }
    if !wish.place.isEmpty { sets.append(byPlace[wish.place] ?? BitSet()) }
    if wish.isPregnant { sets.append(fromPregnancy) }
    if let age = wish.age { sets.append(byAge[age]) }
    for word in GermanName.words(wish.text) { sets.append(words.slots(containing: word)) }
    if wish.isOpen { sets.append(open(at: now)) }
    guard var found = sets.first else { return Hits(count: order.count, index: self, slots: nil) }
    for set in sets.dropFirst() { found.formIntersection(set) }
    return Hits(count: found.count, index: self, slots: found)
  }

  private func open(at now: LocalTime) -> BitSet {
    var out = BitSet()
    // Of another day before the index knows it: at midnight.
    for one in now.date == day ? held : hours(on: now.date) {
      if offers[Int(one.slot)]?.hours[one.hours].covers(minute: now.minute) == true {
        out.insert(one.slot)
      }
    }
    return out
  }

  /// The first so many by name.
  func first(_ count: Int) -> [Offer] { order.prefix(count).compactMap { offers[Int($0)] } }
}
