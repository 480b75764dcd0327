// SPDX-License-Identifier: EUPL-1.2

/// Whom something belongs to and where it is, in words.
struct PlaceWords {
  /// The service, person, location or organization.
  let subject: String?
  /// `Rathaus, Thomasstraße 18, 58553 Halver, Zi. Nr. 2.12`; without the address where it is
  /// protected.
  let place: String?

  init(_ record: ExportRecord, _ source: ExportSource) throws {
    let atLocation = try source.target("service_at_location_id", of: record)
    let service = try source.target("service_id", of: atLocation ?? record)
    let contact = try source.target("contact_id", of: record)
    let location = try source.target("location_id", of: atLocation ?? record)
    let organization = try source.target("organization_id", of: record)
    subject = service?["name"] ?? contact?["name"] ?? organization?["name"] ?? location?["name"]
    var words: [String] = []
    if let location {
      words += [location["name"]].compactMap(\.self)
      words += try PostalAddress.of(location: location, source).first?.words ?? []
    } else if let organization, let address = PostalAddress(simple: organization) {
      words += [organization["name"]].compactMap(\.self) + address.words
    }
    words += [atLocation?["room"], record["room"]].compactMap(\.self)
    place = words.isEmpty ? nil : words.joined(separator: ", ")
  }
}

/// An address that may be handed out.
struct PostalAddress {
  let street: String?
  let extra: String?
  let postalCode: String?
  let city: String?
  let region: String?
  let state: String?
  let country: String?

  /// The addresses of a location; none if it, its organization or the address itself is protected.
  static func of(location: ExportRecord, _ source: ExportSource) throws -> [PostalAddress] {
    guard try !source.isPlaceProtected(location) else { return [] }
    return try source.referring("address", "location_id", location.id)
      .filter { !$0.isPlaceProtected }
      .map(PostalAddress.init)
  }

  init(_ address: ExportRecord) {
    self.init(
      street: address["address_1"], extra: address["address_2"],
      postalCode: address["postal_code"], city: address["city"], region: address["region"],
      state: address["state_province"], country: address["country"])
  }

  private init(
    street: String?, extra: String?, postalCode: String?, city: String?, region: String?,
    state: String?, country: String?
  ) {
    self.street = street
    self.extra = extra
    self.postalCode = postalCode
    self.city = city
    self.region = region
    self.state = state
    self.country = country
  }

  /// The simple columns of an organization; `nil` if there are none or they are protected.
  init?(simple organization: ExportRecord) {
    guard !organization.isPlaceProtected,
      organization["street"] != nil || organization["city"] != nil
    else { return nil }
    self.init(
      street: organization["street"], extra: nil, postalCode: organization["postal_code"],
      city: organization["city"], region: nil, state: nil, country: nil)
  }

  var words: [String] {
    let town = [postalCode, city].compactMap(\.self).joined(separator: " ")
    return [street, extra, town.isEmpty ? nil : town].compactMap(\.self)
  }
}
