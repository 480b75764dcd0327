// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a family may look for: an active service that is not for professionals alone.
struct Offer: Sendable {
  let id: String
  let name: String
  /// The beginning of its description.
  let summary: String
  let organization: String
  /// The towns where it is held; else those of its organization.
  let places: [String]
  let lowestAge: Int?
  let highestAge: Int?
  let isFromPregnancy: Bool
  let phone: String?
  let hours: [OfficeHours]
  let topics: Set<String>
  /// `GermanName.plain` of all that can be searched, as UTF-8 with a zero at its end.
  fileprivate let words: [CChar]
  fileprivate let order: String

  /// Characters of a description in a list.
  private static let summaryLength = 160

  /// - Parameters:
  ///   - topics: the ids of its categories.
  ///   - topicNames: their names.
  /// - Returns: `nil` for what is no offer for families now.
  init?(
    _ service: ServedObject, topics: Set<String>, topicNames: [String], of owner: OfferOwner?
  ) {
    let audience = service.attributes("audience").map(\.value)
    guard let id = service.text("id"), let name = service.text("name"),
      service.text("status") == "active", audience.isEmpty || audience.contains("families")
    else { return nil }
    self.id = id
    self.name = name
    let description = service.text("description") ?? ""
    summary =
      description.count > Self.summaryLength
      ? description.prefix(Self.summaryLength) + " …" : description
    organization = owner?.name ?? service.object("organization")?.text("name") ?? ""
    let locations = service.list("service_at_locations").compactMap { $0.object("location") }
    let own = service.places(in: locations)
    places = own.isEmpty ? owner?.places ?? [] : own
    lowestAge = service.number("minimum_age")
    highestAge = service.number("maximum_age")
    isFromPregnancy = service.attribute("from_pregnancy") == "true"
    phone =
      service.list("phones").first { $0.text("type") != "fax" }?.text("number") ?? owner?.phone
    hours = service.schedules.compactMap(\.hours)
    self.topics = topics
    let keywords = service.attributes("keywords").map(\.label)
    let texts = [name, service.text("alternate_name") ?? "", description, organization]
    let plain = GermanName.plain((texts + places + topicNames + keywords).joined(separator: " "))
    words = Array(plain.utf8CString)
    order = GermanName.plain(name)
  }

  /// Whether it is for a child of this age.
  func fits(age: Int) -> Bool {
    if let lowestAge, age < lowestAge { return false }
    if let highestAge, age > highestAge { return false }
    // Before birth only: nothing says more.
    return lowestAge != nil || highestAge != nil || !isFromPregnancy
  }

  /// - Parameter word: UTF-8 with a zero at its end.
  func contains(_ word: [CChar]) -> Bool { strstr(words, word) != nil }

  func isOpen(at now: LocalTime, except holidays: SchoolHolidays) -> Bool {
    hours.contains { hours in
      // Most are told apart by the time of day alone.
      hours.covers(minute: now.minute)
        && !hours.dates(in: now.date...now.date, except: holidays).isEmpty
    }
  }

  /// The opening that is going on or comes next.
  func opening(
    at now: LocalTime, except holidays: SchoolHolidays
  ) -> (text: String, isNow: Bool)? {
    let found = hours.compactMap { hours in
      hours.next(at: now, except: holidays).map { (hours, $0) }
    }
    let first = found.min { left, right in
      (left.1.isNow ? 0 : 1, left.1.date, left.0.opensAt ?? 0)
        < (right.1.isNow ? 0 : 1, right.1.date, right.0.opensAt ?? 0)
    }
    return first.map { ($0.text(of: $1), $1.isNow) }
  }
}

/// What offers take from the organization that makes them.
struct OfferOwner: Sendable {
  let name: String
  let places: [String]
  let phone: String?
  let topics: Set<String>

  init(_ organization: ServedObject, topics: Set<String>) {
    name = organization.text("name") ?? ""
    let own = organization.attributes("municipality_id").map(\.label)
    let locations = organization.places(in: organization.list("locations"))
    places = own.isEmpty ? locations : own
    phone = organization.list("phones").first { $0.text("type") != "fax" }?.text("number")
    self.topics = topics
  }
}

/// All offers, by name, and what one can choose among.
struct OfferIndex: Sendable {
  struct Topic: Sendable {
    let id: String
    let name: String
  }

  let offers: [Offer]
  let topics: [Topic]
  let places: [String]
  let holidays: SchoolHolidays
  /// With all narrower ones.
  private let narrower: [String: Set<String>]

  static let empty = OfferIndex([], names: [:], parents: [:], SchoolHolidays([]))

  /// - Parameters:
  ///   - names: of categories by their ids.
  ///   - parents: broader categories by the ids of narrower ones.
  init(
    _ offers: [Offer], names: [String: String], parents: [String: String],
    _ holidays: SchoolHolidays
  ) {
    self.offers = offers.sorted { ($0.order, $0.id) < ($1.order, $1.id) }
    self.holidays = holidays
    var narrower: [String: Set<String>] = [:]
    var used: Set<String> = []
    for topic in Set(offers.flatMap(\.topics)) {
      var broader: String? = topic
      var seen: Set<String> = []
      // Concurrent edits may make a ring.
      while let id = broader, seen.insert(id).inserted {
        narrower[id, default: []].insert(topic)
        used.insert(id)
        broader = parents[id]
      }
    }
    self.narrower = narrower
    topics = used.compactMap { id in names[id].map { Topic(id: id, name: $0) } }
      .sorted { (GermanName.plain($0.name), $0.id) < (GermanName.plain($1.name), $1.id) }
    places = Set(offers.flatMap(\.places)).sorted {
      (GermanName.plain($0), $0) < (GermanName.plain($1), $1)
    }
  }

  /// The offers that fit, by name.
  func found(_ wish: OfferWish, at now: LocalTime) -> [Offer] {
    let topics = wish.topic.isEmpty ? nil : narrower[wish.topic] ?? []
    let words = GermanName.words(wish.text).map { Array($0.utf8CString) }
    return offers.filter { offer in
      if let topics, offer.topics.isDisjoint(with: topics) { return false }
      if !wish.place.isEmpty, !offer.places.contains(wish.place) { return false }
      if wish.isPregnant, !offer.isFromPregnancy { return false }
      if let age = wish.age, !offer.fits(age: age) { return false }
      if !words.allSatisfy(offer.contains) { return false }
      return !wish.isOpen || offer.isOpen(at: now, except: holidays)
    }
  }
}
