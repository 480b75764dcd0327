// SPDX-License-Identifier: EUPL-1.2

import KreisCore

extension HSDSWriter {
  /// The locations of an organization; without any, the address in its own columns as one.
  func locations(of organization: ExportRecord) throws -> [JSONValue] {
    let locations = try source.referring("location", "organization_id", organization.id)
    if locations.isEmpty { return try simpleLocation(organization) }
    return try locations.map { try location($0, inFull: true) }
  }

  private func simpleLocation(_ organization: ExportRecord) throws -> [JSONValue] {
    guard let address = PostalAddress(simple: organization) else { return [] }
    let id = HSDSObject.id(organization.id, "location")
    var object: [JSONValue.Member] = [
      .init("id", .string(id)), .init("location_type", "physical"),
      .init("organization_id", .string(organization.id)),
    ]
    if let name = organization["name"] { object.append(.init("name", .string(name))) }
    let lines = Self.lines(address, type: "physical")
    let json: [JSONValue.Member] =
      [
        .init("id", .string(HSDSObject.id(organization.id, "address"))),
        .init("location_id", .string(id)),
      ] + lines
    object.append(.init("addresses", .array([.object(json)])))
    return [.object(object)]
  }

  /// - Parameter inFull: with people, numbers and hours.
  func location(_ record: ExportRecord, inFull: Bool) throws -> JSONValue {
    var object = HSDSObject("location", record)
    object.leaveOut("location_type")
    object.set("location_type", record["location_type"] ?? "physical")
    object.copy("url", "organization_id", "name", "alternate_name", "description")
    if try source.isPlaceProtected(record) {
      object.leaveOut("transportation", "latitude", "longitude", "district", "municipality_id")
    } else {
      object.copy("transportation")
      object.copyNumbers("latitude", "longitude")
    }
    if let key = object.take("external_id") {
      object.set("external_identifier", key)
      object.set("external_identifier_type", "external_id")
    }
    object.nest("addresses", try addresses(record))
    object.leaveOut("accessibility", "accessibility_details")
    if record["accessibility"] != nil || record["accessibility_details"] != nil {
      var accessibility: [JSONValue.Member] = [
        .init("id", .string(HSDSObject.id(record.id, "accessibility"))),
        .init("location_id", .string(record.id)),
      ]
      if let words = record.display("accessibility") {
        accessibility.append(.init("description", .string(words)))
      }
      if let details = record["accessibility_details"] {
        accessibility.append(.init("details", .string(details)))
      }
      object.nest("accessibility", [.object(accessibility)])
    }
    if inFull {
      object.nest("contacts", try contacts("location_id", record))
      object.nest("phones", try phones("location_id", record))
      object.nest("schedules", try schedules("location_id", record))
    }
    return try object.json(source)
  }

  private func addresses(_ location: ExportRecord) throws -> [JSONValue] {
    guard try !source.isPlaceProtected(location) else { return [] }
    return try source.referring("address", "location_id", location.id)
      .filter { !$0.isPlaceProtected }
      .map { record in
        var object = HSDSObject("address", record)
        object.copy("location_id", "attention")
        let type = record["address_type"] ?? location["location_type"] ?? "physical"
        for member in Self.lines(PostalAddress(record), type: type) {
          object.set(member.name, member.value)
        }
        object.leaveOut(
          "address_1", "address_2", "city", "region", "state_province", "postal_code", "country",
          "address_type")
        return try object.json(source)
      }
  }

  /// The schema demands all but the second line and the region: what is not known is empty.
  private static func lines(_ address: PostalAddress, type: String) -> [JSONValue.Member] {
    let optional = [("address_2", address.extra), ("region", address.region)].compactMap {
      name, value in value.map { JSONValue.Member(name, .string($0)) }
    }
    return optional + [
      .init("address_1", .string(address.street ?? "")),
      .init("city", .string(address.city ?? "")),
      .init("state_province", .string(address.state ?? "")),
      .init("postal_code", .string(address.postalCode ?? "")),
      .init("country", .string(address.country ?? "DE")), .init("address_type", .string(type)),
    ]
  }
}
