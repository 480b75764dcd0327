// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// What a family may look for: an active service that is not for professionals alone.
final class Offer: Sendable {
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
  /// By which offers are sorted, then by their ids.
  let order: String

  /// Characters of a description in a list.
  private static let summaryLength = 160

  /// - Parameters:
  ///   - topics: the ids of its categories, those of its organization included.
  /// - Returns: `nil` for what is no offer for families now.
  init?(_ service: ServedObject, topics: Set<String>, of owner: OfferOwner?) {
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
    order = GermanName.plain(name)
  }

  /// The words by which it is found, as `GermanName` has them.
  ///
  /// - Parameter topicNames: those of its categories.
  func words(of service: ServedObject, topicNames: [String]) -> Set<String> {
    let texts = [
      name, service.text("alternate_name") ?? "", service.text("description") ?? "", organization,
    ]
    let keywords = service.attributes("keywords").map(\.label)
    return Set(GermanName.words((texts + places + topicNames + keywords).joined(separator: " ")))
  }

  /// Whether it is for a child of this age.
  func fits(age: Int) -> Bool {
    if let lowestAge, age < lowestAge { return false }
    if let highestAge, age > highestAge { return false }
    // Before birth only: nothing says more.
    return lowestAge != nil || highestAge != nil || !isFromPregnancy
  }

  /// Which of its hours are held on this day.
  func hours(on day: CivilDate, except holidays: SchoolHolidays) -> [Int] {
    hours.indices.filter { !hours[$0].dates(in: day...day, except: holidays).isEmpty }
  }

  /// The opening that is going on or comes next.
  func opening(
    at now: LocalTime, except holidays: SchoolHolidays
  ) -> (text: String, isNow: Bool)? {
    hours.next(at: now, except: holidays).map { hours, opening in
      (hours.text(of: opening, isMarked: false), opening.isNow)
    }
  }
}

/// What offers take from the organization that makes them.
struct OfferOwner: Sendable, Hashable {
  let name: String
  let places: [String]
  let phone: String?
  let topics: Set<String>

  /// By which its offers are found.
  let topicNames: Set<String>

  /// - Parameters:
  ///   - topics: the ids of its categories.
  ///   - topicNames: their names.
  init(_ organization: ServedObject, topics: Set<String>, topicNames: [String]) {
    self.topicNames = Set(topicNames)
    name = organization.text("name") ?? ""
    let own = organization.attributes("municipality_id").map(\.label)
    let locations = organization.places(in: organization.list("locations"))
    places = own.isEmpty ? locations : own
    phone = organization.list("phones").first { $0.text("type") != "fax" }?.text("number")
    self.topics = topics
  }
}
